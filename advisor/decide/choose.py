"""Which of the estimates to recommend: the fastest, bent by what the caller wants and by how little a gain is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from advisor.models import Estimate, Job, Machine, Profile, Reading, Strategy
from advisor.models.strategies import OWN_GIL, STRATEGIES
from advisor.predict import estimator

NOISE = 1.05  # predicted times this close are equal, and the simpler way is taken
# The same for threads without a GIL: what they lose to shared objects differs from function to function by more.
NO_GIL_NOISE = 1.3
COROUTINE_NOISE = 1.10  # a coroutine function belongs in an event loop unless something is clearly faster
SHARED_STATE_GAIN = 1.5  # processes must be this much faster to be worth copying the state
CROWD = 4  # processes per core; beyond it each costs more memory and start-up than its place in the queue is worth
CROWD_GAIN = 1.2  # unless so many are this much faster than what shares memory
RESPONSIVE_LOSS = 1.5  # a pool may cost this much when the work must leave the main thread
UNNOTICED = 0.1  # seconds; shorter than this a person does not see an interface stand still


def feasible_leaders(estimates: tuple[Estimate, ...]) -> dict[Strategy, Estimate]:
    """Each feasible strategy at its best worker count; there is always a plain loop."""
    leaders = {strategy: best for strategy, best in estimator.leaders(estimates).items() if best.feasible}
    if "sequential" not in leaders:
        raise ValueError("the estimates hold no plain loop to compare with")
    return leaders


def choose(
    leaders: Mapping[Strategy, Estimate], profile: Profile, job: Job, machine: Machine, described: Reading | None
) -> Estimate:
    """The verdict: a description's, if it gains anything; else the model's, bent by what the caller wants."""
    loop = leaders["sequential"]
    named = _named(leaders, described) if described is not None else None
    if named is not None and (_gains(named, loop) or (named is loop and not job.responsive)):
        return named
    candidates = [one for one in leaders.values() if one is loop or _gains(one, loop)]
    own_gil = [one for one in candidates if one.strategy in OWN_GIL]
    candidates = _worth_it([one for one in own_gil if one.workers > CROWD * machine.cores], candidates, CROWD_GAIN)
    if shares_state(profile, job):
        candidates = _worth_it(own_gil, candidates, SHARED_STATE_GAIN)
    winner = _fastest(candidates, profile, machine)
    if winner is loop and job.responsive and loop.seconds.expected > UNNOTICED:
        return _off_the_main_thread(leaders, profile, machine) or loop
    return winner


def shares_state(profile: Profile, job: Job) -> bool:
    """As the caller says; else as it was seen: calls that write globals share them."""
    if job.shares_state is not None:
        return job.shares_state
    return profile.side_effects is not None and bool(profile.side_effects.globals_written)


def _named(leaders: Mapping[Strategy, Estimate], reading: Reading) -> Estimate | None:
    """The estimate of the strategy that a description asks for."""
    return next((best for strategy, best in leaders.items() if strategy == reading.recommendation), None)


def _gains(estimate: Estimate, loop: Estimate) -> bool:
    """At least a tenth faster than the plain loop."""
    return loop.seconds.expected >= estimator.MIN_GAIN * estimate.seconds.expected


def _fastest(candidates: Sequence[Estimate], profile: Profile, machine: Machine) -> Estimate:
    """The fastest; of those within the noise, the simplest, and for a coroutine function its event loop."""
    best = min(one.seconds.expected for one in candidates)
    loops = [one for one in candidates if one.strategy == "asyncio"]
    if profile.coroutine and loops and loops[0].seconds.expected <= best * COROUTINE_NOISE:
        return loops[0]
    noise = {"threading": NO_GIL_NOISE if machine.python.free_threaded else NOISE}
    within = [one for one in candidates if one.seconds.expected <= best * noise.get(one.strategy, NOISE)]
    return min(within, key=lambda one: STRATEGIES[one.strategy].simplicity)


def _worth_it(dear: Sequence[Estimate], candidates: Sequence[Estimate], gain: float) -> list[Estimate]:
    """The candidates without the dear ones, unless these are faster by `gain` than all the others."""
    others = [one for one in candidates if one not in dear]
    best = min(one.seconds.expected for one in others)
    return [one for one in candidates if one in others or one.seconds.expected * gain <= best]


def _off_the_main_thread(leaders: Mapping[Strategy, Estimate], profile: Profile, machine: Machine) -> Estimate | None:
    """The best pool, though it gains nothing, if it does not lose too much."""
    limit = leaders["sequential"].seconds.expected * RESPONSIVE_LOSS
    pools = [one for one in leaders.values() if one.strategy != "sequential" and one.seconds.expected <= limit]
    return _fastest(pools, profile, machine) if pools else None
