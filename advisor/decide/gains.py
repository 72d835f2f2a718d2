"""Say what a strategy would bring if its obstacle were removed."""

from __future__ import annotations

from collections.abc import Iterable

from advisor.models import Estimate, Job, Machine, Picklable, Profile
from advisor.models.strategies import OWN_GIL
from advisor.predict.estimator import MIN_GAIN, leaders, shortlist
from advisor.report import formatting


def gain_sentence(candidates: Iterable[Estimate], chosen: Estimate) -> str:
    """Return what the fastest candidate would take, as a sentence; empty if it would not beat the chosen estimate."""
    best = min(candidates, key=lambda estimate: estimate.seconds.expected, default=None)
    if best is None or best.seconds.expected * MIN_GAIN >= chosen.seconds.expected:
        return ""
    return (
        f"Then {formatting.workers(best.strategy, best.workers)} would take about "
        f"{formatting.duration(best.seconds.expected)} instead of {formatting.duration(chosen.seconds.expected)}."
    )


def if_picklable(profile: Profile, job: Job, machine: Machine) -> list[Estimate]:
    """Return the feasible pools of processes or interpreters if all of the call could be pickled."""
    sendable = profile.model_copy(update={"picklable": Picklable()})
    best = leaders(shortlist(sendable, job, machine))
    return [estimate for strategy, estimate in best.items() if strategy in OWN_GIL and estimate.feasible]
