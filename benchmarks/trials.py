"""Trials of the advice on the reference workloads (docs/score.json), and the figures that summarise them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from advisor.models import Range
from advisor.report.atomic_write import atomic_write

FILE: Final = Path(__file__).resolve().parent.parent / "docs" / "score.json"
LOOP: Final = "the plain loop"
ADVISOR: Final = "advisor"
ORACLE: Final = "the oracle's pick, run again"


class Way(BaseModel):
    """One way to do the job: who chose it, the predicted speed-up and the measured seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: str
    chosen_by: tuple[str, ...] = ()
    predicted: Range | None = Field(None, description="speed-up against the plain loop, with its 90 % interval")
    seconds: tuple[float, ...] = Field((), description="of the whole job, each time it was run")
    failure: str | None = Field(None, description="why it could not be done, or not in time")

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


class Trial(BaseModel):
    """All ways that were tried on one workload."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workload: str
    calls: int
    seconds_to_advice: float = 0.0
    ways: tuple[Way, ...]

    def of(self, who: str) -> Way:
        return next(way for way in self.ways if who in way.chosen_by)

    def has(self, who: str) -> bool:
        return any(who in way.chosen_by for way in self.ways)

    @property
    def best(self) -> Way:
        return min((way for way in self.ways if way.seconds and not way.failure), key=lambda way: way.median)

    def loss(self, who: str) -> float:
        """Return the seconds of their choice relative to the best; infinite if it failed."""
        way = self.of(who)
        return math.inf if way.failure else way.median / self.best.median

    def measured(self, way: Way) -> float:
        """Return the measured speed-up over the plain loop."""
        return self.of(LOOP).median / way.median


@dataclass(frozen=True)
class Standing:
    """Results of one rule over all workloads."""

    who: str
    mean: float  # geometric, of pick/best, over the workloads that did not fail
    p95: float  # 95th percentile
    worst: float
    close: float  # share within a tenth of the best
    slower: int  # workloads on which it was slower than the plain loop
    failed: int  # workloads that failed or exceeded the time limit


def standing(who: str, trials: Sequence[Trial]) -> Standing:
    """Summarise the choices of one rule; raises StatisticsError if all of them failed."""
    tried = [trial for trial in trials if trial.has(who)]
    losses = [trial.loss(who) for trial in tried]
    done = sorted(loss for loss in losses if loss < math.inf)
    return Standing(
        who=who,
        mean=statistics.geometric_mean(done),
        p95=percentile(done, 0.95),
        worst=done[-1],
        close=sum(loss <= 1.10 for loss in done) / len(losses),
        slower=sum(
            trial.of(who).plan != trial.of(LOOP).plan and trial.measured(trial.of(who)) < 1
            for trial, loss in zip(tried, losses, strict=True)
            if loss < math.inf
        ),
        failed=len(losses) - len(done),
    )


def standings(trials: Sequence[Trial]) -> list[Standing]:
    """Return the standings: oracle and advisor first, then the peers in the order of the trials."""
    others = dict.fromkeys(who for trial in trials for way in trial.ways for who in way.chosen_by)
    return [standing(who, trials) for who in (ORACLE, ADVISOR, *(name for name in others if name not in _OWN))]


_OWN: Final = (LOOP, ADVISOR, ORACLE)


@dataclass(frozen=True)
class Accuracy:
    """Accuracy of the predictions."""

    error: float  # median error of the predicted speed-up of the advised way
    pooled_error: float  # the same without those advised to keep the plain loop
    inside: float  # share of all measured speed-ups inside their predicted interval
    picks_inside: float  # the same for the advised ways alone
    width: float  # median of high/low
    count: int  # predictions, without the plain loop
    seconds: float  # median time to advice
    slowest: float


def accuracy(trials: Sequence[Trial]) -> Accuracy:
    """Compare predicted and measured speed-ups."""
    picks = [(trial, trial.of(ADVISOR)) for trial in trials if not trial.of(ADVISOR).failure]
    pools = [
        (trial, way)
        for trial in trials
        for way in trial.ways
        if way.predicted and way.seconds and not way.failure and LOOP not in way.chosen_by
    ]
    pooled = [_error(trial, way) for trial, way in picks if LOOP not in way.chosen_by]
    inside = [_inside(trial, way) for trial, way in pools]
    of_picks = [_inside(trial, way) for trial, way in pools if ADVISOR in way.chosen_by]
    return Accuracy(
        error=statistics.median(_error(trial, way) for trial, way in picks),
        pooled_error=statistics.median(pooled),
        inside=statistics.fmean(inside),
        picks_inside=statistics.fmean(of_picks),
        width=statistics.median(way.predicted.high / way.predicted.low for _, way in pools if way.predicted),
        count=len(pools),
        seconds=statistics.median(trial.seconds_to_advice for trial in trials),
        slowest=max(trial.seconds_to_advice for trial in trials),
    )


def _error(trial: Trial, way: Way) -> float:
    assert way.predicted is not None  # the advised way always has a prediction
    return abs(way.predicted.expected / trial.measured(way) - 1)


def _inside(trial: Trial, way: Way) -> bool:
    assert way.predicted is not None
    return way.predicted.low <= trial.measured(way) <= way.predicted.high


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return a percentile of values in ascending order, by linear interpolation."""
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


_Trials: Final = TypeAdapter(list[Trial])


def load_trials(file: Path = FILE) -> list[Trial]:
    return _Trials.validate_json(file.read_bytes()) if file.exists() else []


def save_trials(trials: Iterable[Trial], file: Path = FILE) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(file) as new:
        new.write_bytes(_Trials.dump_json(list(trials), indent=1, exclude_defaults=True) + b"\n")
