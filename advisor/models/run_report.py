"""The record of a run: its stages, and the calls that failed."""

from __future__ import annotations

from pydantic import Field

from advisor.models.record import Record, Seconds, Text
from advisor.models.strategies import Strategy


class Failure(Record):
    """A call that failed, in the place of its result."""

    index: int = Field(ge=0, description="of its input, from 0")
    type: Text = Field(description="the class of the exception")
    message: Text = ""
    traceback: Text = ""
    attempts: int = Field(1, ge=1, description="how often the call was made")


class Stage(Record):
    """A part of the run that was done in one way."""

    strategy: Strategy
    workers: int = Field(ge=1)
    calls: int = Field(0, ge=0, description="calls that ended in this stage")
    seconds: Seconds = 0.0
    why: Text = Field(description="the reason for doing it this way")


class RunReport(Record):
    """A run, finished or so far."""

    calls: int = Field(0, ge=0, description="inputs dealt with: succeeded, failed or resumed")
    succeeded: int = Field(0, ge=0)
    failed: int = Field(0, ge=0)
    retried: int = Field(0, ge=0, description="further attempts after a failure")
    resumed: int = Field(0, ge=0, description="results taken from a checkpoint")
    throttled: int = Field(0, ge=0, description="calls made again because a service had answered 'too many requests'")
    abandoned: int = Field(0, ge=0, description="threads left behind in calls that timed out")
    seconds: Seconds = 0.0
    sequential_seconds: Seconds | None = Field(None, description="estimate of what a plain loop would have taken")
    predicted_seconds: Seconds | None = Field(None, description="predicted for the whole run when it was decided")
    stages: tuple[Stage, ...] = ()
    waits_for: Text = Field("", description="what must come for the run to go on, such as workers of a cluster")

    @property
    def speedup(self) -> float | None:
        """The estimated time of a plain loop, divided by the time of the run; None if it is unknown."""
        return self.sequential_seconds / self.seconds if self.sequential_seconds and self.seconds else None
