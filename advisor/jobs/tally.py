"""Count what a run does, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.models import RunReport, Strategy


@dataclass
class StageTally:
    """A stage of the run, as in `advisor.models.Stage`."""

    strategy: Strategy
    workers: int
    why: str | Callable[[], str]  # put into words when it is asked for
    calls: int = 0
    seconds: float = 0.0


class Tally:
    """Counts of a run; `report()` returns them as a record.

    Attributes:
        waits_for: What must come for the run to go on; empty while it does.
        sequential_seconds: What the calls made so far would have taken in a plain loop, as far as that is known.
    """

    def __init__(self) -> None:
        self.succeeded = self.failed = self.retried = self.resumed = self.throttled = self.abandoned = 0
        self.waits_for = ""
        self.sequential_seconds = 0.0
        self.predicted_seconds: float | None = None
        self.stages: list[StageTally] = []
        self._began = time.perf_counter()
        self._stage_began = self._began
        self._ended: float | None = None

    @property
    def finished(self) -> int:
        """The number of inputs that have a result or have failed for good."""
        return self.succeeded + self.failed + self.resumed

    @property
    def seconds(self) -> float:
        """Seconds since the run began, until it ended."""
        return (self._ended or time.perf_counter()) - self._began

    def begin_stage(self, strategy: Strategy, workers: int, why: str | Callable[[], str]) -> None:
        """End the current stage and begin another one; one that repeats the current one goes on with it."""
        if self.stages and (self.stages[-1].strategy, self.stages[-1].workers) == (strategy, workers):
            return
        self._close_stage()
        self.stages.append(StageTally(strategy, workers, why))

    def add(self, calls: int, *, failed: int = 0) -> None:
        """Count calls that ended for good in the current stage."""
        self.succeeded += calls - failed
        self.failed += failed
        self.stages[-1].calls += calls

    def end(self) -> None:
        """Stop the clock."""
        if self._ended is None:
            self._close_stage()
            self._ended = time.perf_counter()

    def _close_stage(self) -> None:
        now = time.perf_counter()
        if self.stages and self._ended is None:
            self.stages[-1].seconds += now - self._stage_began
        self._stage_began = now

    def report(self) -> RunReport:
        """Return the record of the run so far."""
        from advisor.models import RunReport, Stage

        if self._ended is None:
            self._close_stage()
        stages = [
            Stage(
                strategy=each.strategy,
                workers=each.workers,
                calls=each.calls,
                seconds=each.seconds,
                why=each.why if isinstance(each.why, str) else each.why(),
            )
            for each in self.stages
        ]
        return RunReport(
            calls=self.finished,
            succeeded=self.succeeded,
            failed=self.failed,
            retried=self.retried,
            resumed=self.resumed,
            throttled=self.throttled,
            abandoned=self.abandoned,
            seconds=self.seconds,
            sequential_seconds=self.sequential_seconds or None,
            predicted_seconds=self.predicted_seconds,
            stages=tuple(stages),
            waits_for=self.waits_for,
        )
