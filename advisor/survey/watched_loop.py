"""The counts of a loop of the second run, and the choice of its executions that are watched.

Watching an execution costs microseconds, and so does timing an iteration. A loop with many short executions is watched
in some of them only; the others pass a gate that is in C. A loop with short iterations has them counted in C once
enough of them have been timed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import length_hint
from random import Random
from time import perf_counter, thread_time

from advisor.measure.clocks import ClockReading
from advisor.survey.facts import FEWEST_WATCHED
from advisor.survey.file_use import FileUse
from advisor.survey.iteration_effects import IterationEffects

MAX_LENGTHS = 2_000  # iterations whose lengths are kept, evenly over the loop
TIMED_AT_ONCE = 1_000  # iterations of a loop, after which those that are very short are only counted
FIRST_WATCHED = 50  # executions of a loop, after which only so many are watched as the budget allows
LEAST_COST = 0.02  # seconds that watching a loop may take in any case
COST_SHARE = 0.05  # of the program's time that watching a loop may take
TIMING_SHARE = 0.15  # of the program's time that timing the iterations of a loop may take
INSPECTING_SHARE = 0.3  # of the program's time that inspecting iterations of all loops may take
LEAST_INSPECTING = 0.1  # seconds that it may take in any case
WAITING_SHARE = 0.1  # of the wall time that counts as the program's time even if it mostly waits
_SHORTEST = 1e-9  # seconds
LEAST_REPRESENTED = 256  # times as many as an execution stands for, so that none decides the estimate


@dataclass(frozen=True)
class WatchCosts:
    """The seconds that watching takes.

    Attributes:
        execution: For an execution, besides its iterations.
        timed: For an iteration that is timed.
        counted: For an iteration that is only counted.
        header: The part of `timed` that seems to be spent on getting the next item.
    """

    execution: float
    timed: float
    counted: float
    header: float


@dataclass
class Slice:
    """A stretch of time in which the same loops ran."""

    window: int
    elapsed: ClockReading


@dataclass
class Overhead:
    """The seconds that watching all loops of the program has taken so far.

    Attributes:
        total: With inspecting iterations.
        inspecting: That part of it.
    """

    total: float = 0.0
    inspecting: float = 0.0


class Counter:
    """Counts calls of a function that returns True and is in C."""

    def __init__(self) -> None:
        self._left = repeat(True, sys.maxsize)
        self.call = self._left.__next__

    def __iter__(self) -> Iterator[bool]:
        return self._left

    @property
    def calls(self) -> int:
        """Calls so far, or items that were taken from the iterator."""
        return sys.maxsize - length_hint(self._left)


@dataclass
class WatchedLoop:
    """The counts and times of a loop.

    Attributes:
        timed: Iterations that were timed.
        counted: Further iterations of executions that were watched.
        header_seconds: That getting the items of the iterations that were timed took.
        watched: Executions.
        weights: Executions that those which were watched stand for; `weighted_iterations` and `weighted_seconds` are
            the iterations and seconds of all of them.
        is_tight: Timing an iteration takes so long beside the iteration that they are only counted from now on.
        unfinished: Iterations that have ended since the last slice.
        slices: Stretches of time in the loop, with the iterations that ended in each.
        keep_every: Distance between the iterations of which `lengths` has the lengths.
    """

    number: int
    effects: IterationEffects
    costs: WatchCosts
    overhead: Overhead
    timed: int = 0
    counted: int = 0
    header_seconds: float = 0.0
    watched: int = 0
    weights: int = 0
    weighted_iterations: int = 0
    weighted_seconds: float = 0.0
    ended_early: int = 0
    is_tight: bool = False
    unfinished: int = 0
    lengths: list[float] = field(default_factory=list)
    keep_every: int = 1
    slices: list[tuple[int, Slice]] = field(default_factory=list)
    turns: Counter = field(default_factory=Counter)  # of a tight `while` loop

    def __post_init__(self) -> None:
        self.schedule = Schedule(self)
        self._began_cpu = self._began = self._overhead_before = 0.0
        self._charged = self._charged_inspecting = 0.0

    def begin(self) -> None:
        """Begin an execution that is watched."""
        if not self.watched:
            self._began_cpu, self._began = thread_time(), perf_counter()
            self._overhead_before = self.overhead.total
        self.watched += 1

    def ended(self, seconds: float) -> None:
        """Count an iteration that was timed."""
        self.timed += 1
        self.unfinished += 1
        if self.timed % self.keep_every == 0:
            self.lengths.append(seconds)
            if len(self.lengths) >= MAX_LENGTHS:
                self.lengths = self.lengths[1::2]
                self.keep_every *= 2
        if self.timed % TIMED_AT_ONCE == 0:
            self.charge()
            self.is_tight = self.costs.timed * self.timed > TIMING_SHARE * self.plain_seconds

    def count(self, iterations: int) -> None:
        """Count iterations that were not timed."""
        self.counted += iterations
        self.unfinished += iterations

    @property
    def spent(self) -> float:
        """Seconds that watching the loop has taken; inspecting iterations has a budget of its own."""
        costs = self.costs
        return costs.execution * self.watched + costs.timed * self.timed + costs.counted * self.counted

    @property
    def plain_seconds(self) -> float:
        """Seconds that the program has run since the loop began for the first time, without watching loops.

        They are CPU seconds, since others that keep the cores busy are no reason to watch more.
        """
        waited = WAITING_SHARE * (perf_counter() - self._began)
        return max(thread_time() - self._began_cpu, waited) - (self.overhead.total - self._overhead_before)

    def charge(self) -> None:
        """Add what watching this loop has taken since the last time to the overhead of all loops."""
        spent, inspecting = self.spent, self.effects.cost
        self.overhead.total += spent - self._charged + inspecting - self._charged_inspecting
        self.overhead.inspecting += inspecting - self._charged_inspecting
        self._charged, self._charged_inspecting = spent, inspecting

    @property
    def may_inspect(self) -> bool:
        """True if inspecting iterations of all loops has not taken its share of the time.

        The first iterations of each loop have a budget of their own, since no verdict is possible without them.
        """
        if self.effects.watched < FEWEST_WATCHED:
            return True
        return self.overhead.inspecting <= max(LEAST_INSPECTING, INSPECTING_SHARE * self.plain_seconds)

    @property
    def header(self) -> float:
        """Mean seconds to get the next item."""
        return max(0.0, self.header_seconds / self.timed - self.costs.header) if self.timed else 0.0

    @property
    def executions(self) -> int:
        """Executions in the watched thread; an estimate if other threads have some, and not all were watched."""
        return round(self.weights * self.schedule.rest)

    @property
    def iterations(self) -> int:
        """Iterations of all executions; an estimate if not all of them were watched."""
        return round(self.weighted_iterations * self.schedule.rest)

    @property
    def seconds(self) -> float:
        """Seconds of all executions; an estimate if not all of them were watched."""
        return self.weighted_seconds * self.schedule.rest


@dataclass
class Execution:
    """An execution of a loop that is watched.

    Attributes:
        weight: Executions that it stands for: itself, and those that were skipped before it.
        is_inspected: The effects of the iteration that goes on are inspected.
        turn_at: When the iteration of a `while` loop that goes on began.
        turns_before: Turns of the loop that were only counted before this execution.
        other_turns: Those since then that are of other executions, or that no iteration ends with.
        is_in_header: The next item is being got.
        files: That its iterations have used.
    """

    loop: WatchedLoop
    weight: int
    began: float
    iterations: int = 0
    is_complete: bool = False
    is_inspected: bool = False
    turn_at: float | None = None
    turns_before: int = 0
    other_turns: int = 0
    is_in_header: bool = False
    files: FileUse = field(default_factory=FileUse)


class Schedule:
    """Chooses the executions that are watched: all at first, and then as many as the budget allows.

    It is an iterator over blocks of decisions. The gate takes one decision from it for each execution, and enters
    Python only once for each block. Skipped executions come in blocks of random length, since a program may have a
    rhythm of its own.
    """

    def __init__(self, loop: WatchedLoop) -> None:
        self.weight = 1  # of the execution that is watched next
        self._loop = loop
        self._watched = 0
        self._represented = 0  # executions that those which are watched stand for
        self._skips: Iterable[bool] = repeat(False, 0)
        self._is_skipping = False
        self._random = Random(loop.number)  # the program's own random stream stays as it is

    def gate(self) -> Callable[[], bool]:
        """Return a function in C that returns True if the execution that begins is to be watched."""
        return chain.from_iterable(self).__next__

    def __iter__(self) -> Schedule:
        return self

    def __next__(self) -> Iterable[bool]:
        """Return the next block of decisions."""
        if not self._is_skipping:
            number = self._to_skip()
            self.weight = 1 + number
            if number:
                self._is_skipping = True
                self._skips = repeat(False, number)
                return self._skips
        self._is_skipping = False
        self._watched += 1
        self._represented += self.weight
        return (True,)

    @property
    def rest(self) -> float:
        """The ratio of all executions to those that the watched ones stand for."""
        if not self._is_skipping:
            return 1.0
        return 1.0 + (self.weight - 1 - length_hint(self._skips)) / self._represented

    def _to_skip(self) -> int:
        """Return the number of executions to skip, so that watching takes its share of the time and no more."""
        self._loop.charge()
        spent = self._loop.spent
        if self._watched < FIRST_WATCHED or spent < LEAST_COST:
            return 0
        overspent = spent / (COST_SHARE * max(self._loop.plain_seconds, _SHORTEST))
        most = 1 + self._represented // LEAST_REPRESENTED
        distance = min(overspent * self._represented / self._watched, most)
        return max(0, round(2.0 * self._random.random() * (distance - 1.0)))
