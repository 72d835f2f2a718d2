"""One suite over every executor, and tests of our own executors."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor
from concurrent.futures import wait as wait_for

import pytest

from advisor.errors import UsageError
from advisor.models import Strategy
from advisor.run.asyncio_executor import AsyncioExecutor
from advisor.run.executors import SequentialExecutor, open_executor
from tests.light_calls import add, refuse

Opener = Callable[[int], Executor]

STRATEGIES: list[Strategy] = ["sequential", "threading", "multiprocessing", "asyncio"]
if sys.version_info >= (3, 14):
    STRATEGIES.append("interpreters")


@pytest.fixture(params=STRATEGIES)
def opener(request: pytest.FixtureRequest) -> Opener:
    """Return a function that opens the executor under test with so many workers."""
    return lambda workers: open_executor(request.param, workers)


def leave(status: int) -> None:
    sys.exit(status)


def test_submit_answers_with_the_result(opener: Opener) -> None:
    """Positional and keyword arguments reach the call."""
    with opener(2) as pool:
        assert pool.submit(add, 1, b=2).result(30) == 3


def test_map_keeps_the_order_of_many_more_calls_than_workers(opener: Opener) -> None:
    """A hundred calls on two workers return in order, in chunks where the pool has them."""
    with opener(2) as pool:
        assert list(pool.map(add, range(100), range(0, 1000, 10), chunksize=7)) == [11 * i for i in range(100)]


def test_map_of_nothing_is_nothing(opener: Opener) -> None:
    """A map without inputs has no results and no error."""
    with opener(2) as pool:
        assert list(pool.map(add, [])) == []


def test_an_exception_is_the_futures(opener: Opener) -> None:
    """An exception is raised where the result is asked for, and the pool goes on."""
    with opener(2) as pool:
        failed = pool.submit(refuse, 3)
        assert isinstance(failed.exception(30), LookupError)
        with pytest.raises(LookupError, match="no 3 here"):
            failed.result()
        assert pool.submit(refuse, 4).result(30) == 4


def test_an_exception_in_map_comes_after_the_results_before_it(opener: Opener) -> None:
    """Results before the failed call are returned."""
    with opener(2) as pool:
        results = iter(pool.map(refuse, range(6)))
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(LookupError):
            next(results)


def test_leaving_the_block_waits_for_all_calls(opener: Opener) -> None:
    """A `with` block ends when all calls have ended."""
    with opener(2) as pool:
        futures = [pool.submit(time.sleep, 0.01) for _ in range(5)]
    assert all(future.done() and future.exception() is None for future in futures)


def test_a_closed_pool_takes_no_more_calls(opener: Opener) -> None:
    """A closed pool raises RuntimeError, like those of the standard library; closing twice is no error."""
    pool = opener(1)
    pool.shutdown()
    pool.shutdown()
    with pytest.raises(RuntimeError):
        pool.submit(add, 1)
    with pytest.raises(RuntimeError):
        list(pool.map(add, [1]))


def test_sequential_runs_at_once_in_the_callers_thread() -> None:
    """The call has ended when `submit` returns."""
    with SequentialExecutor() as pool:
        future = pool.submit(threading.get_ident)
        assert future.done()
        assert future.result() == threading.get_ident()
        assert isinstance(pool.submit(leave, 3).exception(), SystemExit)


def test_sequential_lets_ctrl_c_through() -> None:
    """KeyboardInterrupt reaches the caller, not the future."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    with SequentialExecutor() as pool, pytest.raises(KeyboardInterrupt):
        pool.submit(interrupt)


def test_processes_are_not_this_one() -> None:
    """Calls run in other processes."""
    with open_executor("multiprocessing", 2) as pool:
        assert os.getpid() not in set(pool.map(call_getpid, range(4)))


def call_getpid(_: int) -> int:
    return os.getpid()


@pytest.mark.parametrize(("strategy", "most"), [("threading", 3), ("asyncio", 3), ("sequential", 1)])
def test_no_more_calls_than_workers_run_at_once(strategy: Strategy, most: int) -> None:
    """Of twelve calls on three workers, three run at once."""
    running: list[int] = []
    peak: list[int] = []

    def wait() -> None:
        running.append(1)
        peak.append(len(running))
        time.sleep(0.01)
        running.pop()

    async def wait_soon() -> None:
        running.append(1)
        peak.append(len(running))
        await asyncio.sleep(0.01)
        running.pop()

    with open_executor(strategy, 3) as pool:
        for future in [pool.submit(wait_soon if strategy == "asyncio" else wait) for _ in range(12)]:
            future.result()
    assert max(peak) == most


async def soon(value: int) -> int:
    await asyncio.sleep(0)
    if value < 0:
        raise LookupError
    return value


def test_coroutine_functions_are_awaited_on_one_loop_in_another_thread() -> None:
    """All calls of an executor share its event loop."""

    async def where() -> tuple[int, int]:
        return id(asyncio.get_running_loop()), threading.get_ident()

    with AsyncioExecutor(2) as pool:
        places = {pool.submit(where).result() for _ in range(5)}
        assert len(places) == 1
        assert places.pop()[1] != threading.get_ident()
        assert list(pool.map(soon, range(5))) == [0, 1, 2, 3, 4]
        with pytest.raises(LookupError):
            list(pool.map(soon, [1, -1]))


def test_calls_that_wait_on_a_loop_can_be_cancelled() -> None:
    """`cancel_futures` ends calls that would never end."""
    pool = AsyncioExecutor(1)
    futures = [pool.submit(asyncio.sleep, 3600) for _ in range(3)]
    pool.shutdown(cancel_futures=True)
    wait_for(futures, timeout=30)
    for future in futures:
        with pytest.raises(CancelledError):
            future.result(0)


def test_a_loop_is_gone_when_its_pool_is_closed() -> None:
    """A closed executor leaves no thread behind."""
    before = threading.active_count()
    with AsyncioExecutor(2) as pool:
        pool.submit(soon, 1).result()
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_an_unknown_strategy_lists_the_known_ones() -> None:
    """The error names what is available."""
    with pytest.raises(UsageError, match="no executor for 'magic'; there are sequential, threading, "):
        open_executor("magic", 2)  # type: ignore[arg-type]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="there is one")
def test_interpreters_need_a_newer_python() -> None:
    """The message names the version that is needed."""
    with pytest.raises(UsageError, match=r"3\.14"):
        open_executor("interpreters", 2)
