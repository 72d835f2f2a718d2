"""The record of a search for races: what was tried, what was found, and the lock that fixes it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from advisor.models.record import Record, Seconds, Text
from advisor.models.shown import ShownRecord

RaceVerdict = Literal["race", "deadlock", "none", "unclear"]
FindingKind = Literal["lost update", "different result", "exception", "deadlock"]


class RaceStep(Record):
    """A line that one of the concurrent calls runs."""

    thread: int = Field(ge=1, description="the number of the call, from 1 in the order of the inputs")
    file: Text
    line: int = Field(ge=1)
    function: Text
    source: Text = Field(description="the line of code, without its indentation")
    effect: Text = Field("", description="what it reads, writes, acquires or waits for, with values: “reads total = 1”")
    callers: tuple[tuple[Text, int], ...] = Field(
        (), exclude=True, description="files and lines of the calls that led here, the innermost first; not in JSON"
    )


class RaceFinding(Record):
    """The shortest interleaving that was found with an outcome that no order of the calls one by one has."""

    kind: FindingKind
    with_gil: bool = Field(description="it can happen under the GIL of the interpreter that searched")
    steps: tuple[RaceStep, ...] = Field(description="in the order of time")
    observed: Text = Field(description="what came out")
    possible: tuple[Text, ...] = Field((), description="what could have come out of the calls one after the other")
    seed: int = Field(ge=0, description="shows the same interleaving again with --replay")


class LockedStretch(Record):
    """Lines under the lock of a mend."""

    file: Text
    function: Text
    first_line: int = Field(ge=1)
    last_line: int = Field(ge=1)


class Mend(Record):
    """The smallest stretch of lines under one lock that makes the finding go away."""

    file: Text
    first_line: int = Field(ge=1)
    last_line: int = Field(ge=1)
    schedules: int = Field(ge=0, description="interleavings tried with the lock")
    verdict: RaceVerdict = Field(description="of the same search with the lock; “none” if the lock fixes it")
    speedup: float | None = Field(None, ge=0, description="predicted for threads with that lock, over a plain loop")
    lock: Text = Field("", description="the lock as the code names it; empty if only the order of locks changes")
    stretches: tuple[LockedStretch, ...] = Field((), description="all lines under the lock, the first those above")
    patch: str = Field("", max_length=1_000_000, description="a unified diff that adds the lock, for patch -p0")
    instead: Text = Field("", description="something better than a lock, where the standard library has it")


class RaceReport(ShownRecord):
    """The result of a search for races between concurrent calls of a function."""

    target: Text
    verdict: RaceVerdict
    why: Text = Field("", description="the reason where the verdict is “unclear”")
    schedules: int = Field(0, ge=0, description="interleavings that were tried")
    bound: Text = Field("", description="the extent of the search: “none” means none within it")
    python: Text = Field("", description="version and kind of the interpreter that searched")
    threads: int = Field(2, ge=2, description="calls that run at once")
    inputs: tuple[Text, ...] = Field((), description="the arguments of the calls, shortened, by thread")
    seconds: Seconds = 0.0
    finding: RaceFinding | None = None
    mended: Mend | None = None
    command: Text = Field("", description="asks the same question again, where a command did; add --replay SEED")
