"""Jobs run from coroutines: on the loop of the caller, and elsewhere."""

from __future__ import annotations

import asyncio
import itertools
import math
import multiprocessing
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

import advisor
from advisor.errors import CallError, UsageError
from advisor.models import Failure
from tests import calls

Main = Callable[[], Coroutine[Any, Any, Any]]
every = pytest.mark.parametrize("strategy", [None, *calls.STRATEGIES])


def run(main: Main) -> Any:
    """Run a coroutine on a new loop; check that no task, no process and no thread is left."""
    before = set(threading.enumerate())

    async def checked() -> Any:
        async with asyncio.timeout(60):
            result = await main()
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(others)
        return result

    result = asyncio.run(checked())
    assert not multiprocessing.active_children()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set(threading.enumerate()) <= before
    return result


@every
def test_results_come_in_order(strategy: Any) -> None:
    """Each strategy gives what the plain loop gives."""

    async def main() -> list[int]:
        function = calls.square_for(strategy or "")
        job = advisor.amap(function, range(200), strategy=strategy, workers=2)
        results = [result async for result in job]
        assert job.report.succeeded == sum(stage.calls for stage in job.report.stages) == 200
        return results

    assert run(main) == [number * number for number in range(200)]


def test_results_may_come_as_they_are_ready() -> None:
    """Unordered, a slow call holds up no other."""

    async def main() -> list[int]:
        read = asyncio.Event()

        async def call(number: int) -> int:
            if number == 0:
                await read.wait()
            return number

        results = []
        async for result in advisor.amap(call, range(4), strategy="asyncio", workers=2, ordered=False):
            results.append(result)
            read.set()
        return results

    results = run(main)
    assert sorted(results) == [0, 1, 2, 3]
    assert results[0] != 0


@pytest.mark.parametrize("strategy", [None, "sequential", "asyncio"])
def test_coroutines_run_on_the_loop_of_the_caller(strategy: Any) -> None:
    """A lock and a queue that belong to that loop work, from the first call on."""

    async def main() -> list[asyncio.AbstractEventLoop]:
        lock, queue = asyncio.Lock(), asyncio.Queue[int]()

        async def call(number: int) -> asyncio.AbstractEventLoop:
            async with lock:
                await queue.put(number)
                await asyncio.sleep(0)
                assert await queue.get() == number
            return asyncio.get_running_loop()

        loops = [loop async for loop in advisor.amap(call, range(50), strategy=strategy)]
        return [loop for loop in loops if loop is asyncio.get_running_loop()]

    assert len(run(main)) == 50


def test_the_loop_goes_on_while_calls_are_made() -> None:
    """Other tasks run while a plain function computes or waits."""

    async def main() -> list[int]:
        released = threading.Event()
        asyncio.get_running_loop().call_soon(released.set)  # runs only if the loop is free

        def call(number: int) -> int:
            assert released.wait(60)
            return number

        return [result async for result in advisor.amap(call, range(3))]

    assert run(main) == [0, 1, 2]


def test_the_advised_way_is_taken() -> None:
    """Coroutines that wait are awaited at the same time."""

    async def main() -> list[int]:
        job = advisor.amap(calls.wait_and_square_soon, range(400))
        results = [result async for result in job]
        assert job.advice is not None
        assert "asyncio" in {stage.strategy for stage in job.report.stages}
        return results

    assert run(main) == [number * number for number in range(400)]


@every
def test_inputs_may_be_asynchronous(strategy: Any) -> None:
    """They are produced on the loop of the caller, and may be mixed with others."""

    async def numbers() -> AsyncIterator[int]:
        loop = asyncio.get_running_loop()
        for number in range(20):
            await asyncio.sleep(0)
            assert asyncio.get_running_loop() is loop
            yield number

    async def main() -> list[int]:
        function = calls.power_soon if strategy == "asyncio" else calls.power
        job = advisor.amap(function, numbers(), itertools.repeat(3), strategy=strategy, workers=2)
        return [result async for result in job]

    assert run(main) == [number**3 for number in range(20)]


@every
def test_endless_asynchronous_inputs_are_read_as_they_are_needed(strategy: Any) -> None:
    """Leaving the block ends the job, and with it the inputs."""
    made: list[int] = []
    ended: list[bool] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in itertools.count():
                made.append(number)
                yield number
        finally:
            ended.append(True)

    async def main() -> list[int]:
        job = advisor.amap(calls.square_for(strategy or ""), numbers(), strategy=strategy, workers=2)
        async with job:
            return [await anext(job) for _ in range(20)]

    assert run(main) == [number * number for number in range(20)]
    assert len(made) < 20_000
    assert ended == [True]


def test_asynchronous_inputs_that_raise_do_so_after_the_results_before() -> None:
    """The exception comes as it is."""

    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2
        raise OSError("torn tape")

    async def main() -> list[int]:
        job = advisor.amap(calls.square_soon, numbers())
        results = [await anext(job), await anext(job)]
        with pytest.raises(OSError, match="torn tape"):
            await anext(job)
        return results

    assert run(main) == [1, 4]


@every
def test_an_error_tells_its_input(strategy: Any) -> None:
    """It comes in its turn, and the job is over."""

    async def main() -> list[int]:
        function = calls.refuse_three_soon if strategy == "asyncio" else calls.refuse_three
        job = advisor.amap(function, range(100), strategy=strategy, workers=2)
        results = [await anext(job) for _ in range(3)]
        with pytest.raises(CallError, match="no 3 here") as raised:
            await anext(job)
        assert raised.value.index == 3
        assert isinstance(raised.value.__cause__, LookupError)
        assert [result async for result in job] == []
        return results

    assert run(main) == [0, 1, 2]


@every
def test_failures_may_be_kept(strategy: Any) -> None:
    """A record stands in the place of the result."""

    async def main() -> list[Any]:
        function = calls.refuse_three_soon if strategy == "asyncio" else calls.refuse_three
        return [each async for each in advisor.amap(function, range(10), strategy=strategy, on_error="keep", workers=2)]

    results = run(main)
    assert isinstance(results[3], Failure)
    assert results[:3] + results[4:] == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_a_coroutine_that_takes_too_long_is_cancelled() -> None:
    """The others of the job go on."""

    async def main() -> list[Any]:
        cancelled: list[int] = []

        async def call(number: int) -> int:
            try:
                await asyncio.sleep(600 if number == 1 else 0)
            except asyncio.CancelledError:
                cancelled.append(number)
                raise
            return number

        results = [each async for each in advisor.amap(call, range(4), call_timeout=0.2, on_error="keep")]
        assert cancelled == [1]
        return results

    results = run(main)
    assert [results[0], results[2], results[3]] == [0, 2, 3]
    assert results[1].type == "TimeoutError"


@pytest.mark.parametrize("strategy", [None, "sequential", "asyncio"])
def test_a_reader_that_is_cancelled_ends_the_job(strategy: Any) -> None:
    """Calls that would wait for ever are cancelled, too."""

    async def main() -> list[int]:
        began, cancelled = asyncio.Event(), []

        async def call(number: int) -> int:
            if number >= 2:
                began.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    cancelled.append(number)
            return number

        async def read() -> None:
            async for _ in advisor.amap(call, itertools.count(), strategy=strategy, workers=2):
                pass

        reader = asyncio.create_task(read())
        await began.wait()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        return cancelled

    assert 2 in run(main)


def test_a_reader_that_is_cancelled_waits_for_no_inputs() -> None:
    """Asynchronous inputs that never come are cancelled."""

    async def numbers() -> AsyncIterator[int]:
        yield 1
        await asyncio.Event().wait()

    async def main() -> list[int]:
        results: list[int] = []

        async def read() -> None:
            async for result in advisor.amap(calls.square_soon, numbers()):
                results.append(result)

        reader = asyncio.create_task(read())
        while not results:
            await asyncio.sleep(0.01)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        return results

    assert run(main) == [1]


@every
def test_a_closed_job_is_at_its_end(strategy: Any) -> None:
    """Closing it early, twice, or before it began is no error."""

    async def main() -> list[int]:
        job = advisor.amap(calls.square_for(strategy or ""), itertools.count(), strategy=strategy, workers=2)
        results = [await anext(job) for _ in range(3)]
        await job.aclose()
        await job.aclose()
        rest = [result async for result in job]
        unread = dict(job.unread())
        assert rest == [number * number for number in range(3, 3 + len(rest))]
        assert all(result == number * number for number, result in unread.items())
        assert job.report.succeeded == 3 + len(rest) + len(unread)
        other = advisor.amap(calls.square, range(3))
        await other.aclose()
        assert [result async for result in other] == []
        return results

    assert run(main) == [0, 1, 4]


def test_two_jobs_share_a_loop() -> None:
    """Each has its own results."""

    async def collect(factor: int) -> list[int]:
        return [each async for each in advisor.amap(calls.power_soon, range(50), itertools.repeat(factor))]

    async def main() -> list[list[int]]:
        return await asyncio.gather(collect(1), collect(2))

    assert run(main) == [list(range(50)), [number**2 for number in range(50)]]


def test_wrong_arguments_are_refused_at_once() -> None:
    """As by `map`; and a running loop is needed."""

    async def main() -> None:
        with pytest.raises(UsageError, match="call_timeout must be"):
            advisor.amap(calls.square_soon, [1], call_timeout=math.nan)
        with pytest.raises(UsageError, match="there are no inputs"):
            advisor.amap(calls.square_soon)

    run(main)
    with pytest.raises(RuntimeError, match="no running event loop"):
        advisor.amap(calls.square_soon, [1])


def test_a_run_that_is_left_unread_ends_its_workers() -> None:
    """Without `aclose`, they end when nothing refers to the run any more."""

    async def read_some() -> None:
        async for result in advisor.amap(calls.square, range(1_000), strategy="threading", workers=2):
            if result == 16:
                break

    before = set(threading.enumerate())
    asyncio.run(read_some())
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert set(threading.enumerate()) <= before
