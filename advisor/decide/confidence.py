"""Compute how certain the advice is: the interval of its speed-up, and the probability that nothing else is faster."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from operator import mul

from advisor.decide.strategy_choice import Choice, feasible_leaders
from advisor.models import Advice, Curve, Estimate, Evidence, Point, Profile, Range
from advisor.predict import estimator

MODEL_ERROR = 0.06  # standard deviation of the logarithm of a predicted speed-up that no profile can remove
DESCRIBED_ERROR = 0.45  # the same for a described task, whose calls are known by their kind only
MAX_PER_WORKER = 1.1  # speed-up: one per worker, and a little for the uncertain time of the plain loop
ROUNDING = 0.005  # of a speed-up, which is shown with two or three digits
UNCOMPARED = 0.7  # trust in results that could not be compared with those of the plain loop
CEILING = {"described": 0.95, "measured": 0.95, "verified": 0.99}  # no evidence is beyond doubt
Z90 = 1.6449  # half-width of a 90 % interval in standard deviations


def speedup_of(estimate: Estimate, loop: Estimate, evidence: Evidence) -> Range:
    """Return the speed-up over the plain loop, with its 90 % interval.

    The interval ends at little more than the number of workers and at `max_speedup`. A strategy that ran faster than
    the limit that its estimate names is not bound by it.
    """
    if estimate.strategy == "sequential":
        return Range(low=1.0, expected=1.0, high=1.0)
    mean, sigma = _log_gain(estimate, loop, DESCRIBED_ERROR if evidence == "described" else MODEL_ERROR)
    expected = math.exp(mean)
    high = min(expected * math.exp(Z90 * sigma), MAX_PER_WORKER * max(expected, estimate.workers))
    if estimate.max_speedup is not None and is_within_limit(estimate, expected):
        high = min(high, max(expected, estimate.max_speedup))
    return Range(low=expected * math.exp(-Z90 * sigma), expected=expected, high=high)


def speedup_curves(advice: Advice, estimates: Sequence[Estimate]) -> tuple[Curve, ...]:
    """Return the speed-up of each of these estimates of the advice's job over its plain loop, by strategy."""
    loop = feasible_leaders(tuple(estimates))["sequential"]
    return tuple(
        Curve(strategy=strategy, points=tuple(_point(estimate, loop, advice.evidence) for estimate in group))
        for strategy, group in groupby(estimates, key=lambda estimate: estimate.strategy)
    )


def _point(estimate: Estimate, loop: Estimate, evidence: Evidence) -> Point:
    return Point(
        workers=estimate.workers,
        chunk=estimate.chunk,
        seconds=estimate.seconds,
        speedup=speedup_of(estimate, loop, evidence),
        feasible=estimate.feasible,
    )


def is_within_limit(estimate: Estimate, speedup: float) -> bool:
    """Return True if the speed-up does not exceed the limit that the estimate's `why` names."""
    return estimate.limit is None or speedup <= estimate.limit * (1.0 + ROUNDING)


def confidence(choice: Choice) -> float:
    """Return the probability that nothing else is a tenth faster, reduced where the evidence is weak.

    Strategies that were rejected for other reasons than speed do not count. Without a trial, the part of a call that is
    not split into computing and waiting counts as a coin toss, and so does a call if only the first was measured.
    A trial whose results could not be compared is weaker evidence. The verdict of a description keeps the classifier's
    probability, which is calibrated; the times of a typical task say nothing about that verdict.
    """
    best, facts = choice.best, choice.facts
    trust = CEILING[choice.evidence]
    if choice.described is not None:
        trust = min(trust, choice.described.confidence)
        if best.strategy == choice.described.recommendation:
            return round(trust, 2)
    if not facts.verified:
        trust *= 1.0 - 0.5 * max(facts.unknown_share, _first_call_only(facts.profile))
    if facts.uncompared:
        trust *= UNCOMPARED
    rivals = [
        estimate
        for estimate in choice.leaders.values()
        if estimate.strategy != best.strategy
        and estimate.seconds.expected * estimator.MIN_GAIN >= best.seconds.expected * (1 - 1e-9)
    ]
    return round(trust * _probability_of_best(best, rivals, choice.loop), 2)


def _log_gain(estimate: Estimate, loop: Estimate, error: float = MODEL_ERROR) -> tuple[float, float]:
    """Return mean and standard deviation of ln(speed-up over the plain loop).

    The loop's error is mostly that of the length of a call, which every strategy shares: it cancels in the part of the
    job that is made of calls (all but the start-up), and what is left is the strategy's own error.
    """
    mean = math.log(max(loop.seconds.expected, 1e-12) / max(estimate.seconds.expected, 1e-12))
    if estimate.strategy == "sequential":
        return mean, 0.0
    common = _sigma(loop.seconds)
    calls = 1.0 - min(1.0, estimate.start_up / max(estimate.seconds.expected, 1e-12))
    own = max(0.0, _sigma(estimate.seconds) ** 2 - (calls * common) ** 2)
    return mean, math.sqrt(own + ((1.0 - calls) * common) ** 2 + error**2)


def _sigma(seconds: Range) -> float:
    """Return the standard deviation of the logarithm, from the 90 % interval of a log-normal."""
    if seconds.low <= 0 or seconds.high <= seconds.low:
        return 0.0
    return math.log(seconds.high / seconds.low) / (2 * Z90)


def _first_call_only(profile: Profile) -> float:
    """Return the share of a call, 0 to 1, that may be due to its being the first, where no other was measured."""
    if not profile.is_only_first_call:
        return 0.0
    return min(1.0, profile.standard_error.get("wall", 0.0) / profile.wall)


def _probability_of_best(best: Estimate, rivals: Sequence[Estimate], loop: Estimate) -> float:
    """Return P(ln speed-up of the best > that of every rival − ln MIN_GAIN), summed over what the best may reach."""
    if not rivals:
        return 1.0
    mean, sigma = _log_gain(best, loop)
    deviations, weights = _normal()
    reached = [mean + sigma * deviation + math.log(estimator.MIN_GAIN) for deviation in deviations]
    likely = weights
    for rival in rivals:
        likely = list(map(mul, likely, _below(reached, *_log_gain(rival, loop))))
    return sum(likely) / sum(weights)


@cache
def _normal(steps: int = 200) -> tuple[list[float], list[float]]:
    """Return standard deviations from -4 to 4, and the weight of each."""
    deviations = [8.0 * step / steps - 4.0 for step in range(steps + 1)]
    return deviations, [math.exp(-deviation * deviation / 2) for deviation in deviations]


def _below(limits: Iterable[float], mean: float, sigma: float) -> list[float]:
    """Return P(a normal variable is below the limit) for each limit."""
    if sigma == 0.0:
        return [float(mean <= limit) for limit in limits]
    unit = sigma * math.sqrt(2)
    return [math.erfc((mean - limit) / unit) / 2 for limit in limits]
