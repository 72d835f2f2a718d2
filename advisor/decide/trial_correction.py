"""Correct the estimates and the profile by trials: parts of the job that were run."""

from __future__ import annotations

import math
from collections.abc import Sequence

from advisor.models import Estimate, Profile, Range, Verification

TRIAL_SPREAD = 1.15  # a part of the job that was run predicts the whole to within this factor
START_UP_ERROR = 2.0  # an assumed start-up may be too short or too long by this factor
MAX_SECONDS = 1e24  # what a Range can hold


def calibrate(
    estimates: tuple[Estimate, ...], trials: Sequence[Verification], *, same_machine: bool = True
) -> tuple[Estimate, ...]:
    """Scale each estimate by measured / predicted of the trial nearest to it.

    A strategy without a trial takes the correction of the plain loop: a call that took longer than in the profile
    takes longer everywhere. A strategy that failed is infeasible with as many workers or more. A strategy whose
    results differ from those of the plain loop is infeasible with any number of workers.

    Args:
        estimates: The estimates of the cost model.
        trials: The parts of the job that were run.
        same_machine: The trials ran on the machine that the estimates are for, so their intervals narrow.
    """
    return tuple(_calibrated(estimate, trials, same_machine) for estimate in estimates) if trials else estimates


def with_failed_inputs(profile: Profile, trials: Sequence[Verification]) -> Profile:
    """Return the profile with the inputs that first raised in a trial; if several did, from the one with the most."""
    found = [trial.failed_inputs for trial in trials if trial.failed_inputs is not None]
    if not found:
        return profile
    return profile.model_copy(update={"failed_inputs": max(found, key=lambda failed: failed.count)})


def _calibrated(estimate: Estimate, trials: Sequence[Verification], same_machine: bool) -> Estimate:
    obstacle = _obstacle(estimate, trials)
    if obstacle is not None:
        return estimate.model_copy(update={"feasible": False, "why": obstacle})
    trial = _nearest(estimate, trials)
    if trial is None:
        return estimate
    seconds = _corrected(estimate, trial)
    if same_machine and not trial.cut_off and trial.strategy == estimate.strategy and trial.workers == estimate.workers:
        seconds = _narrowed(seconds)
    return estimate.model_copy(update={"seconds": seconds})


def _obstacle(estimate: Estimate, trials: Sequence[Verification]) -> str | None:
    """Return why a trial rules out a strategy, or None; the plain loop, the reference, is never ruled out."""
    if estimate.strategy == "sequential":
        return None
    for trial in trials:
        if trial.strategy == estimate.strategy and trial.results == "different":
            return f"gave different results from the plain loop in a trial: {trial.difference}"
    failure = _failure(estimate, trials)
    return None if failure is None else f"failed when it was run: {failure}"


def _failure(estimate: Estimate, trials: Sequence[Verification]) -> str | None:
    own = [trial for trial in trials if trial.strategy == estimate.strategy]
    succeeded = max((trial.workers for trial in own if trial.failure is None), default=0)
    if estimate.workers <= succeeded:
        return None
    failed = [trial for trial in own if trial.failure is not None]
    return next((trial.failure for trial in failed if trial.workers <= estimate.workers or not succeeded), None)


def _nearest(estimate: Estimate, trials: Sequence[Verification]) -> Verification | None:
    """Return the trial of the estimate's strategy at the nearest worker count, else the plain loop's."""
    ran = [trial for trial in trials if trial.failure is None and trial.predicted > 0 and trial.measured > 0]
    own = [trial for trial in ran if trial.strategy == estimate.strategy]
    loop = next((trial for trial in ran if trial.strategy == "sequential"), None)
    return min(own, key=lambda trial: abs(math.log(trial.workers / estimate.workers)), default=loop)


def _corrected(estimate: Estimate, trial: Verification) -> Range:
    """Scale the estimate by the trial.

    Start-up costs for a start method other than the host's are assumed, not measured. The part of the difference that
    they may explain is added once, and does not make every call longer.
    """
    started = estimate.start_up if estimate.start_method and trial.strategy == estimate.strategy else 0.0
    if not 0.0 < started < trial.predicted:
        return _scaled(estimate.seconds, trial.measured / trial.predicted)
    further = min(max(trial.measured - trial.predicted, -started / START_UP_ERROR), started * (START_UP_ERROR - 1.0))
    work = max(0.0, trial.measured - started - further) / (trial.predicted - started)
    shifted = {name: max(0.0, end - started) * work for name, end in estimate.seconds.model_dump().items()}
    return Range(**{name: min(MAX_SECONDS, started + further + end) for name, end in shifted.items()})


def _scaled(seconds: Range, factor: float) -> Range:
    return Range(
        low=min(MAX_SECONDS, seconds.low * factor),
        expected=min(MAX_SECONDS, seconds.expected * factor),
        high=min(MAX_SECONDS, seconds.high * factor),
    )


def _narrowed(seconds: Range) -> Range:
    """Return the interval that a trial allows, or the model's where that is narrower."""
    return Range(
        low=max(seconds.low, seconds.expected / TRIAL_SPREAD),
        expected=seconds.expected,
        high=min(seconds.high, seconds.expected * TRIAL_SPREAD),
    )
