"""The very first call of a job: what it tells about the others. Real calls; no timing is asserted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

import advisor
from advisor.jobs.first_calls import FirstCalls

SEEN: dict[int, int] = {}
CACHE: dict[str, object] = {}


def wait(number: int) -> int:
    time.sleep(0.1)
    return number


def compute(number: int) -> int:
    return sum(range(200_000)) + number


def count(number: int) -> int:
    SEEN[0] = SEEN.get(0, 0) + 1
    time.sleep(0.1)
    return number


def connect(number: int) -> int:
    CACHE.setdefault("connection", object())
    time.sleep(0.1)
    return number


def fail(number: int) -> int:
    raise ValueError(number)


@pytest.mark.parametrize(
    ("function", "tells"), [(wait, True), (compute, False), (count, False), (connect, False), (fail, False)]
)
def test_a_first_call_tells_all_if_it_waits_and_sets_up_nothing(function: Callable[[int], Any], tells: bool) -> None:
    """One that computes may import something; one that changes an object may fill a cache, or count."""
    CACHE.clear()
    with advisor.map(function, range(10)) as run:
        engine = run._engine
        with FirstCalls(engine._state, engine._plain.caller, None) as first_calls:
            first_calls.make([0])
            assert first_calls.keep_if_telling() is tells


def test_only_the_very_first_call_can_tell_all() -> None:
    """A call was made before, or none has been made."""
    with advisor.map(wait, range(10)) as run:
        engine = run._engine
        with FirstCalls(engine._state, engine._plain.caller, 0.1) as first_calls:
            first_calls.make([0])
            assert not first_calls.keep_if_telling()


async def soon(number: int) -> int:
    await asyncio.sleep(0.02)
    return number


@pytest.mark.parametrize("function", [wait, count, soon])
def test_results_are_the_same_whatever_the_first_call_tells(function: Callable[[int], Any]) -> None:
    """Every call is made once, and safety decides how: one counts in a global dictionary."""
    SEEN.clear()
    assert list(advisor.map(function, range(8))) == list(range(8))
    assert SEEN.get(0, 0) == (8 if function is count else 0)
