"""What was predicted for a job that was done in some way: as advised, or not."""

from __future__ import annotations

import math

from advisor import api
from advisor.errors import UsageError
from advisor.records import Advice, Job, Range, Strategy


def way_of(advice: Advice, strategy: Strategy | None, workers: int | None) -> tuple[Strategy, int]:
    """How the job was done, when all that is left out was as advised."""
    if strategy is None:
        if advice.recommendation == "undecided":
            raise UsageError("strategy is needed: nothing was advised that could be meant")
        strategy = advice.recommendation
    if workers is not None:
        return strategy, workers
    advised = (one.workers for one in advice.alternatives if one.strategy == strategy)
    return strategy, 1 if strategy == "sequential" else next(advised, 1)


def predicted(advice: Advice, strategy: Strategy, workers: int, calls: int) -> Range | None:
    """Seconds for `calls` that way; at the nearest number of workers that was considered.

    None for what the advice says nothing of, such as a strategy that the interpreter does not have.
    """
    if (strategy, workers, calls) == (advice.recommendation, advice.workers, advice.job.calls):
        return advice.seconds
    if advice.profile is None:
        return None
    job = Job.model_validate({**advice.job.model_dump(), "calls": calls})
    curves = api.curves(advice.model_copy(update={"job": job}))
    same = (one for one in curves if one.strategy == strategy)
    nearest = min(same, key=lambda one: abs(math.log(one.workers / workers)), default=None)
    return None if nearest is None else nearest.seconds
