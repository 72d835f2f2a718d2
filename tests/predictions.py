"""Profiles and estimates for the tests of predictions."""

from __future__ import annotations

from typing import Any

from advisor.models import Estimate, Job, Machine, Profile, Strategy
from advisor.predict.estimator import MIN_GAIN, estimate, leaders

TWO_CORES = Machine(cores=2)


def call(wall: float, *, gil: float = 0.0, free: float = 0.0, child: float = 0.0, **rest: Any) -> Profile:
    """Return a profile whose parts are shares of the wall time, the remainder waiting."""
    wait = wall * max(0.0, 1 - gil - free - child)
    return Profile(
        calls=100, wall=wall, gil_held=gil * wall, gil_free=free * wall, child_cpu=child * wall, wait=wait, **rest
    )


def speedups(profile: Profile, calls: int = 1000, machine: Machine = TWO_CORES) -> dict[tuple[Strategy, int], float]:
    """Return the expected speed-up over a plain loop of every strategy and worker count."""
    estimates = estimate(profile, Job(calls=calls), machine)
    loop = estimates[0].seconds.expected
    return {(each.strategy, each.workers): loop / each.seconds.expected for each in estimates}


def best(profile: Profile, calls: int = 1000, machine: Machine = TWO_CORES) -> tuple[Strategy, int]:
    """Return the fastest leader, or the plain loop unless that gains a tenth."""
    candidates = leaders(estimate(profile, Job(calls=calls), machine))
    loop = candidates["sequential"].seconds.expected
    fastest = min((each for each in candidates.values() if each.feasible), key=lambda each: each.seconds.expected)
    return (fastest.strategy, fastest.workers) if loop / fastest.seconds.expected >= MIN_GAIN else ("sequential", 1)


def estimate_of(
    profile: Profile, strategy: Strategy, workers: int, calls: int = 1000, machine: Machine = TWO_CORES
) -> Estimate:
    """Return the estimate of a strategy with this worker count."""
    estimates = estimate(profile, Job(calls=calls), machine)
    (found,) = (each for each in estimates if (each.strategy, each.workers) == (strategy, workers))
    return found
