"""Plan a job whose calls must be ended when they take too long: from the first call on, they run in a worker.

Only a worker process can be ended at any moment, so processes are preferred even where threads are somewhat faster.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from statistics import fmean

from advisor.host.cores_and_memory import python
from advisor.jobs.dispatcher import Sample
from advisor.jobs.plan import Plan, Wishes, host_for, make_plan
from advisor.jobs.run_state import RunState
from advisor.measure import imported_modules, memory, pickling
from advisor.measure.profiler import identity, is_in_notebook
from advisor.measure.shared_state.global_writes import may_write_shared
from advisor.measure.shared_state.touched_objects import TouchedObjects
from advisor.models import Cluster, Machine, Profile, Strategy, Touch
from advisor.target.inputs import Call

WORTH_ENDING = 3.0  # times as long as threads that worker processes may take
_PICKLING_SECONDS = 0.02
_WHY = "the first calls, in a worker that can be ended"


def first_plan(state: RunState) -> Plan:
    """Return the plan for the first calls: one worker, a process if what the calls share stays right there."""
    if state.coroutine:
        return Plan("asyncio", why=_WHY)
    machine = host_for(in_notebook=is_in_notebook(state.function))
    touched = TouchedObjects(state.function)
    if _breaks(touched.touches(), machine) or any(map(may_write_shared, touched.functions)):
        return thread_plan("a worker process would break what the calls share")
    return Plan("multiprocessing", start_method=machine.start_method, why=_WHY)


def thread_plan(why: str) -> Plan:
    """Return the plan for one thread, which is left behind if its call does not end."""
    return Plan("threading", why=f"{why}; nothing can end a thread, so one that times out is left behind")


def plan(
    state: RunState, samples: Sequence[Sample], abandoned: Collection[Strategy], cluster: Cluster | None = None
) -> Plan:
    """Return the plan for the rest, in workers of which each can be ended if that costs no more than it may.

    Args:
        state: Of the run.
        samples: Calls that ran in a worker.
        abandoned: Strategies that do not work.
        cluster: That may do the job.
    """
    profile = _profile(state, samples)
    machine = host_for(in_notebook=is_in_notebook(state.function), cluster=cluster)
    wishes = Wishes(state.settings.workers, frozenset(abandoned))
    without_threads = replace(wishes, abandoned=wishes.abandoned | {"threading"})
    if not state.coroutine and any(map(may_write_shared, TouchedObjects(state.function).functions)):
        return thread_plan("calls may change what they share, one after the other")
    fastest = make_plan(profile, state.rest_calls, wishes, machine)
    if fastest.strategy == "sequential":
        return _one_worker(fastest, profile, machine, abandoned)
    if fastest.strategy != "threading":
        return fastest
    endable = make_plan(profile, state.rest_calls, without_threads, machine)
    if endable.strategy == "multiprocessing" and (endable.seconds or 0.0) <= WORTH_ENDING * (fastest.seconds or 0.0):
        return endable.because("a thread cannot be ended")
    return fastest.because("worker processes would be slow or wrong, so threads that time out are left behind")


def _one_worker(fastest: Plan, profile: Profile, machine: Machine, abandoned: Collection[Strategy]) -> Plan:
    """Return a plan for one worker, where more would gain nothing."""
    if profile.coroutine:
        strategy: Strategy = "asyncio"
    elif _breaks(profile.touches, machine) or "multiprocessing" in abandoned:
        strategy = "threading"
    else:
        strategy = "multiprocessing"
    return Plan(strategy, start_method=machine.start_method, basis=fastest.basis)


def _breaks(touches: Iterable[Touch], machine: Machine) -> bool:
    forked = machine.start_method == "fork"
    return any((touch.fork if forked else touch.spawn) == "unsafe" for touch in touches)


def _profile(state: RunState, samples: Sequence[Sample]) -> Profile:
    """Return the profile of calls that ran in a worker; all their computing counts as holding the GIL."""
    function, in_notebook = state.function, is_in_notebook(state.function)
    wall = max(fmean(sample.seconds for sample in samples), 1e-9)
    known = [sample.cpu for sample in samples if sample.cpu is not None]
    computing = min(fmean(known), wall) if known else 0.0
    calls = [Call(*sample.arguments) for sample in samples]
    results = [sample.result for sample in samples]
    pickling.load_pickler()
    return Profile(
        calls=len(samples),
        wall=wall,
        gil_held=computing,
        gil_free=0.0,
        child_cpu=0.0,
        wait=wall - computing,
        gil_source="estimated",
        first_call=samples[0].seconds,
        **identity(function, state.name),
        **pickling.measure_pickling(function, calls, results, _PICKLING_SECONDS, by_value=in_notebook),
        modules=imported_modules.modules(function),
        idle_memory=memory.resident_memory(),
        python=python(),
        coroutine=state.coroutine,
        touches=TouchedObjects(function).touches(),
    )
