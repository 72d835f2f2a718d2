"""A stage of a run: calls in a pool, to the end or until the strategy should change."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from advisor.errors import UsageError
from advisor.jobs.dispatcher import MAX_WAITING, Dispatcher, Sample
from advisor.jobs.pools.pool import Pool, Setup
from advisor.jobs.run_state import RunState

if TYPE_CHECKING:
    from advisor.jobs.plan import Plan
    from advisor.jobs.pools.threads import ThreadPool
    from advisor.jobs.review import Review, Verdict
    from advisor.models import Profile

WAITING_BYTES = 256 << 20  # of results that wait for one before them


def run_stage(
    state: RunState, plan: Plan, profile: Profile | None = None, *, samples: list[Sample] | None = None
) -> Generator[list[Any], None, Verdict | None]:
    """Run calls as planned, and yield the results.

    Args:
        state: Of the run.
        plan: The strategy.
        profile: On which the plan rests; without one, the stage is not reviewed.
        samples: Filled with the first calls; then the stage ends.

    Returns:
        Why the stage should not go on; None at its end.

    Raises:
        PoolBrokenError: The workers cannot work.
    """
    state.outcomes.tally.begin_stage(plan.strategy, plan.workers, plan.reason)
    pool = _open_pool(state, plan)
    dispatcher = Dispatcher(
        pool,
        state.inputs,
        state.outcomes,
        chunk=plan.chunk,
        call_timeout=state.settings.call_timeout,
        window=_window(profile),
    )
    dispatcher.take_over(state.pending)
    observers = _observers(state, plan, profile, pool, dispatcher)
    verdict: Verdict | None = None
    is_clean = False
    try:
        while dispatcher.has_more and not state.is_stopping:
            dispatcher.step()
            _note_sequential(state, profile, *dispatcher.take_noted())
            if samples is not None and dispatcher.samples:
                dispatcher.stop_sending()
            yield from state.reader.read()
            for look in observers if verdict is None else ():
                found = look()
                if found is not None and found.workers is not None:
                    pool.resize(found.workers)
                    state.outcomes.tally.begin_stage(plan.strategy, found.workers, found.why)
                elif found is not None:
                    verdict = found
                    dispatcher.stop_sending()
        is_clean = not state.is_stopping
    finally:
        if not is_clean:
            with contextlib.suppress(Exception):  # what has finished is kept
                dispatcher.collect()
        pool.close(kill=not is_clean)
        state.pending = dispatcher.hand_back()
    if samples is not None:
        samples += dispatcher.samples
    yield from state.reader.read()
    return verdict


def _observers(state: RunState, plan: Plan, profile: Profile | None, pool: Pool, dispatcher: Dispatcher) -> list[Any]:
    """Return functions that look at the stage from time to time, and may return a verdict."""
    from advisor.jobs.memory_watch import MemoryWatch
    from advisor.jobs.pools.processes import ProcessPool
    from advisor.jobs.pools.threads import ThreadPool
    from advisor.jobs.review import Review

    observers: list[Any] = []
    if isinstance(pool, ProcessPool):
        observers.append(MemoryWatch(pool).look)
    if plan.strategy == "cluster":
        observers.append(_cluster_watch(state, pool))
    may_leave = math.isfinite(plan.seconds_of("multiprocessing")) and not state.waits_for_lock
    if may_leave and isinstance(pool, ThreadPool) and profile is not None:
        observers.append(_lock_watch(state, plan, profile, pool, dispatcher))
    if profile is not None:
        review = Review(plan, profile, fixed=state.settings.workers is not None)
        observers.append(lambda: _look(review, dispatcher, state.rest_calls))
    return observers


def _cluster_watch(state: RunState, pool: Pool) -> Callable[[], Verdict | None]:
    from advisor.jobs.cluster_watch import ClusterWatch
    from advisor.jobs.pools.cluster import ClusterPool

    assert isinstance(pool, ClusterPool)
    return ClusterWatch(pool, state.outcomes.tally).look


def _lock_watch(
    state: RunState, plan: Plan, profile: Profile, pool: ThreadPool, dispatcher: Dispatcher
) -> Callable[[], Verdict | None]:
    """Return a function that looks whether threads wait for a lock that worker processes would not share."""
    from advisor.jobs.lock_watch import LockWatch

    watch = LockWatch(pool, profile.wall, plan.seconds_of("multiprocessing"))

    def look() -> Verdict | None:
        verdict = watch.look(dispatcher.calls_ended, state.rest_calls + dispatcher.calls_in_flight)
        state.waits_for_lock |= verdict is not None
        return verdict

    return look


def _look(review: Review, dispatcher: Dispatcher, rest: int) -> Verdict | None:
    """Return a verdict; none where a service sets the pace."""
    if dispatcher.request_pace.rate is not None:
        return None
    return review.look(dispatcher.pace, dispatcher.cpus, rest)


def _note_sequential(state: RunState, profile: Profile | None, calls: int, seconds: float, cpu: float | None) -> None:
    """Add what calls would have taken in a plain loop; in a pool they also wait for cores and for each other."""
    if profile is not None:
        seconds = calls * profile.wall if cpu is None else cpu + calls * (profile.wait or 0.0)
    state.outcomes.tally.sequential_seconds += seconds


def _open_pool(state: RunState, plan: Plan) -> Pool:
    function, settings = state.function, state.settings
    if plan.strategy == "cluster":
        return _open_cluster_pool(state)
    if plan.strategy == "asyncio":
        from advisor.jobs.pools.event_loop import EventLoopPool

        return EventLoopPool(Setup(function), plan.workers, state.open_loop())
    if state.coroutine:
        from functools import partial

        from advisor.run.worker import run_coroutine

        function = partial(run_coroutine, function)
    setup = Setup(function, settings.initializer, settings.initargs)
    if plan.strategy == "threading":
        from advisor.jobs.pools.threads import ThreadPool

        return ThreadPool(setup, plan.workers)
    if plan.strategy == "multiprocessing":
        from advisor.jobs.pools.processes import ProcessPool

        return ProcessPool(setup, plan.workers, start_method=plan.start_method)
    raise UsageError(f"a run has no workers for {plan.strategy}: choose threading, multiprocessing or asyncio")


def _open_cluster_pool(state: RunState) -> Pool:
    from advisor.jobs import pools
    from advisor.jobs.pools.cluster import TASK_SECONDS, ClusterPool

    assert state.cluster is not None
    assert state.shipping is not None
    settings, shipping, costs = state.settings, state.shipping, state.cluster_costs
    return ClusterPool(
        Setup(state.function, settings.initializer, settings.initargs),
        state.cluster,
        pickle_program=lambda program: shipping.program(program, pools),
        coroutine=state.coroutine,
        limit=settings.workers,
        call_timeout=settings.call_timeout,
        task_seconds=TASK_SECONDS if costs is None else costs.task_seconds,
    )


def _window(profile: Profile | None) -> int:
    """Return how many results may wait for one before them, so that they fit into the memory."""
    if profile is None:
        return MAX_WAITING
    each = (profile.result_bytes or 0.0) + (profile.argument_bytes or 0.0)
    return max(16, min(MAX_WAITING, int(WAITING_BYTES / max(each, 1.0))))
