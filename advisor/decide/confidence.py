"""How certain it is: the interval of a speed-up, and how probable it is that nothing else is faster."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import mul

from advisor.decide import explain
from advisor.models import Estimate, Evidence, Profile, Range, Reading, Strategy
from advisor.predict import estimator

MODEL_ERROR = 0.06  # standard deviation of the logarithm of a predicted speed-up that no profile can remove
DESCRIBED_ERROR = 0.45  # the same for a described task, whose calls are known by their kind only
NO_MORE = 1.1  # times the workers: what a speed-up may seem to be at most, as the loop's time is uncertain too
ROUNDING = 0.005  # of a speed-up, which is told with two digits or three
CEILING = {"described": 0.8, "measured": 0.95, "verified": 0.99}  # no evidence is beyond doubt
NINETY = 1.6449  # half-width of a 90 % interval in standard deviations


def error_of(evidence: Evidence) -> float:
    return DESCRIBED_ERROR if evidence == "described" else MODEL_ERROR


def speedup_of(estimate: Estimate, loop: Estimate, error: float) -> Range:
    """The speed-up with its 90 % interval, up to little more than the workers and what limits them allow.

    What was run may be faster than any limit that the model knows; that limit is none then.
    """
    mean, sigma = _log_gain(estimate, loop, error)
    if estimate.strategy == "sequential":
        return Range(low=1.0, expected=1.0, high=1.0)
    expected = math.exp(mean)
    high = min(expected * math.exp(NINETY * sigma), NO_MORE * max(expected, estimate.workers))
    if estimate.max_speedup is not None and holds(estimate, expected):
        high = min(high, max(expected, estimate.max_speedup))
    return Range(low=expected * math.exp(-NINETY * sigma), expected=expected, high=high)


def holds(estimate: Estimate, expected: float) -> bool:
    """Whether the limit that its words name is one, for the speed-up that is expected."""
    return estimate.limit is None or expected <= estimate.limit * (1.0 + ROUNDING)


def _log_gain(estimate: Estimate, loop: Estimate, error: float = MODEL_ERROR) -> tuple[float, float]:
    """Mean and standard deviation of ln(speed-up against the plain loop).

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
    """Standard deviation of the logarithm, from the 90 % interval of a log-normal."""
    if seconds.low <= 0 or seconds.high <= seconds.low:
        return 0.0
    return math.log(seconds.high / seconds.low) / (2 * NINETY)


def confidence(
    facts: explain.Facts, leaders: Mapping[Strategy, Estimate], evidence: Evidence, described: Reading | None
) -> float:
    """How probable it is that nothing else is a tenth faster, for as far as the evidence can be trusted.

    What was passed over knowingly, since the caller or the description wants something else than speed, is no rival.
    Without a run, time that nobody split into computing and waiting is as good as a coin's toss, and so is a short call
    that was measured once.
    """
    chosen = facts.chosen
    trust = CEILING[evidence] if described is None else min(CEILING[evidence], described.confidence)
    if not facts.verified:
        trust *= 1.0 - 0.5 * max(facts.unknown_share, _only_once(facts.profile))
    others = [one for one in leaders.values() if one.strategy != chosen.strategy]
    rivals = [
        one for one in others if one.seconds.expected * estimator.MIN_GAIN >= chosen.seconds.expected * (1 - 1e-9)
    ]
    return round(trust * _near_best(chosen, rivals, leaders["sequential"]), 2)


def _only_once(profile: Profile) -> float:
    """The part of a call that only its first one may have, where no other was measured: 0 to 1."""
    if profile.calls > 1 or profile.first_call != profile.wall:
        return 0.0
    return min(1.0, profile.standard_error.get("wall", 0.0) / profile.wall)


def _near_best(chosen: Estimate, rivals: Sequence[Estimate], loop: Estimate) -> float:
    """P(ln speed-up of the chosen > that of every rival − ln MIN_GAIN), by summing over what the chosen may reach."""
    if not rivals:
        return 1.0
    mean, sigma = _log_gain(chosen, loop)
    deviations, weights = _normal()
    reached = [mean + sigma * deviation + math.log(estimator.MIN_GAIN) for deviation in deviations]
    likely = weights
    for rival in rivals:
        likely = list(map(mul, likely, _below(reached, *_log_gain(rival, loop))))
    return sum(likely) / sum(weights)


@cache
def _normal(steps: int = 200) -> tuple[list[float], list[float]]:
    """Standard deviations from -4 to 4, and how much each weighs."""
    deviations = [8.0 * step / steps - 4.0 for step in range(steps + 1)]
    return deviations, [math.exp(-deviation * deviation / 2) for deviation in deviations]


def _below(limits: Iterable[float], mean: float, sigma: float) -> list[float]:
    """P(a normal figure is below each of these limits)."""
    if sigma == 0.0:
        return [float(mean <= limit) for limit in limits]
    unit = sigma * math.sqrt(2)
    return [math.erfc((mean - limit) / unit) / 2 for limit in limits]
