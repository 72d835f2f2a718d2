"""Predicted seconds of typical calls, among them cases that have cost users time elsewhere."""

from __future__ import annotations

import math

import pytest
from predictions import TWO_CORES, best, call, estimate_of, speedups

from advisor.models import Estimate, Job, Machine, Profile, Python, Range, SideEffects
from advisor.predict.chunk_sizes import CHUNK_SECONDS
from advisor.predict.demands import call_demands
from advisor.predict.estimator import estimate, leaders


def test_microsecond_function_stays_in_a_loop() -> None:
    """Pools make a hundred trivial calls at least ten times slower (pathos #79), however many calls there are."""
    trivial = call(0.1e-6, gil=1)
    assert best(trivial, calls=100) == ("sequential", 1)
    assert best(trivial, calls=10**9) == ("sequential", 1)
    assert all(gain < 0.1 for (strategy, _), gain in speedups(trivial, calls=100).items() if strategy != "sequential")
    pool = estimate_of(trivial, "multiprocessing", 2, calls=100)
    assert pool.bottleneck == "start-up"
    assert pool.why.startswith("starting 2 processes takes 12 ms")


def test_bound_method_pickles_its_self() -> None:
    """9 MB of `self` pickled with every task undo what two cores gain (boltzgen #235), unless a task is many calls."""
    light = call(0.05, gil=1)
    heavy = call(0.05, gil=1, function_bytes=9e6, pickle_seconds=0.08)
    assert speedups(light, 12)["multiprocessing", 2] > 1.8
    assert speedups(heavy, 12)["multiprocessing", 2] < 1.0
    assert estimate_of(heavy, "multiprocessing", 2, 1000).chunk >= 10
    assert speedups(heavy, 1000)["multiprocessing", 2] > 1.5


def test_chunk_size_just_below_a_power_of_ten() -> None:
    """A worthwhile chunk of just under a thousand calls is rounded down without an error."""
    wall = CHUNK_SECONDS / math.nextafter(1000, 0)
    assert estimate_of(call(wall, gil=1.0), "multiprocessing", 2, calls=100_000).chunk in (500, 1000)


def test_a_call_that_uses_all_cores_gains_nothing() -> None:
    """BLAS keeps both cores busy by itself: threads gain nothing, processes lose, and the explanation says why."""
    blas = Profile(calls=9, wall=0.1, gil_held=0.001, gil_free=0.198, child_cpu=0, wait=0, native_threads=2)
    assert best(blas) == ("sequential", 1)
    gains = speedups(blas)
    assert gains["threading", 2] < 1.02
    assert gains["multiprocessing", 2] < 0.7
    assert "keeps 2 cores busy" in estimate_of(blas, "multiprocessing", 2).why


def test_native_threads_imply_core_seconds() -> None:
    """Native threads count as busy cores even if their CPU time was not measured."""
    blas = Profile(calls=9, wall=0.1, gil_held=0.0, gil_free=0.1, child_cpu=0, wait=0, native_threads=4)
    assert call_demands(blas).native == pytest.approx(0.4)
    assert best(blas, machine=Machine(cores=4)) == ("sequential", 1)


def test_more_processes_than_cores_when_calls_wait() -> None:
    """Four processes on two cores beat two by half when a call waits for half of its time."""
    half = call(0.02, gil=0.5)
    gains = speedups(half)
    assert gains["multiprocessing", 2] == pytest.approx(1.8, abs=0.2)
    assert gains["multiprocessing", 4] > 1.5 * gains["multiprocessing", 2]
    assert best(half)[1] > 2


def test_tasks_too_large_for_the_pipe_cannot_be_sent_ahead() -> None:
    """A parent that fills the buffer of a pipe waits for a worker to read, and the workers then wait for it."""
    cheap = Machine(cores=8, process_byte=0)
    small, large = (
        estimate_of(call(0.01, gil=0.5, argument_bytes=size, pickle_seconds=0.004), "multiprocessing", 5, machine=cheap)
        for size in (60_000, 70_000)
    )
    assert large.seconds.expected > 1.02 * small.seconds.expected


def test_native_work_with_large_arguments_prefers_threads() -> None:
    """A GIL-free call with 8 MB arguments gains on threads what pickling costs in processes."""
    gains = speedups(call(0.02, free=1, argument_bytes=8e6, pickle_seconds=0.01), calls=200)
    assert gains["threading", 2] > 1.9
    assert gains["multiprocessing", 2] < 1.3


def test_pure_python_loses_on_threads() -> None:
    """Threads that take turns at the GIL are up to 20 % slower than a loop."""
    gains = speedups(call(0.05, gil=1))
    assert 0.80 <= gains["threading", 4] <= 0.98
    assert gains["multiprocessing", 2] > 1.9


def test_waiting_work_wants_more_threads_than_cores() -> None:
    """Ten threads cost several times what fifty do when a call only waits."""
    waits = call(0.1, gil=0.005)
    gains = speedups(waits)
    assert gains["threading", 10] == pytest.approx(10, rel=0.05)
    assert gains["threading", 48] > 4 * gains["threading", 10]


def test_short_job_of_long_calls_runs_in_rounds() -> None:
    """Nine equal calls take three rounds on four cores as on three; one process more than cores fills the gap."""
    nine = call(1.0, gil=1, spread=0.0)
    gains = speedups(nine, 9, Machine(cores=4))
    assert gains["multiprocessing", 3] == pytest.approx(3.0, rel=0.02)
    assert gains["multiprocessing", 4] == pytest.approx(3.0, rel=0.02)
    assert gains["multiprocessing", 5] == pytest.approx(4.0, rel=0.02)


def test_first_estimate_is_the_plain_loop() -> None:
    """The plain loop comes first, takes calls times wall, and starts nothing."""
    loop = estimate(call(0.5, gil=1), Job(calls=10), TWO_CORES)[0]
    assert (loop.strategy, loop.workers, loop.seconds.expected, loop.start_up) == ("sequential", 1, 5.0, 0.0)


def test_slow_first_call_is_paid_once_or_by_each_process() -> None:
    """A slow first call is paid once where memory is shared, and by each worker where it is not."""
    warm = call(0.1, gil=1)
    cold = call(0.1, gil=1, first_call=2.1)
    extra = {
        strategy: estimate_of(cold, strategy, workers).seconds.expected
        - estimate_of(warm, strategy, workers).seconds.expected
        for strategy, workers in (("sequential", 1), ("threading", 4), ("multiprocessing", 4))
    }
    assert extra == pytest.approx({"sequential": 2.0, "threading": 2.0, "multiprocessing": 4.0})


def test_spawned_workers_import_the_target() -> None:
    """Without fork every worker imports the target, as many at once as there are cores."""
    heavy = call(0.1, gil=1, import_seconds=1.0)
    forked = estimate_of(heavy, "multiprocessing", 4)
    spawned = estimate_of(heavy, "multiprocessing", 4, machine=Machine(cores=2, start_method="spawn"))
    assert spawned.start_up - forked.start_up == pytest.approx(2.0)


def test_asyncio_is_for_coroutine_functions() -> None:
    """asyncio is considered for a coroutine function only, and its computing is serial on the loop."""
    plain, coroutine = call(0.1, gil=0.05, free=0.05), call(0.1, gil=0.05, free=0.05, coroutine=True)
    assert "asyncio" not in leaders(estimate(plain, Job(), TWO_CORES))
    gains = speedups(coroutine)
    assert 9.0 < gains["asyncio", 50] <= 10.2
    assert estimate_of(coroutine, "asyncio", 50).why.startswith("limited by the event loop")
    assert gains["threading", 16] > gains["asyncio", 16]


@pytest.mark.parametrize(
    ("parts", "low", "high"),
    [
        ({"loop_blocked": 0.0}, 50, 100),
        ({"loop_blocked": 0.05}, 1.8, 2.0),
        ({"loop_blocked": 0.1}, 0.9, 1.0),
        ({"child": 0.5, "loop_blocked": 0.0}, 3.0, 4.0),  # the cores' limit
        ({"child": 0.5, "loop_blocked": 0.1}, 0.9, 1.0),  # the child is waited for in the loop's thread
    ],
)
def test_what_blocks_the_event_loop_is_serial_there(parts: dict[str, float], low: float, high: float) -> None:
    """It is no obstacle to threads, of which each has a loop of its own."""
    gains = speedups(call(0.1, coroutine=True, **parts))
    assert low <= gains["asyncio", 100] <= high
    assert gains["threading", 64] > 3.0


def test_caches_are_cold_only_while_a_call_is_alone() -> None:
    """A call beside others does not lose its caches at each wait, so the GIL lets more calls through."""
    waits = Profile(calls=50, wall=0.0126, gil_held=0.0006, gil_free=0.0, child_cpu=0.0, wait=0.012, switches=1.0)
    cold, warm = (
        max(gain for (strategy, _), gain in speedups(waits, machine=Machine(cores=2, cold_wake=lost)).items())
        for lost in (0.0, 200e-6)
    )
    assert 1.15 * cold < warm < 1.6 * cold


def test_frequent_gil_releases_cost_threads() -> None:
    """Each hand-over costs several times the burst before it, where another thread wants the GIL too."""
    often = call(0.012, gil=0.75, free=0.25, gil_releases=230.0)
    seldom = call(0.012, gil=0.75, free=0.25, gil_releases=2.0)
    host = Machine(cores=2, gil_switch=20e-6)
    assert speedups(often, machine=host)["threading", 4] < 0.95
    assert speedups(seldom, machine=host)["threading", 4] > 1.15


def test_a_blocked_gil_blocks_threads_but_not_processes() -> None:
    """Waiting with the GIL held blocks other threads, and needs no core."""
    blocked = call(0.1, gil=0.1, gil_blocked=0.09)
    gains = speedups(blocked)
    assert gains["threading", 16] < 1.1
    assert gains["multiprocessing", 16] > 10


def test_free_threading_lets_python_run_in_parallel() -> None:
    """Without a GIL threads gain nearly what processes do for Python code, and all of it for native code."""
    free = Machine(cores=8, python=Python(version="3.13.1", free_threaded=True))
    assert 6 < speedups(call(0.01, gil=1), machine=free)["threading", 8] < 7
    assert speedups(call(0.01, free=1), machine=free)["threading", 8] > 7


def test_threads_without_a_gil_contend_for_shared_objects() -> None:
    """Calls that write globals or draw from the global random generator lose more than the cores give."""
    free = Machine(cores=2, python=Python(version="3.13.1", free_threaded=True))
    for effects in (SideEffects(globals_written=("ROWS",)), SideEffects(random_shared=True)):
        sharing = call(0.01, free=1, python=free.python, side_effects=effects)
        gains = speedups(sharing, machine=free)
        assert gains["threading", 2] < 1.0
        assert gains["multiprocessing", 2] > 1.5


def test_profile_without_a_gil_does_not_tell_the_gil_share() -> None:
    """On an interpreter with a GIL, its computing counts as holding it; the interval is wide."""
    free = Python(version="3.14.0", free_threaded=True)
    measured = call(0.01, free=1, python=free)
    assert speedups(measured, machine=Machine(cores=8, python=free))["threading", 8] > 6
    with_gil = Machine(cores=8, python=Python(version="3.14.0"))
    assert speedups(measured, machine=with_gil)["threading", 8] < 1.1
    threads = estimate_of(measured, "threading", 8, machine=with_gil)
    assert threads.seconds.high / threads.seconds.low > 6


def test_subinterpreters_start_in_parallel_on_the_cores() -> None:
    """Each worker's thread starts its own: two on two cores take as long as one, eight four times as long."""
    host = Machine(cores=2, python=Python(version="3.14.0"), interpreter_start=0.04)
    waiting = call(0.1)
    starts = [estimate_of(waiting, "interpreters", workers, machine=host).start_up for workers in (2, 8)]
    assert starts == pytest.approx([0.04, 0.16])


@pytest.mark.parametrize(("version", "available"), [("3.13.5", False), ("3.14.0", True), ("3.14", True), ("", False)])
def test_interpreters_from_314(version: str, available: bool) -> None:
    """Subinterpreters are considered where the interpreter has a pool of them."""
    found = leaders(estimate(call(0.01, gil=1), Job(), Machine(cores=8, python=Python(version=version))))
    assert ("interpreters" in found) is available
    if available:
        assert found["interpreters"].workers > 4


def test_leaders_take_the_fewest_workers_that_suffice() -> None:
    """The smallest count within the tolerance of the best leads, never an infeasible one if another is feasible."""

    def threads(workers: int, seconds: float, feasible: bool = True) -> Estimate:
        return Estimate(
            strategy="threading",
            workers=workers,
            seconds=Range(low=seconds, expected=seconds, high=seconds),
            bottleneck="gil",
            feasible=feasible,
        )

    assert leaders([threads(8, 1.0), threads(4, 1.015), threads(2, 1.2), threads(16, 0.5, feasible=False)]) == {
        "threading": threads(4, 1.015)
    }


def test_run_queue_time_counts_as_computing() -> None:
    """Time in the run queue is given back to the parts that compute."""
    parts = call_demands(Profile(calls=9, wall=1.0, gil_held=0.3, gil_free=0.1, child_cpu=0, wait=0.4, run_queue=0.2))
    assert (parts.gil, parts.native, parts.wait) == pytest.approx((0.45, 0.15, 0.4))


def test_run_queue_time_after_a_wait_counts_as_waiting() -> None:
    """A woken thread without a core does not hold the GIL: 1.4 ms in the queue are not computing."""
    nap = Profile(calls=9, wall=0.0515, gil_held=4e-5, gil_free=0, child_cpu=0, wait=0.05, run_queue=0.00146)
    parts = call_demands(nap.model_copy(update={"preempted": 1e-5}))
    assert (parts.gil, parts.wait) == pytest.approx((5e-5, 0.05145))
    assert best(nap.model_copy(update={"preempted": 1e-5}))[0] == "threading"
    assert best(nap.model_copy(update={"preempted": 0.00146}))[0] == "multiprocessing"
