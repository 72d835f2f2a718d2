"""Processes × threads of a cluster's workers on each host, with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from predictions import call

from advisor.models import Cluster, ClusterLayout, Job, Machine, Picklable, Profile, RaySettings, Touch
from advisor.predict.cluster_layout import cluster_layout, dask_split

CONNECTION = Touch(name="DB", kind="connection", resource="database connection", threads="unsafe", fork="unsafe")


def layout(profile: Profile, cores: int = 8, calls: int = 100_000, **fields: Any) -> ClusterLayout:
    """Return the layout for a host with so many cores, which must exist."""
    found = cluster_layout(profile, Job(calls=calls), Machine(cores=cores, **fields))
    assert found is not None
    return found


def split(profile: Profile, cores: int = 8, **fields: Any) -> tuple[int, int]:
    """Return the processes and threads."""
    found = layout(profile, cores, **fields)
    return found.processes, found.threads_each


def test_python_gets_a_process_for_each_core() -> None:
    """Calls that hold the GIL need processes with one thread each, unlike Dask's own split."""
    found = layout(call(0.02, gil=1))
    assert (found.processes, found.threads_each) == (8, 1)
    assert found.command == "dask worker tcp://SCHEDULER:8786 --nworkers 8 --nthreads 1"
    assert found.ray == RaySettings(num_cpus=1.0, max_concurrency=1)
    assert (
        found.reason == "A call holds the GIL for 100 % of its time: threads of one process would wait for each other."
    )
    assert (found.dask_default.processes, found.dask_default.threads_each) == (4, 2)
    assert found.dask_default.seconds > 1.9 * found.seconds


def test_native_code_shares_a_process() -> None:
    """Calls that release the GIL run as fast in the threads of one process, which shares its memory."""
    found = layout(call(0.02, free=1))
    assert (found.processes, found.threads_each) == (1, 8)
    assert found.ray == RaySettings(num_cpus=8.0, max_concurrency=8)
    assert found.reason == "A call holds the GIL for only 0 % of its time: 8 threads can share a process."
    assert found.seconds == pytest.approx(found.dask_default.seconds, rel=0.02)


def test_a_gil_in_between_is_shared_by_some() -> None:
    """As many of many cores share a process as its GIL can serve without much waiting."""
    processes, threads_each = split(call(0.02, gil=0.02, free=0.98), cores=64)
    assert processes * threads_each == 64
    assert 1 < processes < 64


def test_waits_get_more_threads_than_cores() -> None:
    """Calls that wait keep cores busy only if many run at once; an actor of Ray then needs a part of a core."""
    waiting = layout(call(0.1, gil=0.01))
    assert waiting.processes * waiting.threads_each > 64
    assert waiting.ray.num_cpus <= 8 / waiting.processes
    assert waiting.ray.max_concurrency == waiting.threads_each
    assert waiting.reason.startswith("A call waits for 99 % of its time, so that ")
    assert waiting.seconds < waiting.dask_default.seconds / 8
    half = layout(call(0.02, gil=0.5))
    assert 8 < half.processes * half.threads_each < waiting.processes * waiting.threads_each


def test_computing_never_gets_more_threads_than_cores() -> None:
    """Without waits, more threads than cores would only compete."""
    for cores in (1, 2, 3, 5, 12, 48):
        for free in (0.0, 0.5, 0.9, 1.0):
            processes, threads_each = split(call(0.02, gil=1 - free, free=free), cores)
            assert processes * threads_each <= cores


def test_memory_limits_the_processes() -> None:
    """No more processes than fit into the memory, with threads instead where these help."""
    python = call(0.1, gil=1, peak_memory=2 * 10**9, idle_memory=10**8)
    found = layout(python, memory=8 * 10**9)
    assert (found.processes, found.threads_each) == (3, 1)
    assert found.reason.endswith("More do not fit into the memory: a process needs 2 GB of the 8 GB available.")
    shared = call(0.1, gil=0.3, free=0.7, peak_memory=2 * 10**9, idle_memory=19 * 10**8)
    processes, threads_each = split(shared, memory=8 * 10**9)
    assert processes <= 3
    assert threads_each > 1
    assert cluster_layout(python, Job(), Machine(cores=8, memory=10**9)) is None


def test_unsafe_threads_are_avoided() -> None:
    """Calls that share an object that threads break get one thread for each process, and the reason names it."""
    found = layout(call(0.02, free=1, touches=(CONNECTION,)))
    assert (found.processes, found.threads_each) == (8, 1)
    assert found.reason.startswith("One thread for each process, since ")
    assert "DB" in found.reason
    waiting = layout(call(0.1, gil=0.01, touches=(CONNECTION,)))
    assert waiting.threads_each == 1
    assert waiting.processes > 8


def test_short_calls_are_limited_by_sending() -> None:
    """If the client cannot send calls faster, no more workers are advised, and the reason says so."""
    heavy = call(0.01, gil=1, argument_bytes=2e6)
    found = layout(heavy, 64)
    assert found.processes < 64
    assert found.reason.startswith("More workers would not help: the client and the scheduler")


def test_a_measured_cluster_gives_its_costs() -> None:
    """With a cluster, the time is predicted with its measured costs."""
    heavy = call(0.01, gil=1, argument_bytes=1e6)
    slow = Cluster(engine="dask", byte_seconds=1e-7)
    assert layout(heavy, 2, cluster=slow).seconds > 2 * layout(heavy, 2).seconds


@pytest.mark.parametrize(
    ("profile", "job"),
    [
        (Profile(calls=1, wall=0.1), Job()),
        (call(0.1, gil=1, archetype="pure Python"), Job()),
        (call(0.1, gil=1, picklable=Picklable(arguments=False)), Job()),
        (call(0.1, gil=1), Job(shares_state=True)),
        (call(0.1, touches=(Touch(name="TOTAL", kind="object", resource="running state", spawn="unsafe"),)), Job()),
    ],
)
def test_nothing_is_advised_where_nothing_is_known(profile: Profile, job: Job) -> None:
    """There is no layout for calls that were not measured, or that no worker can make."""
    assert cluster_layout(profile, job, Machine(cores=8)) is None


def test_split_of_dask() -> None:
    """Dask's own rule: a process for each of up to four cores, then about √cores of each."""
    splits = {1: (1, 1), 4: (4, 1), 5: (5, 1), 6: (3, 2), 8: (4, 2), 12: (4, 3), 16: (4, 4), 32: (8, 4), 96: (12, 8)}
    assert {cores: dask_split(cores) for cores in splits} == splits


def test_split_of_dask_is_what_dask_starts() -> None:
    """The rule agrees with the installed version of Dask."""
    deploy = pytest.importorskip("distributed.deploy.utils")
    assert all(dask_split(cores) == deploy.nprocesses_nthreads(cores) for cores in range(1, 300))
