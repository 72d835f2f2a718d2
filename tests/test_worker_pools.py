"""One suite over the pools of threads and processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from advisor.jobs.pools.pool import Chunk, Pool, PoolBrokenError, Setup
from advisor.jobs.pools.processes import ProcessPool
from advisor.jobs.pools.threads import ThreadPool
from tests import pools

Opener = Callable[..., Any]


@pytest.fixture(params=["threads", "fork", "spawn", "forkserver"])
def opener(request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Return a function that opens the pool under test; close the pool afterwards."""
    opened: list[Pool] = []

    def open_pool(function: Callable[..., Any], workers: int = 2, **setup: Any) -> Any:
        needs = Setup(function, **setup)
        threads = request.param == "threads"
        opened.append(
            ThreadPool(needs, workers) if threads else ProcessPool(needs, workers, start_method=request.param)
        )
        return opened[-1]

    yield open_pool
    for pool in opened:
        pool.close(kill=True)


def wait_for_start(pool: Pool, number: int) -> None:
    while pool.since(number) is None:
        assert not pool.receive(0.05)


def use_cpu(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.mark.parametrize("size", [1, 7, 100])
def test_every_call_gives_its_result(opener: Opener, size: int) -> None:
    """Two hundred calls return their results, in chunks of any size."""
    assert pools.results(opener(pools.double), range(200), size) == [2 * i for i in range(200)]


def test_keyword_arguments_reach_the_call(opener: Opener) -> None:
    """A call has positional and keyword arguments."""
    pool = opener(int)
    pool.send(Chunk(5, [8], [(("ff",), {"base": 16})]))
    (report,) = pool.receive(30)
    assert (report.number, report.finished, report.done[0].key, report.done[0].value) == (5, True, 8, 255)


def test_an_exception_is_a_failed_call(opener: Opener) -> None:
    """A call that raises has failed; the calls after it in the chunk are made."""
    done, lost = pools.collect(opener(pools.refuse), ["x", "y"], size=2)
    assert not lost
    assert [(call.failed, type(call.value), str(call.value)) for call in done.values()] == [
        (True, ValueError, "no x here"),
        (True, ValueError, "no y here"),
    ]


def test_leaving_the_program_is_a_failed_call(opener: Opener) -> None:
    """SystemExit ends the call, not the worker."""
    pool = opener(sys.exit, workers=1)
    error = pools.failure(pool, 4)
    assert isinstance(error, SystemExit)
    assert error.code == 4


def test_each_call_is_timed(opener: Opener) -> None:
    """A call that sleeps has a duration but hardly CPU time; one that computes has both."""
    done, _ = pools.collect(opener(pools.sleep), [0.06])
    assert done[0].seconds >= 0.06
    assert done[0].cpu < 0.03
    done, _ = pools.collect(opener(use_cpu), [0.05, 0.0, 0.1], size=3)
    assert done[0].cpu > 0.045  # the clock is read once for short calls, whose shares are then a little off
    assert done[1].cpu < 0.045
    assert done[2].cpu > 0.09


def test_finished_calls_are_reported_before_their_chunk_ends(opener: Opener) -> None:
    """The first call of a chunk is reported while the second one still runs."""
    pool = opener(pools.sleep, workers=1)
    pool.send(Chunk(0, [0, 1], [((0.03,), {}), ((0.2,), {})]))
    first = pool.receive(30)
    assert [(len(report.done), report.finished) for report in first] == [(1, False)]
    assert pool.receive(30)[0].finished


def test_the_initializer_runs_in_each_worker(opener: Opener) -> None:
    """An initializer gets its arguments; if it fails, the pool is broken, and says why."""
    assert pools.results(opener(pools.double, initializer=pools.double, initargs=(1,)), [1]) == [2]
    pool = opener(pools.double, initializer=pools.refuse, initargs=("database",))
    with pytest.raises(PoolBrokenError, match="initializer refuse raised ValueError: no database here"):
        pools.collect(pool, range(10))
    with pytest.raises(PoolBrokenError):
        pool.receive(0)


def test_the_pool_takes_two_chunks_for_each_worker(opener: Opener) -> None:
    """One chunk runs and one waits for each worker; then there is no room."""
    pool = opener(pools.sleep)
    assert pool.workers == 2
    assert pool.room() == 4
    for number in range(4):
        pool.send(Chunk(number, [number], [((0.01,), {})]))
    assert pool.room() == 0
    while pool.room() < 4:
        assert pool.receive(30)


def test_nothing_to_wait_for(opener: Opener) -> None:
    """A pool without chunks has no news, and does not wait for any."""
    assert opener(pools.double).receive(None) == []


def test_waiting_for_news_has_a_limit(opener: Opener) -> None:
    """`receive` returns an empty list when its time is over."""
    pool = opener(pools.sleep, workers=1)
    pool.send(Chunk(0, [0], [((0.3,), {})]))
    assert pool.receive(0.01) == []
    assert pool.receive(30)[0].finished


def test_a_resized_pool_runs_as_many_calls_at_once(opener: Opener) -> None:
    """Workers are added and taken away, and no call is lost."""
    pool = opener(pools.double, workers=1)
    for workers in (3, 1, 2, 4, 1):
        pool.resize(workers)
        assert pool.workers == workers
        assert pools.results(pool, range(40), 3) == [2 * i for i in range(40)]


def test_a_pool_that_shrinks_finishes_what_it_has(opener: Opener) -> None:
    """Chunks that run or wait when a pool shrinks are done by the workers that remain."""
    pool = opener(pools.sleep, workers=3)
    for number in range(6):
        pool.send(Chunk(number, [number], [((0.02,), {})]))
    pool.resize(1)
    finished = 0
    while finished < 6:
        finished += sum(report.finished for report in pool.receive(30))
    assert pool.room() == 2


def test_what_no_worker_has_begun_can_be_taken_back(opener: Opener, tmp_path: Any) -> None:
    """Those calls are never made; the others give their results."""
    pool = opener(partial(pools.note_and_sleep, tmp_path), workers=1)
    for number in range(2):
        pool.send(Chunk(number, [number], [((number,), {})]))
    wait_for_start(pool, 0)
    taken = pool.withdraw()
    done = [call.value for _ in range(2 - len(taken)) for report in pool.receive(30) for call in report.done]
    assert sorted([*done, *taken]) == [0, 1]
    assert pool.receive(0.0) == []
    assert sorted(int(path.name) for path in tmp_path.iterdir()) == sorted(done)
    assert pool.withdraw() == []


def test_an_endless_call_can_be_given_up(opener: Opener) -> None:
    """The chunk of a call that is ended is lost; the chunks behind it and other workers go on."""
    pool = opener(pools.sleep, workers=1)
    pool.send(Chunk(0, [0], [((30,), {})]))
    pool.send(Chunk(1, [1], [((0,), {})]))
    wait_for_start(pool, 0)
    assert pool.since(1) is None
    assert pool.since(0) <= time.perf_counter()
    pool.end(0)
    reports: list[Any] = []
    while len(reports) < 2:
        reports += pool.receive(30)
    assert [(report.number, bool(report.lost), report.started) for report in reports] == [
        (0, True, True),
        (1, False, True),
    ]


@pytest.mark.parametrize("kill", [False, True])
def test_a_closed_pool_may_be_closed_again(opener: Opener, kill: bool) -> None:
    """Closing ends idle workers, and twice does no harm."""
    pool = opener(pools.double)
    assert pools.results(pool, range(10)) == [2 * i for i in range(10)]
    pool.close(kill=kill)
    pool.close(kill=kill)


def test_closing_waits_for_running_calls_unless_it_kills(opener: Opener, tmp_path: Any) -> None:
    """A call that runs when the pool closes is finished."""
    pool = opener(_touch_later, workers=1)
    pool.send(Chunk(0, [0], [((str(tmp_path / "done"),), {})]))
    wait_for_start(pool, 0)
    pool.close()
    assert (tmp_path / "done").exists()


def test_a_program_that_forgets_its_pool_ends(tmp_path: Any) -> None:
    """An interpreter exits although a pool is open and a call is running."""
    for kind in ("ThreadPool(setup, 2)", "ProcessPool(setup, 2, start_method='fork')"):
        script = tmp_path / "forgets.py"
        script.write_text(
            "import time\nfrom advisor.jobs.pools.pool import Chunk, Setup\n"
            "from advisor.jobs.pools.processes import ProcessPool\nfrom advisor.jobs.pools.threads import ThreadPool\n"
            f"setup = Setup(time.sleep)\npool = {kind}\npool.send(Chunk(0, [0], [((60,), {{}})]))\npool.receive(0.1)\n"
        )
        assert subprocess.run([sys.executable, str(script)], timeout=20, check=False).returncode == 0


def _touch_later(path: str) -> None:
    time.sleep(0.1)
    with open(path, "w"):  # noqa: PTH123
        pass
