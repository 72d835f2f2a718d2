"""The facts that the stages of a survey hand on: what the source says, and what the two runs showed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from advisor.models.profile import Profile
from advisor.models.survey_report import Independence, LoopKind, LoopObstacle

LoopId = tuple[str, int, int]  # file, line and column of the loop's header
SAFE = ("independent", "reduction")  # verdicts with which iterations may run at the same time
FEWEST_WATCHED = 2  # iterations of a loop, before anything can be seen between them


@dataclass(frozen=True)
class Loop:
    """A loop in the source of a module.

    Attributes:
        id: File, first line and column offset.
        last_line: Of the body.
        function: Qualified name of the function that contains it, '<module>' at the top level.
        source: The line of the header, stripped.
        parent: The loop that encloses it in the same function, or None.
        body_lines: Lines of code that belong to its iterations: from the body, not the header's iterable.
    """

    id: LoopId
    last_line: int
    function: str
    source: str
    kind: LoopKind
    parent: LoopId | None
    body_lines: frozenset[int]


@dataclass(frozen=True)
class LoopTime:
    """The samples of the first run that fell into a loop, itself or anything that it calls.

    Attributes:
        seconds: Wall time in the loop, of the main thread or of the thread that runs it.
        gil_share: Share of that time in which the GIL was held by this thread, or None.
        computing_share: Share of that time on a CPU, or waiting for one; or None.
        cores: Mean number of cores that all threads and child processes kept busy meanwhile.
        threads: Mean number of threads at work in the user's code, waiting for others not counted.
        callers: The loops that were running around it at the time, the outermost first (also in other functions).
        lines: Of its file, and the seconds in each.
    """

    loop: Loop
    seconds: float
    samples: int
    gil_share: float | None = None
    computing_share: float | None = None
    cores: float = 1.0
    threads: float = 1.0
    callers: tuple[LoopId, ...] = ()
    lines: tuple[tuple[int, float], ...] = ()

    def share_of(self, lines: Collection[int]) -> float:
        """Return the share of the loop's time that was spent in these lines."""
        whole = sum(seconds for _, seconds in self.lines)
        return sum(seconds for line, seconds in self.lines if line in lines) / whole if whole else 0.0


@dataclass(frozen=True)
class FirstRun:
    """The first run of a program, sampled."""

    seconds: float
    cpu_seconds: float
    samples: int
    exit_status: int | None
    ending: Literal["finished", "failed", "interrupted", "stopped"]
    loops: tuple[LoopTime, ...]
    lines: tuple[tuple[str, int, float], ...] = ()  # file, line and share of the time, of the user's innermost frames
    threads: int = 1  # that computed at once, at the most
    children: int = 0  # child processes that were started
    cores_used: float = 1.0  # CPU seconds of all threads and children by wall seconds
    files: tuple[str, ...] = ()  # of the user's modules that ran
    run_seconds: tuple[float, ...] = ()  # of each run, from the start of its process to its end
    notes: tuple[str, ...] = ()
    computing_share: float = 1.0  # of the time that the main thread spent on a CPU, or waiting for one
    is_complete: bool = True  # it ended with its exit handlers


@dataclass(frozen=True)
class ObservedChange:
    """An outside object that iterations changed.

    Attributes:
        name: As the code names it: 'total', 'rows', 'self.cache', 'counts'.
        how: "rebound" (the name has another object), "grown" (items were added, none replaced), "items" (items were
            replaced or added by key), "changed" (otherwise).
        keys_repeat: Two iterations wrote the same key or item; None if unknown.
        written_read: An iteration was seen to read what an earlier one wrote; None if that was not watched.
    """

    name: str
    how: Literal["rebound", "grown", "items", "changed"]
    keys_repeat: bool | None = None
    written_read: bool | None = None


@dataclass(frozen=True)
class LoopObservation:
    """The second run's view of a loop.

    Attributes:
        executions: How often the loop was entered.
        iterations: In all executions.
        profile: Of an iteration: seconds, shares, sizes of what it reads and leaves behind, picklability, touches.
        watched: Iterations whose effects were inspected.
        changes: Outside objects that changed during watched iterations.
        output: An iteration printed or wrote to a file that the loop shares.
        random: An iteration drew from a random generator that outlives it.
        shared_file: One that an iteration wrote, and another one wrote, read or asked for.
        files_apart: Iterations read and wrote files, all of which were seen, and none of them was shared.
        ended_early: Executions that ended by break, return or an exception.
        header_seconds: Mean seconds to get the next item from the iterable.
        lengths: Seconds of iterations in their order, evenly over the loop; empty if there were several executions.
    """

    id: LoopId
    executions: int
    iterations: int
    seconds: float
    profile: Profile | None
    watched: int = 0
    changes: tuple[ObservedChange, ...] = ()
    output: bool = False
    random: bool = False
    shared_file: str = ""
    files_apart: bool = False
    ended_early: int = 0
    header_seconds: float = 0.0
    lengths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Variable:
    """A name that the body of a loop uses and that exists outside of an iteration.

    Attributes:
        role: "read" (never changed), "private" (each iteration writes before it reads, nobody reads it afterwards),
            "last" (the same, but it is read after the loop), "reduction", "written by item" (`out[i] = …` by a key that
            is the iteration's own), "carried", "unknown".
        operation: Of a reduction: "+", "*", "append", "extend", "add", "update", "min", "max", "count", "and", "or", …
        lines: That show it.
        parts: Of the loop's own item, the attributes whose objects the iterations change; of what is written by item,
            the same for its items, and "[]" if these change themselves.
    """

    name: str
    role: Literal["read", "private", "last", "reduction", "written by item", "carried", "unknown"]
    operation: str = ""
    lines: tuple[int, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class StaticDependence:
    """The dependences between iterations that the syntax tree shows."""

    variables: tuple[Variable, ...]
    obstacles: tuple[LoopObstacle, ...] = ()  # break, yield, return, await, exec, unknown calls, output in order, …
    independence: Independence = "unknown"
    calls: tuple[str, ...] = field(default=())  # functions of the user that the body calls, as dotted names
    uses_files: bool = False  # iterations read files and write files, and the source does not tell them apart


@dataclass(frozen=True)
class InnerValues:
    """Values that each iteration of a rewritten loop returns for every iteration of a loop within it.

    Attributes:
        loop: The inner loop.
        values: For each of its iterations.
        in_order: The parent folds them one after the other; otherwise they are in lists that it only joins.
    """

    loop: LoopId
    values: int
    in_order: bool


@dataclass(frozen=True)
class Dependence:
    """The verdict on a loop, from static and observed evidence together."""

    independence: Independence
    why: str
    obstacles: tuple[LoopObstacle, ...] = ()
    variables: tuple[Variable, ...] = ()
