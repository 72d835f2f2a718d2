"""Jobs on real clusters: Dask and Ray do the same, and nothing is lost when workers, schedulers or clients die."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import advisor
from advisor.clusters import connect as connecting
from advisor.errors import CallError, UsageError, WorkerError
from advisor.models import Cluster, Failure
from tests import cluster_calls
from tests.clusters import DaskCluster, temporary_folder

ENGINES = {"dask": "distributed", "ray": "ray"}
pytestmark = pytest.mark.slow
only_dask = pytest.mark.parametrize("cluster", ["dask"], indirect=True)


@pytest.fixture(params=list(ENGINES))
def cluster(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a cluster with two workers."""
    pytest.importorskip(ENGINES[request.param])
    address: str = request.getfixturevalue(f"{request.param}_cluster").address
    if request.param == "ray":
        monkeypatch.setenv("RAY_ADDRESS", address)
        return "ray"
    return address


def run_there(cluster: str, function: Any, *iterables: Any, **options: Any) -> advisor.Run[Any]:
    return advisor.map(function, *iterables, cluster=cluster, strategy="cluster", **options)


def test_results_come_in_order(cluster: str) -> None:
    """They are those of a plain loop, and nothing runs in this process."""
    with run_there(cluster, cluster_calls.double, range(2_000)) as run:
        assert list(run) == [2 * number for number in range(2_000)]
    assert run.report.succeeded == 2_000
    assert {stage.strategy for stage in run.report.stages} == {"cluster"}
    assert run.report.stages[0].workers == 2


def test_results_may_come_as_they_are_ready(cluster: str) -> None:
    """Unordered, each comes once; objects of the user's own classes are what they were."""
    shapes = list(run_there(cluster, cluster_calls.with_sides, range(100), ordered=False))
    assert sorted(shape.sides for shape in shapes) == list(range(100))
    assert all(type(shape) is cluster_calls.Shape for shape in shapes)


def test_closures_and_equal_inputs(cluster: str) -> None:
    """A closure travels by value, and equal calls are not taken for one."""
    secret = 5
    assert list(run_there(cluster, lambda number: number + secret, range(5))) == [5, 6, 7, 8, 9]
    assert len(set(run_there(cluster, cluster_calls.random_name, [1] * 50))) == 50


def test_an_exception_has_the_traceback_of_the_worker(cluster: str) -> None:
    """It is raised as what it was, in the place of its result."""
    run = run_there(cluster, cluster_calls.refuse_three, range(10))
    results = []
    with pytest.raises(CallError) as caught:
        results.extend(run)
    assert results == [0, 1, 2]
    assert caught.value.index == 3
    assert isinstance(caught.value.__cause__, LookupError)
    assert "in refuse_three" in str(caught.value.__cause__.__cause__)


def test_a_poisoned_call_costs_no_other(cluster: str) -> None:
    """It is found although the worker that it killed had many calls, and all others have results."""
    run = run_there(cluster, cluster_calls.die_at, range(60), itertools.repeat(17), on_error="keep")
    results = list(run)
    assert isinstance(failure := results.pop(17), Failure)
    assert (failure.type, failure.message) == (WorkerError.__name__, "the worker process exited with status 7")
    assert results == [number for number in range(60) if number != 17]


def test_a_worker_that_is_killed_costs_no_call(cluster: str, tmp_path: Path) -> None:
    """Its calls are made again elsewhere."""
    with run_there(cluster, cluster_calls.note_process, range(60), itertools.repeat(str(tmp_path))) as run:
        results = [next(run)]
        os.kill(int((tmp_path / "0").read_text()), signal.SIGKILL)
        results += run
    assert results == list(range(60))
    assert run.report.failed == 0


def test_a_late_call_is_ended(cluster: str) -> None:
    """The others are not, and no process of it stays."""
    inputs = [range(8), itertools.repeat(3)]
    results = list(run_there(cluster, cluster_calls.pid_or_hang, *inputs, call_timeout=1.0, on_error="keep"))
    assert isinstance(results[3], Failure)
    assert (results[3].type, results[3].message) == ("TimeoutError", "the call took longer than 1 s")
    processes = {pid for pid in results if isinstance(pid, int)}
    assert processes
    assert await_true(lambda: not any(map(is_alive, processes)))


def test_a_result_that_cannot_be_pickled_fails_alone(cluster: str) -> None:
    """The other calls have results."""
    results = list(run_there(cluster, cluster_calls.lock_at, range(50), itertools.repeat(30), on_error="keep"))
    assert "cannot be pickled" in results.pop(30).message
    assert results == [number for number in range(50) if number != 30]


def test_a_large_shared_argument_travels_once(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """16 MB for 100 calls: the first call brings it along, and then it is shared."""
    sent: list[int] = []

    def counting(cluster: Any, connect: Any = connecting.connect) -> Any:
        engine = connect(cluster)
        share, submit = engine.share, engine.submit
        engine.share = lambda data: (sent.append(len(data)), share(data))[1]
        engine.submit = lambda *task: (sent.append(len(task[2])), submit(*task))[1]
        return engine

    monkeypatch.setattr(connecting, "connect", counting)
    data = bytearray(16_000_000)
    expected = [number + len(data) for number in range(100)]
    assert list(run_there(cluster, cluster_calls.length, range(100), itertools.repeat(data))) == expected
    assert 16_000_000 < sum(sent) < 40_000_000


def test_inputs_are_read_as_they_are_needed(cluster: str) -> None:
    """A generator without end is no problem, and an end of reading is an end of calls."""
    read = []

    def inputs() -> Iterator[int]:
        for number in itertools.count():
            read.append(number)
            yield number

    with run_there(cluster, cluster_calls.double, inputs()) as run:
        assert [next(run) for _ in range(20)] == [2 * number for number in range(20)]
    assert len(read) < 20_000


def test_coroutine_functions_and_async_iterators(cluster: str) -> None:
    """Each call has an event loop of its own on its worker."""

    async def job() -> list[int]:
        run = advisor.amap(cluster_calls.double_soon, range(100), cluster=cluster, strategy="cluster")
        return [result async for result in run]

    assert asyncio.run(job()) == [2 * number for number in range(100)]


def test_the_initializer_runs_once_in_each_worker(cluster: str) -> None:
    """And not in this process."""
    before = len(cluster_calls._STARTED)
    run = run_there(cluster, cluster_calls.times_started, range(50), initializer=cluster_calls.start)
    assert set(run) == {1}
    assert len(cluster_calls._STARTED) == before


def test_a_run_that_was_killed_goes_on(cluster: str, tmp_path: Path) -> None:
    """Calls that had a result when the client was killed keep it, and are not made again."""
    checkpoint, folder = tmp_path / "checkpoint", tmp_path / "calls"
    folder.mkdir()
    with script(tmp_path, cluster, JOB) as process:
        assert await_true(lambda: len(list(folder.iterdir())) > 30)
        process.kill()
    with run_there(
        cluster, cluster_calls.note_process, range(100), itertools.repeat(str(folder)), checkpoint=checkpoint
    ) as run:
        assert list(run) == list(range(100))
    assert run.report.resumed > 0
    assert run.report.resumed + run.report.succeeded == 100


@only_dask
def test_ctrl_c_leaves_no_task(cluster: str, tmp_path: Path) -> None:
    """The scheduler has nothing left of the job, and no worker begins another call."""
    from distributed import Client

    folder = tmp_path / "calls"
    folder.mkdir()
    with script(tmp_path, cluster, JOB) as process:
        assert await_true(lambda: len(list(folder.iterdir())) > 10)
        process.send_signal(signal.SIGINT)
        process.wait(20)
    with Client(cluster, set_as_default=False) as client:
        assert await_true(lambda: not client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)))
    made = len(list(folder.iterdir()))
    assert made < 100
    time.sleep(0.2)
    assert len(list(folder.iterdir())) == made


def test_the_cluster_does_the_job_where_it_is_faster(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first calls run here and are measured; the cluster is among the alternatives, and is chosen by its costs."""
    costs = Cluster(engine="dask", workers=64, cores=64, task_seconds=1e-5, round_trip=1e-4, source="measured")
    monkeypatch.setattr("advisor.clusters.measure.measure_engine", lambda engine, **_: costs)
    monkeypatch.setattr("advisor.jobs.engine.WORTH_CONNECTING", 0.5)
    with advisor.map(cluster_calls.compute, range(400), cluster=cluster) as run:
        assert list(run) == list(range(400))
    assert [stage.strategy for stage in run.report.stages][:2] == ["sequential", "cluster"]
    assert run.advice is not None
    assert "cluster" in {each.strategy for each in run.advice.alternatives}
    assert run.report.succeeded == 400


@only_dask
def test_a_cluster_that_cannot_be_measured_is_left_out(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job is planned for this host, and the cluster is not asked again."""
    asked = []

    def refuse(engine: Any, **_: Any) -> Cluster:
        asked.append(engine)
        raise UsageError("the workers are busy")

    monkeypatch.setattr("advisor.clusters.measure.measure_engine", refuse)
    monkeypatch.setattr("advisor.jobs.engine.WORTH_CONNECTING", 0.0)
    with advisor.map(cluster_calls.compute, range(400), cluster=cluster) as run:
        assert len(list(run)) == 400
    assert len(asked) == 1
    assert run.advice is not None
    assert "cluster" not in {stage.strategy for stage in run.report.stages}


@only_dask
def test_the_command_line(cluster: str, tmp_path: Path) -> None:
    """`advise run --cluster` sends a module of the current folder, and says how to go on."""
    (tmp_path / "shop.py").write_text("def price(line):\n    return 2 * int(line)\n")
    (tmp_path / "inputs.txt").write_text("".join(f"{number}\n" for number in range(50)))
    command = ["run", "shop:price", "--inputs", "inputs.txt", "--cluster", cluster, "--strategy", "cluster"]
    finished = advise(tmp_path, *command)
    assert finished.returncode == 0, finished.stderr
    assert len(finished.stdout.splitlines()) == 50
    assert "threads of a cluster" in finished.stderr
    finished = advise(tmp_path, *command[:4], "--strategy", "cluster")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert "--cluster ADDRESS" in finished.stderr


def test_a_worker_joins_and_the_scheduler_starts_anew() -> None:
    """A new worker gets calls; when the scheduler is started again, calls in flight are made again."""
    pytest.importorskip("distributed")
    with temporary_folder() as folder:
        cluster = DaskCluster(folder)
        calls = folder / "calls"
        calls.mkdir()
        try:
            with run_there(
                cluster.address, cluster_calls.note_process, range(250), itertools.repeat(str(calls))
            ) as run:
                results = [next(run) for _ in range(20)]
                cluster.start_worker()
                while len({path.read_text() for path in calls.iterdir()}) < 3:
                    results.append(next(run))
                cluster.kill_scheduler()
                cluster.start_scheduler()
                cluster.start_worker()  # the others end with their scheduler
                results += run
        finally:
            cluster.close()
    assert results == list(range(250))
    assert run.report.failed == 0
    assert max(stage.workers for stage in run.report.stages) >= 3


def test_a_cluster_that_is_not_there_is_an_error_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a strategy without a cluster."""
    pytest.importorskip("distributed")
    monkeypatch.setattr("advisor.clusters.dask_engine.CONNECT_SECONDS", 0.5)
    made: list[int] = []
    with pytest.raises(UsageError, match="scheduler"):
        list(advisor.map(made.append, range(10), cluster="tcp://127.0.0.1:9"))
    with pytest.raises(UsageError, match="needs a cluster"):
        advisor.map(made.append, range(10), strategy="cluster")
    assert not made


JOB = """
import itertools, os, sys
import advisor
from tests import cluster_calls

inputs = [range(100), itertools.repeat(os.path.abspath("calls"))]
with advisor.map(
    cluster_calls.note_process, *inputs, cluster=sys.argv[1], strategy="cluster", checkpoint="checkpoint"
) as run:
    list(run)
"""


@contextmanager
def script(folder: Path, cluster: str, text: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a script in a folder; it is killed at the end."""
    path = folder / "script.py"
    path.write_text(text)
    root = Path(__file__).parent.parent
    environment = os.environ | {"PYTHONPATH": str(root)}
    process = subprocess.Popen(
        [sys.executable, str(path), cluster], cwd=folder, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def advise(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "advisor", *arguments]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def await_true(condition: Any, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
