"""Estimates corrected by what was really run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from advisor.models import Estimate, Range, Verification

VERIFIED_SPREAD = 1.15  # a part of the job that was really run tells the whole to this factor, either way
LONGEST = 1e24  # seconds; what a Range can hold


def corrected(
    estimates: tuple[Estimate, ...], verification: Sequence[Verification], *, exact: bool = True
) -> tuple[Estimate, ...]:
    """The estimates, scaled by measured / predicted where a part of the job was really run.

    A strategy that was not run takes the correction of the plain loop: a call that took longer than it did when it was
    profiled takes longer everywhere. What failed when run is infeasible, with as many workers or more. `exact`: it was
    run on the machine that the estimates are for, so that the interval of what was run narrows.
    """
    return tuple(_corrected(estimate, verification, exact) for estimate in estimates) if verification else estimates


def _corrected(estimate: Estimate, verification: Sequence[Verification], exact: bool) -> Estimate:
    failure = _failure(estimate, verification)
    if failure is not None:
        return estimate.model_copy(update={"feasible": False, "why": f"failed when it was run: {failure}"})
    run = _nearest(estimate, verification)
    if run is None:
        return estimate
    seconds = _scaled(estimate.seconds, run.measured / run.predicted)
    if exact and run.strategy == estimate.strategy and run.workers == estimate.workers:
        seconds = _narrowed(seconds)
    return estimate.model_copy(update={"seconds": seconds})


def _failure(estimate: Estimate, verification: Sequence[Verification]) -> str | None:
    runs = [run for run in verification if run.strategy == estimate.strategy]
    succeeded = max((run.workers for run in runs if run.failure is None), default=0)
    if estimate.workers <= succeeded:
        return None
    failed = [run for run in runs if run.failure is not None and (run.workers <= estimate.workers or not succeeded)]
    return failed[0].failure if failed else None


def _nearest(estimate: Estimate, verification: Sequence[Verification]) -> Verification | None:
    """The run that says most about an estimate: of its strategy, at the nearest worker count, else the plain loop's."""
    ran = [run for run in verification if run.failure is None and run.predicted > 0 and run.measured > 0]
    same = [run for run in ran if run.strategy == estimate.strategy]
    alone = [run for run in ran if run.strategy == "sequential"]
    return min(same, key=lambda run: abs(math.log(run.workers / estimate.workers)), default=None) or next(
        iter(alone), None
    )


def _scaled(seconds: Range, factor: float) -> Range:
    return Range(
        low=min(LONGEST, seconds.low * factor),
        expected=min(LONGEST, seconds.expected * factor),
        high=min(LONGEST, seconds.high * factor),
    )


def _narrowed(seconds: Range) -> Range:
    """The interval of what was really run, unless the model's was narrower still."""
    return Range(
        low=max(seconds.low, seconds.expected / VERIFIED_SPREAD),
        expected=seconds.expected,
        high=min(seconds.high, seconds.expected * VERIFIED_SPREAD),
    )
