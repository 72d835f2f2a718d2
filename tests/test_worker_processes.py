"""What only worker processes can do, and what can go wrong with them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from advisor.jobs.pools.pool import CannotSendError, Chunk, PoolBrokenError, Report, Setup
from advisor.jobs.pools.processes import ProcessPool
from tests import pools

Opener = Callable[..., ProcessPool]


@pytest.fixture(params=["fork", "spawn"])
def opener(request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Return a function that opens a pool with the start method under test; close it, and look for what is left."""
    opened: list[ProcessPool] = []
    descriptors = len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0

    def open_pool(function: Callable[..., Any], workers: int = 2, **setup: Any) -> ProcessPool:
        opened.append(ProcessPool(Setup(function, **setup), workers, start_method=request.param))
        return opened[-1]

    yield open_pool
    pids = [pid for pool in opened for pid in pool.pids]
    for pool in opened:
        pool.close(kill=True)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    if sys.platform == "linux":
        assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors


def all_reports(pool: ProcessPool, chunks: int) -> list[Report]:
    reports: list[Report] = []
    while sum(report.finished for report in reports) < chunks:
        reports += pool.receive(30)
    return reports


def wait_until_gone(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("SIGSEGV", "the worker process crashed with SIGSEGV"),
        ("null pointer", "the worker process crashed with SIGSEGV"),
        ("SIGKILL", "the worker process was killed by SIGKILL (out of memory?)"),
        ("exit", "the worker process exited with status 3"),
    ],
)
def test_a_worker_that_dies_loses_its_own_chunk_only(opener: Opener, way: str, reason: str) -> None:
    """Of 20 calls the one that ends its worker is lost, with the reason; the others succeed on a new worker."""
    pool = opener(pools.die)
    inputs = [*map(str, range(10)), way, *map(str, range(10))]
    done, lost = pools.collect(pool, inputs)
    running = [report.lost for report in lost if report.started]
    behind = [report for report in lost if not report.started]
    assert running == [reason]
    assert len(behind) <= 1
    assert len(done) == 20 - len(behind)
    assert pools.results(pool, ["again"]) == ["again"]
    assert len(pool.pids) == 2


def test_the_chunk_sent_ahead_has_not_started(opener: Opener) -> None:
    """When a worker dies, the chunk that waits behind the running one is lost too, but none of its calls has begun."""
    pool = opener(pools.die, workers=1)
    pools.results(pool, [""] * 4)  # the pool sees that its chunks are short
    for number, way in enumerate(["late", "", ""]):
        pool.send(Chunk(number, [number], [((way,), {})]))
    reports = [(report.number, bool(report.lost), report.started) for report in all_reports(pool, 3)]
    assert reports == [(0, True, True), (1, True, False), (2, False, True)]


def test_calls_that_ended_before_a_crash_are_kept(opener: Opener) -> None:
    """The results of a chunk's first calls arrive although a later call kills the worker."""
    pool = opener(pools.call, workers=1)
    chunk = Chunk(0, [0, 1], [((_nap,), {}), ((_exit,), {})])
    pool.send(chunk)
    first, second = all_reports(pool, 1)
    assert [call.key for call in first.done] == [0]
    assert second.lost == "the worker process exited with status 3"


def test_large_inputs_and_large_results_travel_at_once(opener: Opener) -> None:
    """Nothing blocks for good when 2 MB go and 4 MB come, on workers that are all busy."""
    data = [bytes([i]) * 2_000_000 for i in range(12)]
    assert pools.results(opener(pools.double), data) == [2 * value for value in data]


def test_arguments_that_cannot_be_pickled_are_refused(opener: Opener) -> None:
    """Sending such a chunk raises CannotSendError with the reason, and the pool works as before."""
    pool = opener(pools.double)
    with pytest.raises(CannotSendError, match=r"cannot pickle '_thread.lock' object"):
        pool.send(Chunk(0, [0], [((threading.Lock(),), {})]))
    assert pools.results(pool, [4]) == [8]


def test_arguments_that_cannot_be_unpickled_are_a_failure(opener: Opener) -> None:
    """The call fails with a TypeError that tells why; a chunk of several calls is lost with that reason."""
    pool = opener(pools.double)
    error = pools.failure(pool, Unloadable())
    assert isinstance(error, TypeError)
    assert str(error) == "the arguments cannot be unpickled in the worker: ValueError: no x here"
    _, lost = pools.collect(pool, [Unloadable(), 1], size=2)
    assert [(report.lost, report.started) for report in lost] == [(str(error), True)]


def test_a_result_that_cannot_be_pickled_is_a_failure(opener: Opener) -> None:
    """The call fails with a TypeError that names the type of its result."""
    error = pools.failure(opener(pools.make_lock), 0)
    assert isinstance(error, TypeError)
    assert "the result, of type _thread.lock, cannot be pickled" in str(error)


def test_a_result_that_cannot_be_unpickled_is_a_failure(opener: Opener) -> None:
    """The call fails; the other calls of its chunk give their results."""
    done, _ = pools.collect(opener(pools.call), [Unloadable, int, _nap], size=3)
    assert [call.failed for call in done.values()] == [True, False, False]
    assert str(done[0].value) == "the result cannot be unpickled: ValueError: no x here"


def test_a_lambda_function_travels(opener: Opener) -> None:
    """Functions and arguments that no module has are pickled by value."""
    pool = opener(lambda function: function(20) + 1)
    assert pools.results(pool, [lambda x: 2 * x]) == [41]


def test_a_function_that_cannot_be_sent_breaks_the_pool() -> None:
    """A pool of new interpreters raises at once if the function cannot be pickled."""
    lock = threading.Lock()
    with pytest.raises(PoolBrokenError, match="the function cannot be sent to worker processes: cannot pickle"):
        ProcessPool(Setup(lambda: lock), 1, start_method="spawn")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "from advisor.errors import UsageError\nfrom advisor.jobs.pools import process_worker\n"
            "if process_worker.is_loading(): raise UsageError(f'map was called while a worker imports the module '"
            " f'{process_worker.is_loading()}')\n",
            "^map was called while a worker imports the module unguarded_job$",
        ),
        ("import os, sys\nif sys.argv[0] == 'worker': 1 / 0\n", "could not load the function: ZeroDivisionError"),
        (
            "import os, sys\nif sys.argv[0] == 'worker': os._exit(7)\n",
            "exited with status 7 before it was ready to work",
        ),
    ],
)
def test_a_module_that_workers_cannot_import_breaks_the_pool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str
) -> None:
    """The reason is raised once, and no worker is started again."""
    (tmp_path / "unguarded_job.py").write_text(source + "def job(x): return x\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import unguarded_job  # type: ignore[import-not-found]

    monkeypatch.delitem(sys.modules, "unguarded_job")
    monkeypatch.setitem(sys.modules, "unguarded_job", unguarded_job)
    monkeypatch.setattr(sys, "argv", ["worker"])
    pool = ProcessPool(Setup(unguarded_job.job), 2, start_method="spawn")
    with pytest.raises(PoolBrokenError, match=reason):
        pools.collect(pool, range(3))
    assert pool.pids == []


def test_ending_a_call_ends_the_programs_that_it_started(opener: Opener, tmp_path: Path) -> None:
    """A program that a call waits for is gone when the call is ended."""
    pool = opener(pools.start_program, workers=1)
    pid_file = tmp_path / "pid"
    pool.send(Chunk(0, [0], [((str(pid_file),), {})]))
    while not pid_file.exists() or not pid_file.read_text():
        assert not pool.receive(0.02)
    assert pool.end(0)
    wait_until_gone(int(pid_file.read_text()))
    assert pool.receive(30)[0].lost == "the call was ended with its worker process"


def test_a_call_that_holds_the_gil_can_be_ended(opener: Opener) -> None:
    """Native code that never returns is ended with its worker, by `end` and by `close`."""
    pool = opener(pools.hold_the_gil)
    for number in range(2):
        pool.send(Chunk(number, [number], [((60,), {})]))
    while pool.since(1) is None:
        assert not pool.receive(0.02)
    assert pool.end(0)
    assert pool.receive(30)[0].lost
    pids = pool.pids
    pool.close(kill=True)
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_fork_that_a_call_leaves_does_not_hide_the_death_of_its_worker(opener: Opener) -> None:
    """A worker that has died is noticed although a process that it forked lives on."""
    _, lost = pools.collect(opener(pools.fork_and_die), [1.0])
    assert [report.lost for report in lost] == ["the worker process exited with status 3"]


def test_workers_ignore_ctrl_c(opener: Opener) -> None:
    """SIGINT is the parent's affair; SIGTERM ends a worker, which is replaced."""
    pool = opener(pools.pid, workers=1)
    (pid,) = pools.results(pool, [0])
    os.kill(pid, signal.SIGINT)
    assert pools.results(pool, [0]) == [pid]
    os.kill(pid, signal.SIGTERM)
    wait_until_gone(pid)
    pool.receive(0.0)
    assert pools.results(pool, [0]) != [pid]


def test_handlers_of_the_parent_are_not_the_workers(opener: Opener) -> None:
    """The parent's handlers of signals do not run in workers; its arguments, folder and path are theirs."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        pool = opener(pools.surroundings)
        ((argv, folder, path, handler),) = pools.results(pool, [0])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert argv[0] == sys.argv[0]
    assert folder == Path.cwd()
    assert path == sys.path
    assert handler == signal.SIG_DFL


def test_workers_draw_different_random_numbers(opener: Opener) -> None:
    """Neither `random` nor `numpy.random` gives two workers the same numbers."""
    found = pools.results(opener(pools.random_numbers), range(4))
    assert len({pid for pid, _, _ in found}) == 2
    assert len({number for _, number, _ in found}) == 4
    assert len({number for _, _, number in found}) == 4


def test_the_memory_of_workers_is_known(opener: Opener) -> None:
    """There is a number of resident bytes for each worker."""
    pool = opener(pools.double)
    pools.results(pool, range(2))
    assert len(pool.memory()) == len(pool.pids) == 2
    assert min(pool.memory()) > 1_000_000


def test_programs_that_a_call_runs_count_as_its_cpu_time(opener: Opener) -> None:
    """The CPU time of a call includes that of the child programs that it waited for."""
    done, _ = pools.collect(opener(pools.use_program), [0.1])
    assert done[0].cpu >= 0.1


def test_a_pool_works_in_a_thread(opener: Opener) -> None:
    """Workers that a thread has started do not end with the thread."""
    found: list[ProcessPool] = []
    thread = threading.Thread(target=lambda: found.append(opener(pools.double)))
    thread.start()
    thread.join()
    assert pools.results(found[0], range(10)) == [2 * i for i in range(10)]


def test_a_forgotten_pool_leaves_no_process() -> None:
    """Workers end when nothing refers to their pool any more."""
    pool = ProcessPool(Setup(pools.double), 2, start_method="fork")
    pools.results(pool, range(4))
    pids = pool.pids
    del pool
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_system_without_processes_breaks_the_pool(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Say why no worker can be started."""

    def refuse(*_: Any, **__: Any) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", refuse)
    monkeypatch.setattr("subprocess.Popen", refuse)
    pool = opener(pools.double)
    with pytest.raises(PoolBrokenError, match=r"no worker process can be started: .*Resource temporarily unavailable"):
        pool.receive(1)


def test_two_pools_close_by_themselves(opener: Opener) -> None:
    """Workers of one pool hold nothing of another pool, whichever is closed first."""
    first, second = opener(pools.double), opener(pools.double)
    assert pools.results(first, [1]) == pools.results(second, [1]) == [2]
    first.close()
    assert first.pids == []
    assert pools.results(second, [2]) == [4]
    second.close()


def test_workers_killed_while_they_send_lose_their_own_results_only(opener: Opener) -> None:
    """With workers killed at random while large results travel, every other call gives its result."""
    pool = opener(pools.double)
    payload = b"x" * 500_000
    sent = finished = lost = 0
    while finished < 60:
        while sent < 60 and pool.room():
            pool.send(Chunk(sent, [sent], [((payload,), {})]))
            sent += 1
        for report in pool.receive(30):
            finished += report.finished
            lost += bool(report.lost)
            assert all(call.value == 2 * payload for call in report.done)
        if finished % 6 == 1:
            os.kill(pool.pids[0], signal.SIGKILL)
    assert len(pool.pids) == 2


def _nap() -> int:
    time.sleep(0.04)
    return 1


def _exit() -> None:
    os._exit(3)


class Unloadable:
    def __reduce__(self) -> Any:
        return pools.refuse, ("x",)
