"""The loop of calls: batches, budgets, and the call that failed; with a clock that the tests set."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from advisor.errors import TargetError
from advisor.measure.clocks import ClockReading
from advisor.measure.input_order import shuffled
from advisor.measure.meter import Meter, TimedBatch
from advisor.measure.runner import TimeLimit, Workload, run_calls
from advisor.target.inputs import Call

ZERO = ClockReading(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def run(function: Callable[..., Any], calls: list[Call] | None, limit: TimeLimit) -> list[TimedBatch]:
    with Meter("inside") as meter:
        run_calls(Workload(function, calls, "work", coroutine=False), meter, limit)
    return meter.batches


def ticking(times: Iterable[float]) -> Callable[[], float]:
    iterator = iter(times)
    return lambda: float(next(iterator))


@pytest.mark.parametrize("bad", [1, 2, 7, 50, 99, 100])
def test_the_input_that_fails_is_named_wherever_it_is_in_a_batch(bad: int) -> None:
    """Short calls are made in batches, and each may be the one that raises: measuring goes on with the others."""
    calls = [Call(("oops" if n == bad else "1",), where=f"line {n}") for n in range(1, 101)]
    with Meter("inside") as meter:
        limit = TimeLimit(1.0, clock=ticking(itertools.chain([0.0] * 60, itertools.repeat(9.0))))
        made = run_calls(Workload(int, calls, "work", coroutine=False), meter, limit)
    assert sum(batch.calls for batch in meter.batches) >= 100
    assert set(made.results) == {1}
    failed = made.failed_inputs
    assert failed is not None
    assert (failed.count, failed.of, failed.index, failed.where) == (1, 100, bad - 1, f"line {bad}")
    assert failed.exception.startswith("ValueError: invalid literal")
    assert failed.picklable


def test_two_calls_that_work_are_inspected() -> None:
    """Whatever the others before and between them do, and however short the time is."""
    inspected: list[tuple[object, bool]] = []

    @contextlib.contextmanager
    def inspect_call(call: Call, result: Callable[[], Any], *, first: bool) -> Iterator[None]:
        yield
        inspected.append((result(), first))

    calls = [Call((n,)) for n in range(20)]
    order = [call.args[0] for call in shuffled(calls)]
    good = {order[1], order[3]}
    with Meter("inside") as meter:
        limit = TimeLimit(1.0, clock=ticking(itertools.chain([0.0] * 2, itertools.repeat(9.0))))
        workload = Workload(lambda n: n if n in good else 1 // 0, calls, "work", coroutine=False)
        made = run_calls(workload, meter, limit, inspect_call=inspect_call)
    assert inspected == [(order[1], True), (order[3], False)]
    assert made.failed_inputs is not None
    assert (made.failed_inputs.count, made.failed_inputs.of) == (2, 4)


@pytest.mark.parametrize("working", [0, 2, 40])
def test_measuring_ends_if_most_inputs_fail(working: int) -> None:
    """Then it is the function that is wrong; the error is that of the first call."""
    calls = [Call(("1" if n <= working else "oops",), where=f"line {n}") for n in range(1, 101)]
    with pytest.raises(TargetError, match=r"\(line \d+\) raised ValueError") as caught:
        run(int, calls, TimeLimit(1.0, clock=lambda: 0.0))
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_function_without_inputs_may_not_fail() -> None:
    """Each of its calls does the same."""
    results = iter([1, 2])
    with pytest.raises(TargetError, match="call 3 of work raised StopIteration"):
        run(lambda: next(results), None, TimeLimit(1.0, clock=lambda: 0.0))


def test_a_call_that_fails_in_a_later_round_ends_the_measuring_quietly() -> None:
    """Also in the middle of a batch: its input worked before."""
    numbers = [[n] for n in range(100)]
    run(list.pop, [Call((number,)) for number in numbers], TimeLimit(1.0, clock=lambda: 0.0))
    assert numbers == [[]] * 100


@pytest.mark.parametrize(
    ("start", "minimum"),
    [(0, 0.0), (100, 3.0)],  # the second is late already, after getting a million inputs ready
)
def test_calls_stop_at_the_end_but_not_before_the_minimum(start: int, minimum: float) -> None:
    """With a clock that goes on by one second at each look, a few looks are enough."""
    made: list[int] = []
    run(made.append, [Call((1,))], TimeLimit(5, minimum, ticking(range(start, 1000))))
    assert 2 <= len(made) < 64


def lengths_of_calls(first: float, others: float, end: float, two_calls: float = 60.0) -> list[float]:
    """Return the lengths of the calls that are made, where the first is unlike the others."""
    now, lengths = 0.0, []

    def work() -> None:
        nonlocal now
        lengths.append(others if lengths else first)
        now += lengths[-1]

    with Meter("inside") as meter:
        meter.start = lambda: setattr(meter, "began", now)  # type: ignore[method-assign]
        meter.stop = lambda calls: TimedBatch(calls, ZERO._replace(wall=now - meter.began))  # type: ignore[method-assign, attr-defined]
        run_calls(
            Workload(work, None, "work", coroutine=False), meter, TimeLimit(end, 0.5, lambda: now, two_calls=two_calls)
        )
    return lengths


@pytest.mark.parametrize(
    ("first", "others", "end", "made"),
    [
        (5.0, 5.0, 3.0, [5.0, 5.0]),  # the first call may have loaded something, and only the second tells
        (1.5, 1.25, 2.0, [1.5, 1.25]),  # with time left, though not as much as the first call took
        (5.0, 0.125, 3.0, [5.0, *[0.125] * 5]),  # it had: the others get half a second for themselves
        (5.0, 2.0, 3.0, [5.0, 2.0]),  # which is not enough for a third
        (31.0, 0.125, 3.0, [31.0]),  # a second call as long as this would exceed the time-out
        (0.25, 0.25, 1.0, [0.25] * 4),
    ],
)
def test_the_first_call_is_followed_by_another(first: float, others: float, end: float, made: list[float]) -> None:
    """A second call is made whatever the budget is, and more where it is much cheaper, but within the time-out."""
    assert lengths_of_calls(first, others, end) == made


def test_without_a_budget_one_call_is_made() -> None:
    """The contract is that one call always finishes; a second would be none of the caller's wish."""
    made: list[int] = []
    run(made.append, [Call((1,))], TimeLimit(0.0, clock=lambda: 0.0))
    assert made == [1]


def test_progress_is_reported_from_the_first_call_on() -> None:
    """So the second call, which may be beyond the budget, is named, and has the time-out for itself."""
    reports: list[int] = []
    with Meter("inside") as meter:
        workload, limit = Workload(int, None, "work", coroutine=False), TimeLimit(5, clock=ticking(range(100)))
        run_calls(workload, meter, limit, on_progress=lambda fraction, done, mean: reports.append(done))
    assert reports[:2] == [1, 2]


def test_batches_end_with_the_round_twice() -> None:
    """Then they grow beyond it, as few inputs would otherwise be timed one by one."""
    clock = ticking(itertools.chain([0.0] * 60, itertools.repeat(9.0)))
    batches = run(abs, [Call((n,)) for n in range(10)], TimeLimit(1.0, clock=clock))
    assert {10, 20} <= set(itertools.accumulate(batch.calls for batch in batches))
    assert max(batch.calls for batch in batches) > 10
