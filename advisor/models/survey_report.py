"""The result of a survey: the loops of a program, the dependences between their iterations, and the gain."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from advisor.models.machine import Machine
from advisor.models.profile import Profile
from advisor.models.record import Range, Record, Seconds, Text
from advisor.models.shown import ShownRecord
from advisor.models.strategies import Strategy

Independence = Literal["independent", "reduction", "carried", "unknown"]
LoopKind = Literal["for", "while", "comprehension", "map", "apply", "rows"]
Ending = Literal["finished", "failed", "interrupted", "stopped"]
WORTH_CHANGING = 1.05  # times faster that a program must become for a change of its code to be worth it
WORTH_TRYING = 1.1  # the same if it may become slower


def is_worth_changing(gain: Range) -> bool:
    """Return True if a speed-up of the whole program is worth a change of its code."""
    return gain.expected >= (WORTH_CHANGING if gain.low >= 1.0 else WORTH_TRYING)


class LoopPlace(Record):
    """A loop in the source."""

    file: Text
    line: int = Field(ge=1)
    last_line: int = Field(ge=1)
    function: Text = Field(
        description="that contains it, such as 'main' or 'Report.build'; '<module>' at the top level"
    )
    source: Text = Field(description="the header's line of code, without its indentation")
    kind: LoopKind


class LoopObstacle(Record):
    """A line that stands in the way of running iterations concurrently, or that has to be kept in mind."""

    text: Text
    file: Text
    line: int = Field(ge=1)
    blocks: bool = Field(
        description="it rules concurrency out; otherwise it needs care, or the generated code takes it"
    )


class Candidate(Record):
    """A loop that takes a large part of the program's time."""

    loop: LoopPlace
    iterations: int | None = Field(ge=0, description="in all its executions; None if they were not counted")
    executions: int | None = Field(None, ge=0, description="how often the loop was entered")
    seconds: Seconds = Field(description="spent in the loop, all executions together")
    share: float = Field(ge=0, le=1, description="of the program's time")
    spread: float | None = Field(None, ge=0, description="coefficient of variation of an iteration's seconds")
    independence: Independence
    why: Text = Field("", description="the evidence in one sentence")
    code: Text = Field("", description="the first lines of the loop's source, without their common indentation")
    obstacles: tuple[LoopObstacle, ...] = ()
    recommendation: Strategy
    workers: int = Field(ge=1)
    speedup: float = Field(ge=0, description="expected of the loop")
    speedup_range: Range | None = None
    program_speedup: float = Field(ge=0, description="expected of the whole program, by Amdahl's law")
    program_speedup_range: Range | None = None
    snippet: Text = Field("", description="the loop's body as a function, and the loop that uses it; empty if none")
    patch: str = Field(
        "", max_length=1_000_000, description="a unified diff that does the same in place, for patch -p0"
    )
    profile: Profile | None = Field(None, description="of an iteration; None if it was not measured closely")
    inside: int | None = Field(None, ge=0, description="index of the candidate whose loop encloses this one")

    @property
    def pays(self) -> bool:
        """True if the gain is worth changing the loop."""
        if self.program_speedup_range is None:
            return self.program_speedup >= WORTH_CHANGING
        return is_worth_changing(self.program_speedup_range)


class HotLine(Record):
    """A place outside of the loops, or within them, where the program spends its time."""

    file: Text
    line: int = Field(ge=1)
    source: Text
    share: float = Field(ge=0, le=1)


class SurveyReport(ShownRecord):
    """The loops of a program that take its time, the best candidate first."""

    program: Text = Field(description="as it was started, such as 'report.py --year 2024'")
    seconds: Seconds = Field(description="of the first run")
    ending: Ending = "finished"
    exit_status: int | None = Field(None, description="of the first run")
    run_seconds: tuple[Seconds, ...] = Field((), description="of each run, from the start of its process to its end")
    runs: int = Field(1, ge=1, le=2, description="1 if the second run was skipped; its figures are then less certain")
    summary: Text = Field(description="the verdict in one or two sentences")
    candidates: tuple[Candidate, ...] = ()
    together: float | None = Field(None, ge=0, description="speed-up of the program with all recommended loops changed")
    patch: str = Field(
        "",
        max_length=1_000_000,
        description="a unified diff that changes all recommended loops of which none is within another, for patch -p0",
    )
    notes: tuple[Text, ...] = Field((), description="facts about the program: it is parallel already, runs differ, …")
    instead: tuple[Text, ...] = Field((), description="what else would help, where a fact supports it")
    hot_lines: tuple[HotLine, ...] = ()
    cpu_seconds: Seconds | None = Field(None, description="CPU time of the first run, of all threads and children")
    machine: Machine
