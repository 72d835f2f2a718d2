"""Predicted seconds of jobs on a cluster: what limits it, what rules it out, and from when on it pays."""

from __future__ import annotations

import math
from typing import Any

import pytest
from predictions import call

from advisor.models import Cluster, Estimate, HeldResource, Job, Machine, Picklable, Profile, SideEffects, Touch
from advisor.predict.break_even import break_even
from advisor.predict.cluster_chunks import CHUNK_SECONDS, CHUNK_TASKS, cluster_chunk
from advisor.predict.clusters import BACKGROUND, COPIED_BYTE
from advisor.predict.estimator import estimate, leaders, shortlist

CONNECTION = Touch(name="DB", kind="connection", resource="database connection", threads="unsafe", fork="unsafe")


def cluster(**fields: Any) -> Cluster:
    """Return a Ray cluster of four hosts with two cores and two single-threaded workers each."""
    costs = {"task_seconds": 1e-3, "round_trip": 10e-3, "byte_seconds": 10e-9, "return_byte_seconds": 10e-9}
    return Cluster(**{"engine": "ray", "workers": 8, "hosts": 4, "cores": 8, **costs, **fields})


def on(profile: Profile, calls: int = 1000, **fields: Any) -> Estimate:
    """Return the estimate of such a cluster."""
    machine = Machine(cores=2, cluster=cluster(**fields))
    (found,) = (each for each in estimate(profile, Job(calls=calls), machine) if each.strategy == "cluster")
    return found


def seconds(profile: Profile, calls: int = 1000, **fields: Any) -> float:
    """Return the expected seconds."""
    return on(profile, calls, **fields).seconds.expected


def test_only_a_machine_with_a_cluster_has_the_strategy() -> None:
    """The cluster is estimated beside the local strategies if there is one, with all of its threads."""
    profile = call(0.05, gil=1)
    without = {each.strategy for each in estimate(profile, Job(), Machine(cores=2))}
    with_one = {each.strategy for each in shortlist(profile, Job(), Machine(cores=2, cluster=cluster()))}
    assert with_one - without == {"cluster"}
    assert on(profile, threads_each=3).workers == 24
    assert on(profile, calls=5).workers == 5


def test_calls_that_compute_use_every_core() -> None:
    """Eight workers on eight cores make long calls of pure Python eight times as fast, less a few round trips."""
    long = call(0.5, gil=1)
    assert seconds(long, 8000) == pytest.approx(8000 * 0.5 / 8, rel=0.01)
    assert seconds(long, 1, round_trip=0.3) == pytest.approx(0.5 + 0.3, rel=0.01)


def test_a_process_has_one_gil() -> None:
    """More threads do not help calls that hold the GIL, and help those that release it."""
    python, native = call(0.5, gil=1), call(0.5, free=1)
    wide = {"workers": 2, "threads_each": 4}
    assert seconds(python, 8000, **wide) >= 8000 * 0.5 / 2
    assert on(python, **wide).bottleneck == "gil"
    assert seconds(native, 8000, **wide) == pytest.approx(8000 * 0.5 / 8, rel=0.01)


def test_workers_share_the_cores_of_their_host() -> None:
    """Sixteen workers on two cores compute as fast as two."""
    python = call(0.5, gil=1)
    assert seconds(python, 8000, workers=16, hosts=1, cores=2) == pytest.approx(8000 * 0.5 / 2, rel=0.01)


def test_workers_of_dask_compute_in_the_background() -> None:
    """The profiler of a Dask worker takes a part of its core, and of its GIL even where cores are left."""
    python, native = call(0.5, gil=1), call(0.5, free=1)
    assert seconds(python, 8000, engine="dask") == pytest.approx(seconds(python, 8000) / (1 - BACKGROUND), rel=0.01)
    few = {"workers": 1, "threads_each": 8, "hosts": 1}
    assert seconds(native, 8000, engine="dask", **few) == pytest.approx(seconds(native, 8000, **few), rel=0.01)


def test_what_calls_share_is_sent_once_to_each_worker() -> None:
    """A large argument of all calls costs its bytes for each worker, not for each chunk."""
    slow = {"byte_seconds": 1e-6, "workers": 4, "hosts": 4, "cores": 4}
    alone = call(0.05, gil=1)
    shared = call(0.05, gil=1, argument_bytes=1e6, further_argument_bytes=0.0, function_bytes=0.0)
    assert seconds(shared, 1000, **slow) - seconds(alone, 1000, **slow) == pytest.approx(4.0, rel=0.1)


def test_waits_overlap_in_every_thread() -> None:
    """Calls that only wait run in all threads at once, whatever the cores."""
    assert seconds(call(0.5), 10_000, threads_each=10, cores=1, hosts=1) == pytest.approx(10_000 * 0.5 / 80, rel=0.05)


def test_the_scheduler_limits_short_calls() -> None:
    """A job is never faster than the client and the scheduler can send its tasks and their bytes."""
    short = call(1e-3, gil=1)
    slow = on(short, 100_000, workers=1000, hosts=100, cores=1000, task_seconds=5e-3)
    assert slow.bottleneck == "parent"
    assert slow.seconds.expected >= 100_000 / slow.chunk * 5e-3
    heavy = call(0.05, gil=1, argument_bytes=10e6, result_bytes=5e6)
    costs = {"byte_seconds": 20e-9, "return_byte_seconds": 40e-9}
    on_wire = max(10e6 * (20e-9 - COPIED_BYTE), 5e6 * (40e-9 - COPIED_BYTE))  # each direction has its own
    each = 15e6 * COPIED_BYTE + on_wire
    assert seconds(heavy, 1000, **costs) == pytest.approx(1000 * each, rel=0.05)
    assert "the client and the scheduler must send" in on(heavy, 1000, **costs).why


def test_the_function_is_sent_once() -> None:
    """A function with large data costs its bytes once, not with every task."""
    light = call(0.05, gil=1, function_bytes=0, pickle_seconds=0)
    heavy = call(0.05, gil=1, function_bytes=50e6, pickle_seconds=0)
    assert seconds(heavy) - seconds(light) == pytest.approx(50e6 * 10e-9)


def test_loading_comes_first() -> None:
    """Every worker loads the function before its first call, as many at once as there are cores."""
    profile = call(0.05, gil=1)
    assert seconds(profile, import_seconds=3.0) - seconds(profile) == pytest.approx(3.0)
    crowded = {"workers": 16, "hosts": 1}
    assert seconds(profile, import_seconds=3.0, **crowded) - seconds(profile, **crowded) == pytest.approx(6.0)
    assert on(profile, 10, import_seconds=3.0).bottleneck == "start-up"


def test_speed_scales_computing_but_not_waiting() -> None:
    """Cores that are twice as fast halve what a call computes, and leave its waits alone."""
    assert seconds(call(0.5, gil=1), 8000, speed=2.0) == pytest.approx(8000 * 0.25 / 8, rel=0.01)
    assert seconds(call(0.5), 8000, speed=2.0) == pytest.approx(seconds(call(0.5), 8000))


def test_the_client_competes_for_the_cores_of_its_host() -> None:
    """Workers on the client's host lose what the client and the scheduler compute."""
    profile, shared = call(0.01, gil=1), {"workers": 2, "hosts": 1, "cores": 2, "task_seconds": 20e-3}
    here, elsewhere = (on(profile, on_this_host=here, **shared) for here in (True, False))
    work = 0.01 + 20e-3 / here.chunk
    assert here.seconds.expected > 1.02 * elsewhere.seconds.expected
    assert here.seconds.expected >= 1000 * work / 2


def test_coroutine_functions_pay_for_an_event_loop_each() -> None:
    """A worker opens an event loop for every call of a coroutine function."""
    plain, coroutine = (call(1e-3, gil=1, coroutine=flag) for flag in (False, True))
    assert seconds(coroutine, 100_000) > 1.1 * seconds(plain, 100_000)


def test_native_code_has_one_thread_for_each_call() -> None:
    """Workers run with OMP_NUM_THREADS=1: a call that kept four cores busy takes its core seconds on one."""
    blas = Profile(calls=9, wall=0.1, gil_held=0, gil_free=0.4, child_cpu=0, wait=0, native_threads=4)
    assert seconds(blas, 8000) == pytest.approx(8000 * 0.4 / 8, rel=0.02)


@pytest.mark.parametrize(
    ("field", "smaller", "larger"),
    [("task_seconds", 1e-3, 5e-3), ("round_trip", 1e-3, 0.5), ("byte_seconds", 1e-9, 1e-7), ("import_seconds", 0, 1)],
)
def test_higher_costs_never_make_it_faster(field: str, smaller: float, larger: float) -> None:
    """Each cost of a cluster adds to the time of short and of long calls."""
    for wall in (1e-4, 1e-2, 1.0):
        profile = call(wall, gil=0.5, argument_bytes=1e5)
        assert seconds(profile, **{field: smaller}) <= seconds(profile, **{field: larger}) * 1.001


def test_more_workers_never_make_it_slower() -> None:
    """Each doubling of hosts with their workers shortens a long job until the scheduler limits it."""
    sizes = [seconds(call(0.1, gil=1), 10**5, workers=n, hosts=n, cores=n) for n in (1, 2, 4, 8, 16, 32, 64)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] / sizes[4] == pytest.approx(16, rel=0.02)


def test_assumed_costs_widen_the_interval() -> None:
    """The interval of an assumed cluster includes slower cores and twice the costs."""
    short = call(2e-3, gil=1)
    measured, assumed = (on(short, source=source).seconds for source in ("measured", "assumed"))
    assert assumed.high / assumed.expected > 1.05 * measured.high / measured.expected


def test_huge_clusters_and_jobs_can_be_predicted() -> None:
    """The largest cluster that a record can hold is solved as a part of it, not thread by thread."""
    largest = {"workers": 100_000, "threads_each": 10_000, "cores": 4096, "hosts": 100_000}
    for calls in (1, 10**6, 10**12):
        assert math.isfinite(seconds(call(0.01, gil=0.1, free=0.2), calls, **largest))


@pytest.mark.parametrize(
    ("profile", "fields", "reason"),
    [
        (call(0.05, picklable=Picklable(arguments=False)), {}, "the arguments are not picklable"),
        (
            call(0.05, touches=(Touch(name="TOTALS", kind="object", resource="changed object", spawn="unsafe"),)),
            {},
            "each worker changes only its own copy of TOTALS, and the change is lost",
        ),
        (
            call(0.05, touches=(Touch(name="LOG", kind="file", resource="tar archive"),)),
            {},
            "LOG is a file of this host, and the workers run on other hosts",
        ),
        (
            call(0.05, held=(HeldResource(name="/srv/stock.json", kind="file lock", seconds=0.01),)),
            {},
            "the lock of stock.json is one of this host, and the workers run on other hosts",
        ),
        (
            call(0.05, side_effects=SideEffects(wrote=("out/1.png",))),
            {},
            "the calls write out/1.png in the current folder of this host, and the workers run on other hosts",
        ),
        (
            call(0.05, side_effects=SideEffects(connected=("127.0.0.1:5432",))),
            {},
            "the calls connect to 127.0.0.1:5432 on this host, and the workers run on other hosts",
        ),
        (
            call(0.05, peak_memory=3 * 10**9, idle_memory=10**9),
            {"memory": 6 * 10**9, "threads_each": 2},
            "a worker with 2 threads needs 5 GB of memory, more than 80 % of the 6 GB that it may use",
        ),
    ],
)
def test_reasons_against_a_cluster(profile: Profile, fields: dict[str, Any], reason: str) -> None:
    """A cluster that cannot make the calls is infeasible, and the estimate says why."""
    estimated = on(profile, **fields)
    assert (estimated.feasible, estimated.why) == (False, reason)


def test_workers_on_this_host_find_its_files() -> None:
    """Files and local servers are no obstacle for workers on the client's host."""
    effects = SideEffects(wrote=("out/1.png",), connected=("127.0.0.1:5432",))
    file = Touch(name="LOG", kind="file", resource="tar archive")
    assert on(call(0.05, side_effects=effects, touches=(file,)), on_this_host=True).feasible


def test_threads_of_a_worker_must_be_safe() -> None:
    """An object that threads break rules out workers with several threads only."""
    profile = call(0.05, touches=(CONNECTION,))
    assert on(profile, threads_each=1).feasible
    several = on(profile, threads_each=2)
    assert not several.feasible
    assert several.why.startswith("the 2 threads of a worker share DB: ")


def test_alarms_need_the_main_thread() -> None:
    """Dask makes calls in other threads, where signal handlers cannot be set; Ray's actors with one thread do not."""
    alarm = call(
        0.05, touches=(Touch(name="SIGALRM", kind="process state", resource="signal handlers", threads="unsafe"),)
    )
    assert not on(alarm, engine="dask").feasible
    assert on(alarm, engine="ray").feasible


def test_chunks_are_cheap_to_send() -> None:
    """A task makes calls for a multiple of what sending it takes, and few where the job or the bytes are limited."""
    small = cluster()
    assert cluster_chunk(small, 1e-3).calls * 1e-3 == pytest.approx(CHUNK_SECONDS)
    assert cluster_chunk(cluster(task_seconds=0.05), 1e-3).calls * 1e-3 == pytest.approx(CHUNK_TASKS * 0.05)
    assert cluster_chunk(small, 1e-3, calls=320).calls == 10
    assert cluster_chunk(small, 1e-3, call_bytes=4e6).calls == 2
    assert cluster_chunk(small, 10.0).calls == 1


def test_chunks_become_smaller_near_the_end() -> None:
    """The last tasks share what is left between all threads, in pieces that can still be sent in time."""
    chunk = cluster_chunk(cluster(task_seconds=2e-3), 5e-3, calls=10_000)
    assert chunk.next_size(10_000, 8) == chunk.calls == 20
    assert chunk.next_size(200, 8) == 13
    assert chunk.next_size(20, 8) == chunk.least == 4
    assert chunk.next_size(3, 8) == 3
    left, tasks = 10_000, []
    while left:
        tasks.append(chunk.next_size(left, 8))
        left -= tasks[-1]
    assert tasks[:-1] == sorted(tasks[:-1], reverse=True)


@pytest.mark.parametrize("round_trip", [0.0, 0.05, 0.3, 2.0])
def test_the_window_covers_the_way_to_the_workers(round_trip: float) -> None:
    """As many tasks are out as the threads run, and as can be on their way meanwhile, at least one."""
    for threads in (1, 4):
        chunk = cluster_chunk(cluster(threads_each=threads, round_trip=round_trip), 0.5, calls=64)
        assert chunk.window_each >= threads * (1 + round_trip / chunk.seconds)
        assert chunk.window_each > threads


def test_a_cluster_pays_from_some_number_of_calls_on() -> None:
    """Below the number found the host is faster, from there on the cluster is."""
    profile, machine = call(0.02, gil=1), Machine(cores=2, cluster=cluster(import_seconds=2.0))
    calls = break_even(profile, machine)
    assert calls is not None

    def fastest(calls: int) -> str:
        best = leaders(estimate(profile, Job(calls=calls), machine)).values()
        return min(best, key=lambda each: each.seconds.expected).strategy

    assert fastest(calls) == "cluster"
    assert fastest(int(calls / 1.1)) != "cluster"


def test_a_cluster_that_never_pays() -> None:
    """There is no such number without a cluster, for trivial calls, or where the cluster cannot make the calls."""
    host = Machine(cores=2, cluster=cluster())
    assert break_even(call(0.02, gil=1), Machine(cores=2)) is None
    assert break_even(call(1e-7, gil=1), host) is None
    assert break_even(call(0.02, gil=1, picklable=Picklable(results=False)), host) is None
    assert break_even(call(5.0, gil=1), host) is not None
