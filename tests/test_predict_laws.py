"""Intervals of predictions, and laws that hold for every valid profile."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from predictions import call, estimate_of

from advisor.models import Job, Machine, Profile, Python, Range, Strategy
from advisor.predict.estimator import estimate, leaders, shortlist

TOLERANCE = 1.001


def test_interval_of_python_without_a_gil_is_wide() -> None:
    """The interval of threads is wide for Python code, narrow for native code and for waiting."""
    free = Machine(cores=2, python=Python(version="3.13.1", free_threaded=True))
    python = estimate_of(call(0.01, gil=1), "threading", 2, machine=free).seconds
    native = estimate_of(call(0.01, free=1), "threading", 2, machine=free).seconds
    waiting = estimate_of(call(0.01), "threading", 2, machine=free).seconds
    assert python.high / python.low > 2.5
    assert max(native.high / native.low, waiting.high / waiting.low) < 2


def test_unknown_time_counts_as_holding_the_gil() -> None:
    """A profile with only a wall time is predicted like pure Python, less surely on the fast side."""
    known, unknown = call(0.01, gil=1), Profile(calls=1, wall=0.01)
    sure, unsure = estimate_of(known, "threading", 8), estimate_of(unknown, "threading", 8)
    assert unsure.seconds.expected == sure.seconds.expected
    assert unsure.seconds.low < 0.5 * sure.seconds.low


def test_standard_errors_widen_the_interval() -> None:
    """A GIL share that is known badly widens the interval of threads, but not of processes."""
    sharp = call(0.1, gil=0.3, free=0.7)
    blunt = call(0.1, gil=0.3, free=0.7, standard_error={"gil_held": 0.01})
    host = Machine(cores=16)

    def width(profile: Profile, strategy: Strategy) -> float:
        seconds = estimate_of(profile, strategy, 16, machine=host).seconds
        return seconds.high / seconds.low

    assert width(blunt, "threading") > 1.3 * width(sharp, "threading")
    assert width(blunt, "multiprocessing") == pytest.approx(width(sharp, "multiprocessing"))


def test_assumed_figures_widen_the_interval() -> None:
    """Assumed pool costs, and an assumed profile, give wider intervals around the same figure."""

    def seconds(archetype: str | None, source: str) -> Range:
        machine = Machine.model_validate({"cores": 4, "source": source})
        return estimate_of(
            call(0.001, gil=1, archetype=archetype), "multiprocessing", 4, calls=100, machine=machine
        ).seconds

    measured, assumed, described = seconds(None, "measured"), seconds(None, "assumed"), seconds("parse", "assumed")
    assert measured.expected == assumed.expected == described.expected
    assert measured.high < assumed.high < described.high


@some.composite
def profiles(draw: some.DrawFn) -> Profile:
    """Any profile whose four parts add up to its wall time."""
    wall = draw(some.floats(1e-9, 1e6))
    weights = [draw(some.one_of(some.just(0.0), some.floats(1e-6, 1.0))) for _ in range(4)]
    total = math.fsum(weights) or 1.0
    gil, free, child, wait = (wall * weight / total for weight in weights)
    sent = some.one_of(some.none(), some.floats(0, 1e10))
    return Profile(
        calls=1,
        wall=wall,
        gil_held=gil,
        gil_free=free,
        child_cpu=child,
        wait=wait,
        gil_releases=draw(some.one_of(some.none(), some.floats(0, 1e6))),
        switches=draw(some.one_of(some.none(), some.floats(0, 1e6))),
        argument_bytes=draw(sent),
        result_bytes=draw(sent),
        function_bytes=draw(sent),
        pickle_seconds=draw(some.one_of(some.none(), some.floats(0, 1e3))),
        spread=draw(some.one_of(some.none(), some.floats(0, 1e6))),
        first_call=draw(some.one_of(some.none(), some.floats(0, 1e6))),
        coroutine=draw(some.booleans()),
        standard_error=draw(some.dictionaries(some.sampled_from(["wall", "wait", "gil_held"]), some.floats(0, 1e6))),
    )


machines = some.builds(
    Machine,
    cores=some.integers(1, 128),
    memory=some.one_of(some.none(), some.integers(1, 10**12)),
    start_method=some.sampled_from(["fork", "spawn"]),
    core_scaling=some.floats(0.5, 1.0),
    cold_wake=some.just(0.0),  # a call that loses less beside others than alone gains more than these laws allow
    source=some.sampled_from(["measured", "assumed"]),
    python=some.builds(Python, version=some.sampled_from(["3.11.9", "3.14.0"])),
)


jobs = some.builds(Job, calls=some.integers(1, 10**9))


@settings(deadline=None, max_examples=60)
@given(profiles(), jobs, machines)
def test_no_estimate_breaks_a_law(profile: Profile, job: Job, machine: Machine) -> None:
    """1 / GIL share for threads, cores / CPU share for all, ordered intervals, workers no more than calls.

    Nor does the expected speed-up exceed the named limit, except with a slow first call, which a loop pays too.
    """
    warm = (profile.first_call or 0.0) <= profile.wall
    estimates = estimate(profile, job, machine)
    loop = estimates[0].seconds.expected
    gil, cpu = (profile.gil_held or 0.0) * job.calls, profile.cpu * job.calls
    for each in estimates:
        expected = each.seconds.expected
        assert each.seconds.low <= expected <= each.seconds.high
        assert 1 <= each.workers <= job.calls
        assert expected * TOLERANCE >= cpu / machine.cores
        assert expected * each.workers * TOLERANCE >= profile.wall * job.calls
        assert each.start_up <= expected
        assert each.why
        assert each.limit is None or not warm or loop <= each.limit * expected * TOLERANCE
        if each.strategy in ("threading", "asyncio", "sequential"):
            assert expected * TOLERANCE >= gil
    assert estimates[0].strategy == "sequential"
    assert loop * TOLERANCE >= profile.wall * job.calls
    assert set(leaders(estimates)) == {each.strategy for each in estimates}


@settings(deadline=None, max_examples=60)
@given(profiles(), jobs, machines)
def test_shortlist_is_part_of_all_estimates(profile: Profile, job: Job, machine: Machine) -> None:
    """The estimates behind a verdict are the same whether all worker counts were computed or not."""
    every, best = estimate(profile, job, machine), shortlist(profile, job, machine)
    assert all(each in every for each in best)
    feasible = {strategy: each for strategy, each in leaders(every).items() if each.feasible}
    assert {strategy: each for strategy, each in leaders(best).items() if each.feasible} == feasible
    for strategy in feasible:
        fastest = [
            min(each.seconds.expected for each in several if each.feasible and each.strategy == strategy)
            for several in (every, best)
        ]
        assert fastest[0] == fastest[1]


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(profiles(), jobs, machines, some.integers(1, 128))
def test_more_cores_are_never_slower(profile: Profile, job: Job, machine: Machine, more: int) -> None:
    """With the same workers, more cores never make a job longer.

    Hand-overs of the GIL are left out: these do grow with the cores, as more threads come back to the GIL at once
    (Beazley, "Understanding the Python GIL", 2010).
    """
    lossless = machine.model_copy(update={"gil_switch": 0.0})
    larger = lossless.model_copy(update={"cores": machine.cores + more})
    few, many = estimate(profile, job, lossless), estimate(profile, job, larger)
    after = {(each.strategy, each.workers): each.seconds.expected for each in many}
    for each in few:
        assert after.get((each.strategy, each.workers), 0.0) <= each.seconds.expected * TOLERANCE


unmeasured = some.one_of(some.none(), some.floats(0, 1e9))


@settings(deadline=None, max_examples=100)
@given(
    some.builds(
        Profile,
        calls=some.just(1),
        wall=some.floats(1e-300, 1e9),
        gil_held=some.none(),
        wait=some.none(),
        gil_free=unmeasured,
        child_cpu=unmeasured,
        gil_blocked=unmeasured,
        run_queue=unmeasured,
        native_threads=some.one_of(some.none(), some.floats(0, 1e5)),
        peak_memory=some.one_of(some.none(), some.integers(0, 10**18)),
        idle_memory=some.one_of(some.none(), some.integers(0, 10**18)),
    ),
    some.builds(Job, calls=some.integers(1, 10**12)),
    some.builds(
        Machine,
        cores=some.integers(1, 4096),
        core_scaling=some.floats(1e-3, 1.0),
        thread_task=some.floats(0, 1e9),
        process_task=some.floats(0, 1e9),
        process_byte=some.floats(0, 1e9),
        gil_switch=some.floats(0, 1e9),
    ),
)
def test_extreme_profiles_have_finite_estimates(profile: Profile, job: Job, machine: Machine) -> None:
    """Every valid record has finite estimates."""
    for each in estimate(profile, job, machine):
        assert 0 <= each.seconds.low <= each.seconds.expected <= each.seconds.high < math.inf
