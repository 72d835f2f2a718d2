"""The first run of a program: its samples are collected while it runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from advisor.survey.child import INHERITED, Ending, OnProgress, Streams, run_child
from advisor.survey.program import Program

Frame = tuple[str, int, str]  # file, line, function


@dataclass
class Counts:
    """The time that samples with the same stack stand for, in seconds.

    Attributes:
        samples: Their number.
        computing: CPU time of the main thread, and the time that it waited for a core.
        holding: The part of it with the GIL held.
        cores: CPU time of all threads and child processes.
        active: Threads at work in the user's code, times seconds.
    """

    samples: float = 0.0
    seconds: float = 0.0
    computing: float = 0.0
    holding: float = 0.0
    cores: float = 0.0
    active: float = 0.0

    def add(self, values: Iterable[float]) -> None:
        """Add the counts of a message."""
        for name, value in zip(vars(self), values, strict=True):
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Samples:
    """The samples that have arrived."""

    frames: list[Frame] = field(default_factory=list)
    stacks: dict[tuple[int, ...], Counts] = field(default_factory=dict)
    seconds: float = 0.0
    cpu: float = 0.0
    children: int = 0
    is_complete: bool = False  # the program ended with its exit handlers

    def add(self, message: dict[str, Any]) -> None:
        """Add a message of the sampler."""
        self.frames += [(file, line, function) for file, line, function in message["frames"]]
        for stack, values in message["stacks"]:
            self.stacks.setdefault(tuple(stack), Counts()).add(values)
        self.seconds, self.cpu, self.children = message["seconds"], message["cpu"], message["children"]
        self.is_complete = message["last"]


def first_run(
    program: Program,
    *,
    packages: tuple[str, ...] = (),
    limit: float | None = None,
    streams: Streams = INHERITED,
    on_progress: OnProgress | None = None,
) -> tuple[Samples, int, Ending]:
    """Run a program and sample its stacks; return the samples, the exit status and how it ended.

    Args:
        program: The program.
        packages: Installed packages whose loops count as the user's.
        limit: Seconds after which the program is stopped; None lets it run to its end.
        streams: The program's input and outputs.
        on_progress: Called with the seconds since the start, now and then.
    """
    samples = Samples()
    status, ending = run_child(
        "advisor.survey.first_run_child:main",
        program,
        {"packages": packages},
        samples.add,
        streams=streams,
        limit=limit,
        on_progress=on_progress,
    )
    return samples, status, ending
