"""Describe the gain of a strategy if its obstacle were removed."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from advisor.models import Profile, Strategy
from advisor.predict.estimator import MIN_GAIN, leaders, shortlist
from advisor.report import formatting

if TYPE_CHECKING:
    from advisor.decide.rule_inputs import Facts


def gain_sentence(mended: Profile, strategies: Collection[Strategy], facts: Facts) -> str:
    """Return a sentence with the time of the fastest of the strategies; empty if it would not beat the chosen one.

    Args:
        mended: The profile without the obstacle; strategies that it still rules out bring no gain.
        strategies: Those that the obstacle rules out.
        facts: The facts of the advice.
    """
    candidates = leaders(shortlist(mended, facts.job, facts.machine))
    feasible = [candidates[each] for each in strategies if each in candidates and candidates[each].feasible]
    best = min(feasible, key=lambda estimate: estimate.seconds.expected, default=None)
    if best is None or best.seconds.expected * MIN_GAIN >= facts.chosen.seconds.expected:
        return ""
    return (
        f"Then {formatting.workers(best.strategy, best.workers)} would take about "
        f"{formatting.duration(best.seconds.expected)} instead of {formatting.duration(facts.chosen.seconds.expected)}."
    )
