"""The loop of calls: batches, budgets, and the call that failed; with a clock that the tests set."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from advisor.errors import TargetError
from advisor.measure.meter import Meter, TimedBatch
from advisor.measure.runner import TimeLimit, Workload, run_calls
from advisor.target.inputs import Call


def run(function: Callable[..., Any], calls: list[Call] | None, limit: TimeLimit) -> list[TimedBatch]:
    with Meter("inside") as meter:
        run_calls(Workload(function, calls, "work", coroutine=False), meter, limit)
    return meter.batches


def ticking(times: Iterable[float]) -> Callable[[], float]:
    iterator = iter(times)
    return lambda: float(next(iterator))


@pytest.mark.parametrize("bad", [1, 2, 7, 50, 99, 100])
def test_the_input_that_fails_is_named_wherever_it_is_in_a_batch(bad: int) -> None:
    """Short calls are made in batches, and each may be the one that raises: in the first round none is left out."""
    calls = [Call(("oops" if n == bad else "1",), where=f"line {n}") for n in range(1, 101)]
    with pytest.raises(TargetError, match=rf"\(line {bad}\) raised ValueError"):
        run(int, calls, TimeLimit(1.0, clock=lambda: 0.0))


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


def test_a_first_call_that_takes_all_the_time_is_followed_by_another() -> None:
    """It may be an import; the second is worth as much time again."""
    now = 100.0

    def slow() -> None:
        nonlocal now
        now += 0.35

    run(slow, None, TimeLimit(5, 0.4, lambda: now))
    assert now == pytest.approx(100.7)


def test_batches_end_with_the_round_twice() -> None:
    """Then they grow beyond it, as few inputs would otherwise be timed one by one."""
    clock = ticking(itertools.chain([0.0] * 60, itertools.repeat(9.0)))
    batches = run(abs, [Call((n,)) for n in range(10)], TimeLimit(1.0, clock=clock))
    assert {10, 20} <= set(itertools.accumulate(batch.calls for batch in batches))
    assert max(batch.calls for batch in batches) > 10
