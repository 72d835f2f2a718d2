"""Jobs: results, inputs, errors and reports; every strategy does the same."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import math
import multiprocessing
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import advisor
from advisor.errors import CallError, UsageError
from advisor.models import Failure, RunReport
from advisor.target.inputs import Call
from tests import calls

pooled = pytest.mark.parametrize("strategy", calls.STRATEGIES[1:])
every = pytest.mark.parametrize("strategy", calls.STRATEGIES)


def check_report(report: RunReport) -> None:
    """Check that the figures of a report add up."""
    assert report.calls == report.succeeded + report.failed + report.resumed
    assert sum(stage.calls for stage in report.stages) == report.succeeded + report.failed
    assert sum(stage.seconds for stage in report.stages) <= report.seconds
    assert all(stage.why for stage in report.stages)


def no_workers_are_left(before: set[threading.Thread]) -> bool:
    """Return True if no process and no thread runs that did not run before; wait for those that end."""
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    return not multiprocessing.active_children() and set(threading.enumerate()) <= before


@every
@pytest.mark.parametrize("count", [0, 1, 2, 300])
def test_results_come_in_order(strategy: Any, count: int) -> None:
    """Each strategy gives what the plain loop gives, and leaves nothing behind."""
    before = set(threading.enumerate())
    with advisor.map(calls.square_for(strategy), range(count), strategy=strategy, workers=2) as run:
        assert list(run) == [number * number for number in range(count)]
    check_report(run.report)
    assert (run.report.succeeded, run.report.failed) == (count, 0)
    assert {stage.strategy for stage in run.report.stages} == {strategy}
    assert no_workers_are_left(before)


@every
def test_results_may_come_as_they_are_ready(strategy: Any) -> None:
    """Unordered, each result comes once."""
    run = advisor.map(calls.square_for(strategy), range(300), strategy=strategy, workers=2, ordered=False)
    assert sorted(run) == [number * number for number in range(300)]


def test_a_fast_call_overtakes_a_slow_one() -> None:
    """Unordered, the second result comes while the first call still waits for it to be read."""
    read = threading.Event()

    def call(number: int) -> int:
        if number == 0:
            assert read.wait(60)
        return number

    results = []
    for result in advisor.map(call, range(4), strategy="threading", workers=2, ordered=False):
        results.append(result)
        read.set()
    assert sorted(results) == [0, 1, 2, 3]
    assert results[0] != 0


@pytest.mark.parametrize("count", [3, 200])
def test_a_job_that_is_not_worth_it_stays_a_plain_loop(count: int) -> None:
    """There is no advice, and nothing but the loop in the report."""
    run = advisor.map(calls.square, range(count))
    assert list(run) == [number * number for number in range(count)]
    assert run.advice is None
    assert [(stage.strategy, stage.workers, stage.calls) for stage in run.report.stages] == [("sequential", 1, count)]
    check_report(run.report)


@pytest.mark.parametrize("function", [calls.wait_and_square, calls.wait_and_square_soon])
def test_calls_that_wait_are_made_at_the_same_time(function: Any) -> None:
    """The first calls show that they wait; the advice is in force, and every call is made once."""
    with advisor.map(function, range(400)) as run:
        assert list(run) == [number * number for number in range(400)]
    assert run.advice is not None
    assert max(stage.workers for stage in run.report.stages) > 1
    if not inspect.iscoroutinefunction(function):
        assert "asyncio" not in {stage.strategy for stage in run.report.stages}
    assert run.report.stages[0].strategy == "sequential"
    assert run.report.sequential_seconds is not None
    check_report(run.report)


def test_calls_that_compute_give_the_results_of_the_loop() -> None:
    """Whatever was decided, on however many cores."""
    run = advisor.map(calls.compute, range(200))
    assert list(run) == list(range(200))
    check_report(run.report)


def test_calls_run_in_no_process_if_they_change_an_object() -> None:
    """A dictionary that collects is complete afterwards, since its changes would stay in a worker process."""
    calls.COLLECTED.clear()
    run = advisor.map(calls.note, range(200))
    assert list(run) == list(range(200))
    assert dict.fromkeys(range(200), os.getpid()) == calls.COLLECTED
    assert "multiprocessing" not in {stage.strategy for stage in run.report.stages}


def test_a_list_that_is_read_only_is_no_obstacle() -> None:
    """Calls that look something up are made at the same time."""
    run = advisor.map(calls.look_up, range(200))
    assert list(run) == [number % 100 for number in range(200)]
    assert run.report.stages[-1].strategy != "sequential"


def test_a_shared_file_stays_in_this_process(tmp_path: Path) -> None:
    """Two processes would read from one position."""
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"{number}\n" for number in range(200)))
    with path.open() as file:

        def read(_: int) -> str:
            calls.wait()
            return file.readline()

        run = advisor.map(read, range(200))
        assert sorted(int(line) for line in run) == list(range(200))
    assert "multiprocessing" not in {stage.strategy for stage in run.report.stages}


def test_several_iterables_give_an_argument_each() -> None:
    """The shortest ends the job, as with `map`."""
    assert list(advisor.map(calls.power, [2, 3, 4], itertools.repeat(3))) == [8, 27, 64]
    assert list(advisor.map(calls.power, range(5), [1, 2], strategy="threading")) == [0, 1]


@every
def test_items_may_hold_all_arguments(strategy: Any) -> None:
    """Tuples, lists, dictionaries, records and calls; an item that is none of them is the only argument."""
    function = calls.power_soon if strategy == "asyncio" else calls.power
    items = [(2, 3), [2], {"base": 3, "times": 2}, {"args": [2], "kwargs": {"times": 5}}, Call((3,), {"times": 10}), 7]
    run = advisor.map(function, items, star=True, strategy=strategy, workers=2)
    assert list(run) == [8, 4, 18, 20, 90, 49]


@every
def test_inputs_are_read_as_they_are_needed(strategy: Any) -> None:
    """Of endless inputs only a few are read ahead, and leaving the block ends the job."""
    before = set(threading.enumerate())
    numbers = itertools.count()
    with advisor.map(calls.square_for(strategy), numbers, strategy=strategy, workers=2) as run:
        assert [next(run) for _ in range(100)] == [number * number for number in range(100)]
    assert next(numbers) < 100_000
    check_report(run.report)
    assert no_workers_are_left(before)


@every
def test_inputs_that_raise_do_so_after_the_results_before(strategy: Any) -> None:
    """The exception comes as it is, when all results were read."""

    def inputs() -> Iterator[int]:
        yield from range(10)
        raise OSError("torn tape")

    run = advisor.map(calls.square_for(strategy), inputs(), strategy=strategy, workers=2)
    assert [next(run) for _ in range(10)] == [number * number for number in range(10)]
    with pytest.raises(OSError, match="torn tape"):
        next(run)


@every
def test_an_error_tells_its_input(strategy: Any) -> None:
    """It comes in its turn, with the original exception as its cause, and the job is over."""
    before = set(threading.enumerate())
    function = calls.refuse_three_soon if strategy == "asyncio" else calls.refuse_three
    run = advisor.map(function, range(100), strategy=strategy, workers=2)
    assert [next(run) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(CallError, match=r"^call 3 of refuse_three(_soon)? raised LookupError: no 3 here$") as raised:
        next(run)
    assert (raised.value.index, raised.value.attempts) == (3, 1)
    cause = raised.value.__cause__
    assert isinstance(cause, LookupError)
    assert list(run) == []
    assert run.report.failed == 1
    check_report(run.report)
    assert 3 not in dict(run.unread())
    assert no_workers_are_left(before)


@every
def test_failures_may_be_kept(strategy: Any) -> None:
    """A record stands in the place of the result; the others are complete."""
    function = calls.refuse_three_soon if strategy == "asyncio" else calls.refuse_three
    run = advisor.map(function, range(50), strategy=strategy, workers=2, on_error="keep")
    results: list[Any] = list(run)
    failure = results.pop(3)
    assert results == [number for number in range(50) if number != 3]
    assert isinstance(failure, Failure)
    assert (failure.index, failure.type, failure.message, failure.attempts) == (3, "LookupError", "no 3 here", 1)
    assert "refuse_three" in failure.traceback
    assert (run.report.succeeded, run.report.failed) == (49, 1)
    check_report(run.report)


@every
def test_calls_that_fail_at_first_are_made_again(strategy: Any, tmp_path: Path) -> None:
    """Each of five calls fails once, and none in the end."""
    function = calls.fail_first_soon if strategy == "asyncio" else calls.fail_first
    items = [(number, str(tmp_path), 1) for number in range(5)]
    run = advisor.map(function, items, star=True, retries=1, strategy=strategy, workers=5)
    assert list(run) == list(range(5))
    assert (run.report.succeeded, run.report.failed, run.report.retried) == (5, 0, 5)
    check_report(run.report)


@every
def test_calls_that_go_on_failing_tell_how_often(strategy: Any, tmp_path: Path) -> None:
    """A call that fails three times, of which two are allowed."""
    function = calls.fail_first_soon if strategy == "asyncio" else calls.fail_first
    run = advisor.map(function, [(0, str(tmp_path), 3)], star=True, retries=1, strategy=strategy, workers=1)
    with pytest.raises(CallError) as raised:
        list(run)
    assert raised.value.attempts == 2
    assert str(raised.value.__cause__) == "attempt 1 of 0"


@every
@pytest.mark.parametrize(
    "error", [SystemExit(3), StopIteration("end"), GeneratorExit(), asyncio.CancelledError()], ids=repr
)
def test_an_exception_that_ends_other_things_is_a_failure(strategy: Any, error: BaseException) -> None:
    """It ends neither the job nor this process, and the results go on behind it."""
    run = advisor.map(
        calls.raise_for(strategy), [None, None, error, None], strategy=strategy, workers=2, on_error="keep"
    )
    results: list[Any] = list(run)
    assert [result for result in results if result != "fine"] == [results[2]]
    assert results[2].index == 2
    assert len(results) == 4


@pytest.mark.parametrize(
    "error", [SystemExit(3), StopIteration("end"), KeyboardInterrupt(), asyncio.CancelledError()], ids=repr
)
def test_the_first_coroutines_may_raise_anything(error: BaseException) -> None:
    """A coroutine that is cancelled from within fails alone; Ctrl-C ends the job."""
    run = advisor.map(calls.raise_it_soon, [None, error, None], on_error="keep")
    results: list[Any] = [next(run)]
    if isinstance(error, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            next(run)
        return
    results += run
    assert (results[0], results[2]) == ("fine", "fine")
    assert (results[1].index, results[1].type) == (
        1,
        type(error).__name__ if "Stop" not in repr(error) else "RuntimeError",
    )


@every
def test_stop_iteration_is_no_silent_end(strategy: Any) -> None:
    """With "raise" it is an error like any other."""
    run = advisor.map(calls.raise_for(strategy), [None, StopIteration("end"), None], strategy=strategy, workers=2)
    assert next(run) == "fine"
    with pytest.raises(CallError) as raised:
        list(run)
    assert raised.value.index == 1


@every
def test_an_initializer_runs_first(strategy: Any) -> None:
    """In every worker, and in this process."""
    function = calls.ready_plus_soon if strategy == "asyncio" else calls.ready_plus
    run = advisor.map(
        function, range(20), strategy=strategy, workers=2, initializer=calls.be_ready, initargs=(len(strategy),)
    )
    assert list(run) == [number + len(strategy) for number in range(20)]


def test_an_initializer_that_fails_is_an_error_of_the_job() -> None:
    """Nothing is called."""
    with pytest.raises(ZeroDivisionError):
        list(advisor.map(calls.square, range(3), initializer=lambda: 1 / 0))


def test_results_that_must_be_awaited_are() -> None:
    """A function that returns an awaitable without being a coroutine function is called on an event loop."""

    def decorated(number: int) -> Awaitable[int]:
        return calls.square_soon(number)

    assert list(advisor.map(decorated, range(50))) == [number * number for number in range(50)]
    assert list(advisor.map(decorated, range(50), strategy="asyncio")) == [number * number for number in range(50)]


@pytest.mark.parametrize("strategy", [None, "sequential", "threading"])
def test_generators_are_results_like_others(strategy: Any) -> None:
    """Return generators, which need not be sent between processes here."""
    run = advisor.map(calls.up_to, range(5), strategy=strategy)
    assert [list(result) for result in run] == [list(range(number)) for number in range(5)]


def test_generators_from_processes_are_errors_that_say_why() -> None:
    """They cannot be pickled."""
    with pytest.raises(CallError, match="pickle"):
        list(advisor.map(calls.up_to, range(5), strategy="multiprocessing", workers=1))


@pooled
def test_results_that_were_not_read_can_be_had(strategy: Any) -> None:
    """After the block was left, no finished result is lost, and none comes twice."""
    with advisor.map(calls.square_for(strategy), itertools.count(), strategy=strategy, workers=2) as run:
        read = [next(run) for _ in range(10)]
    read += list(run)  # were on their way
    unread = dict(run.unread())
    assert all(result == number * number for number, result in unread.items())
    assert not unread.keys() & set(range(len(read)))
    assert run.report.succeeded == len(read) + len(unread)
    assert run.unread() == []


@pytest.mark.parametrize("strategy", [None, *calls.STRATEGIES])
def test_progress_is_told(strategy: Any) -> None:
    """The last report is that of the finished job."""
    reports: list[RunReport] = []
    run = advisor.map(calls.square_for(strategy or ""), range(100), strategy=strategy, progress=reports.append)
    list(run)
    assert reports[-1] == run.report
    assert [report.calls for report in reports] == sorted(report.calls for report in reports)


def test_a_run_shows_how_far_it_is() -> None:
    """Its representation is short."""
    run = advisor.map(calls.square, range(3))
    assert repr(run) == "<advisor.Run: 0 calls so far>"
    list(run)
    assert repr(run) == "<advisor.Run: 3 calls so far>"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"call_timeout": 0}, "call_timeout must be a number of seconds above 0, not 0"),
        ({"call_timeout": math.inf}, "call_timeout must be a number of seconds above 0, not inf"),
        ({"call_timeout": math.nan}, "call_timeout must be a number of seconds above 0, not nan"),
        ({"budget": -1}, "budget must be a number of seconds, 0 or more, not -1"),
        (
            {"strategy": "threads"},
            "strategy must be one of sequential, threading, multiprocessing, asyncio, cluster, not 'threads'",
        ),
        ({"workers": 0}, "workers must be a whole number, 1 or more, not 0"),
        ({"workers": 2.0}, "workers must be a whole number, 1 or more, not 2.0"),
        ({"on_error": "ignore"}, "on_error must be 'raise' or 'keep', not 'ignore'"),
        ({"retries": -1}, "retries must be a whole number, 0 or more, not -1"),
        ({"retries": 1.5}, "retries must be a whole number, 0 or more, not 1.5"),
        ({"strategy": "cluster"}, "the strategy cluster needs a cluster: name one, such as tcp://host:port"),
    ],
    ids=str,
)
def test_wrong_options_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    """The error names the option, what it must be, and what it was."""
    with pytest.raises(UsageError) as raised:
        advisor.map(calls.square, range(3), **options)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: advisor.map(calls.square), "there are no inputs: advisor.map(function, inputs)"),
        (lambda: advisor.map(calls.square, 3), "inputs must be iterable, not int"),  # type: ignore[arg-type]
        (lambda: advisor.map("square", [3]), "'square' is not callable"),  # type: ignore[arg-type]
        (
            lambda: advisor.map(calls.power, [1], [2], star=True),
            "star=True spreads the items of one iterable: pass only one",
        ),
    ],
)
def test_wrong_arguments_are_refused_at_once(call: Callable[[], object], message: str) -> None:
    """Before anything is called."""
    with pytest.raises(UsageError) as raised:
        call()
    assert str(raised.value) == message
