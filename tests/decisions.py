"""Estimates, trials and advice for the tests of decisions."""

from typing import Any

from advisor.api import advise_description, advise_on
from advisor.models import Advice, Estimate, Job, Machine, Profile, Range, Strategy, Verification
from advisor.models.request import AdviceRequest

MACHINE = Machine(cores=2, memory=8_000_000_000)
JOB = Job(calls=100)
COMPUTING = Profile(calls=50, wall=1.0, gil_held=0.97, gil_free=0.0, child_cpu=0.0, wait=0.03, target="jobs:work")
WAITING = Profile(calls=50, wall=1.0, gil_held=0.02, gil_free=0.0, child_cpu=0.0, wait=0.98, target="jobs:work")
NATIVE = Profile(calls=50, wall=1.0, gil_held=0.08, gil_free=0.92, child_cpu=0.0, wait=0.0, target="jobs:work")


def estimate_of(strategy: Strategy, seconds: float, workers: int = 2, spread: float = 1.05, **more: Any) -> Estimate:
    """An estimate whose interval is `seconds` divided and multiplied by `spread`."""
    span = Range(low=seconds / spread, expected=seconds, high=seconds * spread)
    workers = 1 if strategy == "sequential" else workers
    return Estimate(**{"strategy": strategy, "workers": workers, "seconds": span, "bottleneck": "cores"} | more)


def plan(**seconds: float) -> tuple[Estimate, ...]:
    """A plain loop of 100 s and the strategies given, each with two workers."""
    return tuple(estimate_of(strategy, took) for strategy, took in {"sequential": 100.0, **seconds}.items())  # type: ignore[arg-type]


def advised(profile: Profile = COMPUTING, job: Job = JOB, estimates: Any = None, **more: Any) -> Advice:
    evidence = "verified" if "trials" in more else "measured"
    return advise_on(AdviceRequest(profile, job, MACHINE, **{"evidence": evidence} | more), estimates)


def described(text: str, machine: Machine = MACHINE) -> Advice:
    return advise_description(text, calls=None, machine=machine, cores=None)


def ran(strategy: Strategy, predicted: float, measured: float, workers: int = 2, **more: Any) -> Verification:
    workers = 1 if strategy == "sequential" else workers
    return Verification(strategy=strategy, workers=workers, calls=10, predicted=predicted, measured=measured, **more)


def dissent_of(advice: Advice) -> list[str]:
    return [reason.text for reason in advice.reasons if reason.rule == "dissent"]
