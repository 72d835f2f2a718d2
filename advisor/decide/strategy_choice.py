"""Choose one of the estimates: the fastest, adjusted for the caller's wishes and for small gains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from advisor.decide import lexicon_reasons
from advisor.decide.rule_inputs import Facts
from advisor.models import Estimate, Evidence, Job, LexiconEntry, Machine, Profile, Reading, Strategy
from advisor.models.request import AdviceRequest
from advisor.models.strategies import CLUSTERS, OWN_GIL, STRATEGIES
from advisor.predict import estimator

SAME_TIME = 1.05  # predicted times within this factor are equal, and the simpler strategy is chosen
# The same for threads without a GIL: their loss to shared objects varies more between functions.
SAME_TIME_NO_GIL = 1.3
SAME_TIME_COROUTINE = 1.10  # a coroutine function belongs in an event loop unless something is clearly faster
SHARED_STATE_GAIN = 1.5  # processes must be this much faster to be worth copying the state
MANY_WORKERS = 4  # processes per core; beyond, each costs more memory and start-up than it brings
MANY_WORKERS_GAIN = 1.2  # unless they are this much faster than strategies that share memory
CLUSTER_GAIN = 1.15  # a cluster must be this much faster than this host: others use it, and connections fail
RESPONSIVE_LOSS = 1.5  # a pool may cost this much when the work must leave the main thread
UNNOTICED = 0.1  # seconds; users do not notice an interface that freezes for less


@dataclass(frozen=True)
class Choice:
    """The estimate chosen, and what it was chosen from."""

    request: AdviceRequest
    estimates: tuple[Estimate, ...]  # all of them, calibrated by the trials
    leaders: dict[Strategy, Estimate]  # each feasible strategy at its best worker count
    best: Estimate  # the leader that is recommended

    @property
    def loop(self) -> Estimate:
        """The plain loop, which every speed-up is against."""
        return self.leaders["sequential"]

    @property
    def described(self) -> Reading | None:
        """The description, where there is no better evidence."""
        return _described(self.request)

    @property
    def evidence(self) -> Evidence:
        """The evidence for the recommended strategy; "verified" only if a trial ran it and results were comparable."""
        if self.request.evidence != "verified":
            return self.request.evidence
        return "verified" if self._has_run and not self.is_uncompared else "measured"

    @property
    def is_uncompared(self) -> bool:
        """True if the strategy's results could not be compared, although two runs of the plain loop gave equal ones."""
        loops = {trial.results for trial in self.request.trials if trial.strategy == "sequential"}
        own = {trial.results for trial in self.request.trials if trial.strategy == self.best.strategy}
        return "equal" in loops and "not comparable" in own

    @property
    def _has_run(self) -> bool:
        own = (trial for trial in self.request.trials if trial.strategy == self.best.strategy)
        return any(trial.failure is None and not trial.cut_off for trial in own)

    @cached_property
    def libraries(self) -> tuple[LexiconEntry, ...]:
        """The lexicon's entries for libraries that the description names or the call imports."""
        reading = self.request.reading
        return lexicon_reasons.known(reading.named if reading else (), self.request.profile.modules)

    @cached_property
    def facts(self) -> Facts:
        """The facts that rules and pitfalls are evaluated on."""
        request = self.request
        return Facts(
            request.profile,
            request.job,
            request.machine,
            self.estimates,
            self.best,
            verified=request.evidence == "verified" and self._has_run,
            uncompared=self.is_uncompared,
            in_notebook=request.in_notebook,
            race=request.race,
            inputs=request.inputs,
            star=request.star,
        )


def choose(estimates: tuple[Estimate, ...], request: AdviceRequest) -> Choice:
    """Choose the strategy that the description asks for if it gains anything, else by the predicted times.

    A description asks for one of this host's strategies, which a cluster may beat.
    """
    leaders = feasible_leaders(estimates)
    best = choose_by_time(leaders, request)
    if best.strategy not in CLUSTERS:
        best = _asked_for(leaders, request) or best
    return Choice(request, estimates, leaders, best)


def feasible_leaders(estimates: tuple[Estimate, ...]) -> dict[Strategy, Estimate]:
    """Return each feasible strategy at its best worker count; the plain loop is always among them."""
    leaders = {strategy: best for strategy, best in estimator.leaders(estimates).items() if best.feasible}
    if "sequential" not in leaders:
        raise ValueError("the estimates hold no plain loop to compare with")
    return leaders


def shares_state(profile: Profile, job: Job) -> bool:
    """Return True if calls share state: as the caller says, else if the measured calls wrote globals."""
    if job.shares_state is not None:
        return job.shares_state
    return profile.side_effects is not None and bool(profile.side_effects.globals_written)


def _described(request: AdviceRequest) -> Reading | None:
    return request.reading if request.evidence == "described" and not request.trials else None


def _asked_for(leaders: dict[Strategy, Estimate], request: AdviceRequest) -> Estimate | None:
    """Return the leader of the strategy that the description asks for, if it is worth it."""
    described, loop = _described(request), leaders["sequential"]
    if described is None or described.recommendation == "undecided":
        return None
    named = leaders.get(described.recommendation)
    worth_it = named is not None and (_gains(named, loop) or (named is loop and not request.job.responsive))
    return named if worth_it else None


def choose_by_time(leaders: dict[Strategy, Estimate], request: AdviceRequest) -> Estimate:
    """Return the fastest leader, adjusted for the job's requirements and for small gains."""
    profile, job, machine = request.profile, request.job, request.machine
    loop = leaders["sequential"]
    candidates = [estimate for estimate in leaders.values() if estimate is loop or _gains(estimate, loop)]
    own_gil = [estimate for estimate in candidates if estimate.strategy in OWN_GIL]
    on_cluster = [estimate for estimate in candidates if estimate.strategy in CLUSTERS]
    crowd = [estimate for estimate in own_gil if estimate.workers > MANY_WORKERS * machine.cores]
    many = [estimate for estimate in crowd if estimate not in on_cluster]
    candidates = _without_unless_faster(many, candidates, MANY_WORKERS_GAIN)
    if shares_state(profile, job):
        candidates = _without_unless_faster(own_gil, candidates, SHARED_STATE_GAIN)
    candidates = _without_unless_faster(on_cluster, candidates, CLUSTER_GAIN)
    winner = _fastest(candidates, profile, machine)
    if winner is loop and job.responsive and loop.seconds.expected > UNNOTICED:
        limit = loop.seconds.expected * RESPONSIVE_LOSS
        pools = [
            estimate for estimate in leaders.values() if estimate is not loop and estimate.seconds.expected <= limit
        ]
        return _fastest(pools, profile, machine) if pools else loop
    return winner


def _gains(estimate: Estimate, loop: Estimate) -> bool:
    return loop.seconds.expected >= estimator.MIN_GAIN * estimate.seconds.expected


def _fastest(candidates: Sequence[Estimate], profile: Profile, machine: Machine) -> Estimate:
    """Return the fastest; of equally fast ones the simplest, and for a coroutine function its event loop."""
    best = min(estimate.seconds.expected for estimate in candidates)
    event_loop = next((estimate for estimate in candidates if estimate.strategy == "asyncio"), None)
    if profile.coroutine and event_loop and event_loop.seconds.expected <= best * SAME_TIME_COROUTINE:
        return event_loop
    tolerance = {"threading": SAME_TIME_NO_GIL if machine.python.free_threaded else SAME_TIME}
    equal = [
        estimate
        for estimate in candidates
        if estimate.seconds.expected <= best * tolerance.get(estimate.strategy, SAME_TIME)
    ]
    return min(equal, key=lambda estimate: STRATEGIES[estimate.strategy].simplicity)


def _without_unless_faster(costly: Sequence[Estimate], candidates: Sequence[Estimate], gain: float) -> list[Estimate]:
    """Return the candidates without the costly ones, except those that are faster than all others by `gain`."""
    others = [estimate for estimate in candidates if estimate not in costly]
    best = min(estimate.seconds.expected for estimate in others)
    return [estimate for estimate in candidates if estimate in others or estimate.seconds.expected * gain <= best]
