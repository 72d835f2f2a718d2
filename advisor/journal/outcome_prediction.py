"""Predictions for a job as it was run, which may differ from the advice."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from advisor import api
from advisor.errors import UsageError
from advisor.models import Advice, Estimate, Job, Range, Strategy


def with_advised_defaults(advice: Advice, strategy: Strategy | None, workers: int | None) -> tuple[Strategy, int]:
    """Return the reported strategy and workers, with what is None as advised.

    Raises:
        UsageError: The two do not fit together, or nothing was advised.
    """
    if strategy is None:
        if advice.recommendation == "undecided":
            raise UsageError("strategy is required: the advice was undecided", field="strategy")
        strategy = advice.recommendation
    if strategy == "sequential":
        if workers not in (None, 1):
            raise UsageError("sequential has one worker: more need another strategy", field="workers")
        return strategy, 1
    if workers is None:
        advised = (option.workers for option in advice.alternatives if option.strategy == strategy and option.feasible)
        workers = next(advised, None)
    if workers is None:
        raise UsageError(f"workers is required: none were advised for {strategy}", field="workers")
    return strategy, workers


def predicted(advice: Advice, strategy: Strategy, workers: int, calls: int) -> Range | None:
    """Predict the seconds of a job of `calls` calls.

    Returns:
        None if the advice did not consider the strategy, or so many workers.
    """
    if (strategy, workers, calls) == (advice.recommendation, advice.workers, advice.job.calls):
        return advice.seconds
    if advice.profile is None:
        return None
    job = Job.model_validate({**advice.job.model_dump(), "calls": calls})
    curves = api.curves(advice.model_copy(update={"job": job}))
    return _interpolate([estimate for estimate in curves if estimate.strategy == strategy], min(workers, calls))


def _interpolate(estimates: Sequence[Estimate], workers: int) -> Range | None:
    """Interpolate linearly in 1/workers: one part of the seconds is shared by all workers, the other is constant."""
    by_workers = attrgetter("workers")
    fewer = max((each for each in estimates if each.workers <= workers), key=by_workers, default=None)
    more = min((each for each in estimates if each.workers >= workers), key=by_workers, default=None)
    if fewer is None or more is None:
        return None
    if fewer is more:
        return fewer.seconds
    weight = (1 / fewer.workers - 1 / workers) / (1 / fewer.workers - 1 / more.workers)
    low, high = fewer.seconds.model_dump(), more.seconds.model_dump()
    return Range(**{name: (1 - weight) * low[name] + weight * high[name] for name in ("low", "expected", "high")})
