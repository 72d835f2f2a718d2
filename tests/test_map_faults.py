"""Jobs whose calls hang, crash, fork, print or start jobs of their own, and jobs that are left half-way."""

from __future__ import annotations

import asyncio
import functools
import gc
import itertools
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import advisor
from advisor.errors import CallError
from advisor.models import Failure
from tests import calls, pools

every = pytest.mark.parametrize("strategy", calls.STRATEGIES)


def check_one_failure(results: list[Any], index: int, kind: str) -> Failure:
    """Check that one result is a failure, and the others are complete."""
    failure = results[index]
    assert isinstance(failure, Failure)
    assert (failure.index, failure.type) == (index, kind)
    assert [result for result in results if result is not failure] == [
        number for number in range(len(results)) if number != index
    ]
    return failure


@pytest.mark.parametrize(
    ("function", "strategy"),
    [(calls.hang_at, "multiprocessing"), (calls.hang_at, None), (calls.hang_at_soon, "asyncio")],
    ids=["processes", "not chosen", "coroutines"],
)
def test_a_call_that_does_not_end_is_ended(function: Any, strategy: Any) -> None:
    """Only that call fails; nothing is left behind."""
    run = advisor.map(
        functools.partial(function, bad=3), range(8), call_timeout=0.5, on_error="keep", strategy=strategy, workers=2
    )
    failure = check_one_failure(list(run), 3, "TimeoutError")
    assert failure.message == "the call took longer than 0.5 s"
    assert run.report.abandoned == 0
    assert not multiprocessing.active_children()


def test_a_thread_that_does_not_end_is_left_behind() -> None:
    """It is counted, and another one makes the other calls."""
    end = threading.Event()

    def wait_at_three(number: int) -> int:
        if number == 3:
            end.wait(60)
        return number

    run = advisor.map(wait_at_three, range(8), call_timeout=0.5, on_error="keep", strategy="threading", workers=1)
    check_one_failure(list(run), 3, "TimeoutError")
    assert run.report.abandoned == 1
    end.set()


def test_calls_that_must_be_ended_stay_here_if_processes_would_break_them(tmp_path: Path) -> None:
    """Calls that read from one open file run in threads."""
    path = tmp_path / "lines.txt"
    path.write_text("0\n1\n2\n3\n4\n")
    with path.open() as file:
        run = advisor.map(lambda _: int(file.readline()), range(5), call_timeout=60)
        assert sorted(run) == list(range(5))
    assert "multiprocessing" not in {stage.strategy for stage in run.report.stages}
    assert "left behind" in run.report.stages[0].why


@pytest.mark.parametrize("bad", [0, 40, 99])
def test_a_call_that_kills_its_worker_fails_alone(bad: int) -> None:
    """The other calls of its chunk are made again."""
    run = advisor.map(
        functools.partial(calls.kill_worker_at, bad=bad),
        range(100),
        on_error="keep",
        strategy="multiprocessing",
        workers=2,
    )
    failure = check_one_failure(list(run), bad, "WorkerError")
    assert "7" in failure.message
    assert (run.report.succeeded, run.report.failed) == (99, 1)


@pytest.mark.parametrize("way", ["SIGSEGV", "null pointer", "SIGKILL", "exit"])
def test_every_way_to_die_is_one_failed_call(way: str) -> None:
    """By a signal or by leaving."""
    run = advisor.map(pools.die, ["no", way, "no"], on_error="keep", strategy="multiprocessing", workers=1)
    results: list[Any] = list(run)
    assert (results[0], results[1].type, results[2]) == ("no", "WorkerError", "no")


def test_arguments_that_cannot_be_pickled_fail_alone() -> None:
    """The others are sent without them."""
    items = [1, threading.Lock(), 3]
    results: list[Any] = list(advisor.map(type, items, on_error="keep", strategy="multiprocessing", workers=1))
    assert (results[0], results[2]) == (int, int)
    assert (results[1].index, results[1].type) == (1, "TypeError")
    assert "pickle" in results[1].message


def test_an_exception_that_cannot_be_pickled_arrives_as_what_it_was() -> None:
    """Its class and text are known."""
    with pytest.raises(CallError, match="cannot_travel raised LocalError: lock") as raised:
        list(advisor.map(cannot_travel, range(3), strategy="multiprocessing", workers=1))
    assert type(raised.value.__cause__).__name__ == "LocalError"


def cannot_travel(_: int) -> None:
    class LocalError(Exception):
        def __init__(self, lock: Any, text: str) -> None:
            super().__init__(text)
            self.lock = lock

    raise LocalError(threading.Lock(), "lock")


@pytest.mark.parametrize("strategy", ["threading", "multiprocessing", "asyncio"])
def test_ctrl_c_raised_by_a_call_of_a_worker_is_a_failure(strategy: Any) -> None:
    """Only that of this thread is the user's."""
    run = advisor.map(
        calls.raise_for(strategy), [None, KeyboardInterrupt(), None], strategy=strategy, workers=1, on_error="keep"
    )
    results: list[Any] = list(run)
    assert (results[0], results[1].type, results[2]) == ("fine", "KeyboardInterrupt", "fine")


def test_ctrl_c_in_a_plain_loop_ends_the_job() -> None:
    """It comes as it is, after the results before it."""
    run = advisor.map(calls.raise_it, [None, None, KeyboardInterrupt(), None])
    assert [next(run), next(run)] == ["fine", "fine"]
    with pytest.raises(KeyboardInterrupt):
        next(run)
    assert list(run) == []
    assert run.report.succeeded == 2


@every
def test_a_job_may_be_left_while_calls_are_made(strategy: Any) -> None:
    """No process and no thread is left, and the calls in progress are not waited for."""
    before = set(threading.enumerate())
    functions = {"multiprocessing": calls.hang_from_five, "asyncio": calls.hang_from_five_soon}
    function = functools.partial(functions.get(strategy, calls.look_up))  # nothing ends a thread
    with advisor.map(function, itertools.count(), strategy=strategy, workers=2) as run:
        assert [next(run) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert not multiprocessing.active_children()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set(threading.enumerate()) <= before


@every
def test_an_exception_of_the_reader_ends_the_job(strategy: Any) -> None:
    """It passes through the block as it is."""
    with (
        pytest.raises(ZeroDivisionError),
        advisor.map(calls.square_for(strategy), itertools.count(), strategy=strategy, workers=2) as run,
    ):
        1 / next(run)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("strategy", ["threading", "multiprocessing", "asyncio"])
def test_a_forgotten_run_ends_its_workers(strategy: Any) -> None:
    """When nobody refers to it any more."""
    before = set(threading.enumerate())
    run = advisor.map(calls.square_for(strategy), itertools.count(), strategy=strategy, workers=2)
    assert next(run) == 0
    del run
    gc.collect()
    assert not multiprocessing.active_children()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set(threading.enumerate()) <= before


def test_a_closed_run_is_at_its_end() -> None:
    """Closing it twice, or before it began, is no error."""
    run = advisor.map(calls.square, range(10))
    run.close()
    run.close()
    assert list(run) == []
    assert run.report.calls == 0


@pytest.mark.parametrize("strategy", [None, "sequential", "threading", "multiprocessing"])
@pytest.mark.parametrize("function", [calls.sum_of_squares, calls.pool_of_squares])
def test_a_call_may_run_a_job_of_its_own(function: Callable[[int], int], strategy: Any) -> None:
    """In a worker as in the loop."""
    sums = [sum(number * number for number in range(count)) for count in range(10)]
    assert list(advisor.map(function, range(10), strategy=strategy, workers=2)) == sums


@pytest.mark.parametrize("strategy", [None, "multiprocessing"])
def test_a_call_may_print(strategy: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """Every line comes once."""
    assert list(advisor.map(calls.say, range(10), strategy=strategy, workers=1)) == list(range(10))
    lines = capfd.readouterr().out.splitlines()
    assert sorted(lines) == sorted(f"call {number}" for number in range(10))


@pytest.mark.parametrize("strategy", [None, "multiprocessing"])
def test_a_call_may_fork(strategy: Any) -> None:
    """The fork that ends at once takes nothing with it."""
    assert list(advisor.map(calls.fork_one, range(10), strategy=strategy, workers=2)) == list(range(10))


@pytest.mark.parametrize("strategy", ["sequential", "multiprocessing"])
def test_lambdas_and_closures_run_in_processes(strategy: Any) -> None:
    """They need no name to be found by."""
    base = 10
    assert list(advisor.map(lambda number: number + base, range(5), strategy=strategy, workers=1)) == list(
        range(10, 15)
    )


def test_a_job_may_be_run_on_another_thread() -> None:
    """Its workers end with it."""
    results: list[int] = []
    thread = threading.Thread(
        target=lambda: results.extend(advisor.map(calls.square, range(50), strategy="multiprocessing", workers=1))
    )
    thread.start()
    thread.join(60)
    assert results == [number * number for number in range(50)]
    assert not multiprocessing.active_children()


def test_a_job_may_be_run_from_a_coroutine() -> None:
    """Coroutine functions then run on another event loop."""

    async def main() -> list[int]:
        return list(advisor.map(calls.square_soon, range(20)))

    assert asyncio.run(main()) == [number * number for number in range(20)]


def test_a_job_of_long_calls_hands_over_each_result() -> None:
    """A result can be read while later calls have not begun."""
    began: list[int] = []

    def call(number: int) -> int:
        began.append(number)
        time.sleep(0.01)
        return number

    run = advisor.map(call, range(1_000), strategy="threading", workers=1)
    assert next(run) == 0
    assert len(began) < 500
    run.close()


@pytest.mark.parametrize("strategy", [None, "threading"])
def test_slow_inputs_hold_up_few_results(strategy: Any) -> None:
    """Results are handed over while later inputs have not been read."""
    read: list[int] = []

    def inputs() -> Iterator[int]:
        for number in itertools.count():
            time.sleep(0.005)
            read.append(number)
            yield number

    with advisor.map(calls.square, inputs(), strategy=strategy, workers=2) as run:
        assert [next(run) for _ in range(20)] == [number * number for number in range(20)]
        assert len(read) < 60


WRITTEN: dict[int, int] = {}


def write_and_return(number: int) -> int:
    WRITTEN[number] = number
    return number


def test_a_time_out_loses_nothing_that_calls_write() -> None:
    """Calls that may change a global run in one thread of this process, which alone has that global."""
    WRITTEN.clear()
    run = advisor.map(write_and_return, range(50), call_timeout=30)
    assert list(run) == list(range(50))
    assert {number: number for number in range(50)} == WRITTEN
    assert {(stage.strategy, stage.workers) for stage in run.report.stages} == {("threading", 1)}
