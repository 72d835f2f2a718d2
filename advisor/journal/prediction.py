"""What was predicted for a job that was done in some way: as advised, or not."""

from __future__ import annotations

from collections.abc import Sequence

from advisor import api
from advisor.errors import UsageError
from advisor.models import Advice, Estimate, Job, Range, Strategy


def way_of(advice: Advice, strategy: Strategy | None, workers: int | None) -> tuple[Strategy, int]:
    """How the job was done, when all that is left out was as advised. Raises UsageError for what can't be meant."""
    if strategy is None:
        if advice.recommendation == "undecided":
            raise UsageError("strategy is needed: nothing was advised that could be meant", field="strategy")
        strategy = advice.recommendation
    if strategy == "sequential":
        if workers not in (None, 1):
            raise UsageError("a plain loop has one worker: more need another strategy", field="workers")
        return strategy, 1
    if workers is None:
        advised = (one.workers for one in advice.alternatives if one.strategy == strategy and one.feasible)
        workers = next(advised, None)
    if workers is None:
        raise UsageError(f"workers are needed: none were advised for {strategy}", field="workers")
    return strategy, workers


def predicted(advice: Advice, strategy: Strategy, workers: int, calls: int) -> Range | None:
    """Seconds for `calls` that way.

    None for what the advice says nothing of: a strategy that the interpreter does not have, or more workers than were
    considered.
    """
    if (strategy, workers, calls) == (advice.recommendation, advice.workers, advice.job.calls):
        return advice.seconds
    if advice.profile is None:
        return None
    job = Job.model_validate({**advice.job.model_dump(), "calls": calls})
    curves = api.curves(advice.model_copy(update={"job": job}))
    return _at(min(workers, calls), [one for one in curves if one.strategy == strategy])


def _at(workers: int, considered: Sequence[Estimate]) -> Range | None:
    """Seconds between two numbers of workers that were considered: a part of them is shared by all, a part is not."""
    fewer = max((one for one in considered if one.workers <= workers), key=_workers, default=None)
    more = min((one for one in considered if one.workers >= workers), key=_workers, default=None)
    if fewer is None or more is None:
        return None
    if fewer is more:
        return fewer.seconds
    share = (1 / fewer.workers - 1 / workers) / (1 / fewer.workers - 1 / more.workers)
    return Range(
        low=(1 - share) * fewer.seconds.low + share * more.seconds.low,
        expected=(1 - share) * fewer.seconds.expected + share * more.seconds.expected,
        high=(1 - share) * fewer.seconds.high + share * more.seconds.high,
    )


def _workers(one: Estimate) -> int:
    return one.workers
