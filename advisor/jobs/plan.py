"""Decide how to run the rest of a job, by the same stages as the advice."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

from advisor import api
from advisor.decide.strategy_choice import choose
from advisor.host.machine import this_machine
from advisor.input_limits import MAX_CALLS
from advisor.models import Advice, Cluster, Estimate, Job, Machine, Profile, Range, StartMethod, Strategy
from advisor.models.request import AdviceRequest
from advisor.predict import estimator
from advisor.predict.shared_resources import remedied

GIL_MATTERS = 0.1  # of the predicted time that knowing the share of the GIL must be able to save ...
WATCHING_SECONDS = 0.1  # ... and the seconds, since finding out takes some
SEVERAL_CORES = 1.25  # that a call keeps busy by itself, from which it has threads of its own
MAX_WORKERS = 200  # what calls wait for may not bear more at once
FEW_CALLS = 2
MOSTLY = 0.7  # of the time
UNSURE = 1.5  # times as long as processes, which threads may take while few calls have been measured
MANY_CALLS = 8  # for each core, from which the size of chunks matters
LONGER = 10  # times
TRAVELS_EASILY = 100_000  # bytes of arguments and results
_POOLS: tuple[Strategy, ...] = ("threading", "multiprocessing", "asyncio")


@dataclass(frozen=True)
class Wishes:
    """The choices of the caller, and the strategies that were tried in vain.

    Attributes:
        workers: The largest number of workers, or None.
        abandoned: Strategies not to use any more.
        observed: The speed-up that strategies have brought where that was less than predicted.
    """

    workers: int | None = None
    abandoned: frozenset[Strategy] = frozenset()
    observed: tuple[tuple[Strategy, float], ...] = ()


@dataclass(frozen=True)
class Plan:
    """The way to run the calls that are left.

    Attributes:
        chunk: Calls to send to a worker process at once.
        start_method: Of worker processes.
        why: What led to the plan, if there is more to say than the advice does.
        basis: What the advice rests on.
        seconds: Predicted for the calls that are left, or None if nothing was predicted.
        calls: Those that the prediction was for.
        alternatives: The predicted seconds of the other strategies that could run them.
        most_workers: The largest number of workers; fewer than `workers` where it is not known.
    """

    strategy: Strategy
    workers: int = 1
    chunk: int = 1
    start_method: StartMethod = "fork"
    why: str = ""
    seconds: float | None = None
    calls: int = 0
    slowest: float | None = None
    start_up: float = 0.0
    alternatives: tuple[tuple[Strategy, float], ...] = ()
    most_workers: int = 0
    basis: tuple[AdviceRequest, tuple[Estimate, ...]] | None = None

    @cached_property
    def advice(self) -> Advice | None:
        """The advice behind the plan, put into words when it is asked for; None if the caller has decided."""
        return None if self.basis is None else api.advise_on(*self.basis)

    def reason(self) -> str:
        """Return why the calls run this way, in words."""
        if self.advice is None:
            return self.why
        found = self.advice.reasons[0].text if self.advice.reasons else self.advice.summary
        return f"{self.why}; {found}" if self.why else found

    @property
    def lowest_rate(self) -> float | None:
        """Calls per second at the pessimistic end of the prediction."""
        return self.calls / self.slowest if self.slowest else None

    def seconds_of(self, strategy: Strategy) -> float:
        """Return the predicted seconds of another strategy; infinite if it cannot run the calls."""
        return min((seconds for name, seconds in self.alternatives if name == strategy), default=math.inf)

    def because(self, why: str) -> Plan:
        """Return the plan with what led to it."""
        return replace(self, why=why)


def chosen_plan(strategy: Strategy, workers: int | None, *, chunk: int) -> Plan:
    """Return the plan for a strategy that the caller has chosen, with the usual number of workers."""
    machine = host_for(in_notebook=False)
    usual = {"threading": min(32, machine.cores + 4), "asyncio": 100}
    return Plan(
        strategy,
        workers or usual.get(strategy, machine.cores),
        chunk=chunk,
        start_method=machine.start_method,
        why="chosen by the caller",
    )


def host_for(*, in_notebook: bool, cluster: Cluster | None = None) -> Machine:
    """Return this host with the start method that suits the state of this process; nothing is measured.

    A fork copies the locks of other threads in whatever state they are, so worker processes are forked only from a
    process without further threads.
    """
    machine = this_machine(seconds=0.0).model_copy(update={"cluster": cluster})
    if machine.start_method == "fork" and (in_notebook or threading.active_count() > 1):
        return machine.started_by("spawn")
    return machine


def make_plan(profile: Profile, calls: int, wishes: Wishes, machine: Machine) -> Plan:
    """Return the plan for so many calls."""
    profile = _with_our_pickling(profile)
    job = Job(calls=max(1, min(calls, MAX_CALLS)))
    estimates = _as_observed(_possible(profile, job, machine, wishes), wishes, profile)
    request = AdviceRequest(profile, job, machine, in_notebook=profile.reached == "notebook")
    chosen = _unless_unsure(choose(estimates, request).best, estimates, profile)
    return Plan(
        strategy=chosen.strategy,
        workers=chosen.workers,
        chunk=chosen.chunk,
        start_method=chosen.start_method or machine.start_method,
        seconds=chosen.seconds.expected,
        slowest=chosen.seconds.high,
        start_up=chosen.start_up,
        calls=job.calls,
        alternatives=tuple(
            (each.strategy, each.seconds.expected) for each in estimates if each.feasible and each is not chosen
        ),
        most_workers=_most_workers(chosen, wishes),
        basis=(request, estimates),
    )


def _most_workers(chosen: Estimate, wishes: Wishes) -> int:
    if chosen.strategy == "cluster":
        return chosen.workers  # all threads that it has
    return MAX_WORKERS if wishes.workers is None else wishes.workers


def _unless_unsure(chosen: Estimate, estimates: tuple[Estimate, ...], profile: Profile) -> Estimate:
    """Return threads instead of processes that gain little if few calls were measured, and those mostly waited.

    The first calls compute more than the others, since what they use is in no cache yet; and threads start at once.
    """
    if chosen.strategy != "multiprocessing" or profile.calls > FEW_CALLS or not profile.wait:
        return chosen
    threads = [each for each in estimates if each.strategy == "threading" and each.feasible]
    best = min(threads, key=lambda each: each.seconds.expected, default=chosen)
    is_unsure = profile.wait > MOSTLY * profile.wall and best.seconds.expected < UNSURE * chosen.seconds.expected
    return best if is_unsure else chosen


def depends_on_gil(profile: Profile, calls: int, wishes: Wishes, machine: Machine, plan: Plan) -> bool:
    """Return True if another plan might be clearly faster, were the computing done with the GIL released.

    The plan assumes that all computing in Python threads holds the GIL.
    """
    held = profile.gil_held or 0.0
    if held * calls < WATCHING_SECONDS or profile.python.free_threaded or machine.cores == 1 or plan.seconds is None:
        return False
    released = profile.model_copy(update={"gil_held": 0.0, "gil_free": (profile.gil_free or 0.0) + held})
    other = make_plan(released, calls, wishes, machine)
    if (profile.native_threads or 1.0) > SEVERAL_CORES and other.strategy != plan.strategy:
        return True  # the call's own threads compute without the GIL, so this thread probably does, too
    gain = plan.seconds - (other.seconds or 0.0)
    return gain > max(GIL_MATTERS * plan.seconds, WATCHING_SECONDS)


def _possible(profile: Profile, job: Job, machine: Machine, wishes: Wishes) -> tuple[Estimate, ...]:
    """Return the estimates of the ways to run the job that a run has, the plain loop among them."""
    estimate = estimator.shortlist if wishes.workers is None else estimator.estimate
    clusters = _on_cluster(profile, job, machine, wishes)
    machine = machine.model_copy(update={"cluster": None})
    estimates = estimate(profile, job, machine, max_workers=MAX_WORKERS)
    if job.calls >= MANY_CALLS * machine.cores:
        longer = estimate(profile, Job(calls=min(LONGER * job.calls, MAX_CALLS)), machine, max_workers=MAX_WORKERS)
        processes = [_shortened(each, job.calls, profile.wall) for each in longer if each.strategy == "multiprocessing"]
        estimates = (*(each for each in estimates if each.strategy != "multiprocessing"), *processes)
    strategies = _usable(profile, machine, wishes)
    possible = [
        each
        for each in estimates
        if each.strategy == "sequential"
        or (each.strategy in strategies and (wishes.workers is None or each.workers <= wishes.workers))
    ]
    return (*possible, *clusters)


def _on_cluster(profile: Profile, job: Job, machine: Machine, wishes: Wishes) -> tuple[Estimate, ...]:
    """Return the estimates of the cluster, if there is one; it may use all of its threads, however many."""
    if machine.cluster is None or "cluster" in wishes.abandoned:
        return ()
    estimates = estimator.shortlist(profile, job, machine, max_workers=wishes.workers)
    return tuple(each for each in estimates if each.strategy == "cluster")


def _as_observed(estimates: tuple[Estimate, ...], wishes: Wishes, profile: Profile) -> tuple[Estimate, ...]:
    """Let strategies promise no more than they have brought.

    What slows down processes slows down threads as well, such as a lock of a database or the memory of the host, unless
    it is what travels between the processes.
    """
    limits = dict(wishes.observed)
    travels = (profile.argument_bytes or 0.0) + (profile.result_bytes or 0.0) > TRAVELS_EASILY
    if "multiprocessing" in limits and not travels:
        for strategy in _POOLS:
            limits[strategy] = min(limits.get(strategy, math.inf), limits["multiprocessing"])
    loop = next(each.seconds.expected for each in estimates if each.strategy == "sequential")
    return tuple(
        _at_least(each, loop / limits[each.strategy]) if each.strategy in limits else each for each in estimates
    )


def _at_least(estimate: Estimate, seconds: float) -> Estimate:
    """Return the estimate with at least so many seconds."""
    factor = seconds / estimate.seconds.expected
    if factor <= 1.0:
        return estimate
    scaled = {name: factor * value for name, value in estimate.seconds.model_dump().items()}
    return estimate.model_copy(update={"seconds": Range(**scaled)})


def _shortened(longer: Estimate, calls: int, call_seconds: float) -> Estimate:
    """Scale the estimate of a longer job: a run makes the chunks smaller towards its end, unlike `Executor.map`."""
    share = calls / min(LONGER * calls, MAX_CALLS)
    tail = call_seconds / 2
    seconds = {
        name: longer.start_up + (whole - longer.start_up) * share + tail
        for name, whole in longer.seconds.model_dump().items()
    }
    return longer.model_copy(update={"seconds": Range(**seconds)})


def _usable(profile: Profile, machine: Machine, wishes: Wishes) -> Collection[Strategy]:
    """Return the strategies that a run may use: those whose workers need no changed objects, and are not ruled out."""
    return [
        strategy
        for strategy in _POOLS
        if strategy not in wishes.abandoned
        and not (strategy == "multiprocessing" and sys.platform == "win32")
        and not remedied(strategy, profile, machine)
    ]


def _with_our_pickling(profile: Profile) -> Profile:
    """Return the profile for workers that inherit the function, or get it by value."""
    if profile.picklable.function is not False or not hasattr(os, "fork"):
        return profile
    reasons = {part: reason for part, reason in profile.picklable.reasons.items() if part != "function"}
    picklable = profile.picklable.model_copy(update={"function": True, "reasons": reasons})
    return profile.model_copy(update={"picklable": picklable})
