"""Tests of results that depend on the calls before."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pytest

import advisor

VISITED: dict[int, str] = {}
MEMO: dict[int, int] = {}
SLOW: dict[int, int] = {}
RANGES: dict[int, int] = {}
NUMBERS = list(range(40))


def visit(number: int) -> str:
    key = number // 2
    if key in VISITED:
        return f"a copy of {VISITED[key]}"
    VISITED[key] = str(number)
    return f"{number} is new"


async def visit_soon(number: int) -> str:
    return visit(number)


class Crawler:
    def __init__(self) -> None:
        self.seen: set[int] = set()

    def is_new(self, number: int) -> bool:
        is_new = number // 2 not in self.seen
        self.seen.add(number // 2)
        return is_new


def remember(number: int) -> int:
    if number not in MEMO:
        MEMO[number] = number * number
    return MEMO[number]


def draw(number: int) -> float:
    if number not in RANGES:
        RANGES[number] = number * number
    return RANGES[number] * random.random()


def draw_side(number: int) -> str:
    return "high" if draw(number) / (RANGES[number] or 1) > 0.5 else "low"


def remember_with_second(number: int) -> tuple[int, int]:
    return remember(number), int(time.time())


def remember_with_seconds_taken(number: int) -> tuple[int, float]:
    began = perf_counter()
    if number not in SLOW:
        time.sleep(0.002)
        SLOW[number] = number
    return SLOW[number], round(perf_counter() - began, 3)


@pytest.mark.parametrize(
    ("function", "name"),
    [(visit, "VISITED"), (visit_soon, "VISITED"), (Crawler().is_new, "self.seen")],
    ids=["global", "coroutine", "attribute"],
)
def test_what_earlier_calls_left_decides(function: Callable[[int], Any], name: str) -> None:
    """A repeated input gives another result, so neither threads nor processes give the loop's results."""
    VISITED.clear()
    touch = next(touch for touch in advisor.profile(function, NUMBERS, budget=0.05).touches if touch.name == name)
    assert (touch.threads, touch.fork, touch.spawn) == ("unsafe", "unsafe", "unsafe")


@pytest.mark.parametrize("function", [remember, draw, draw_side, remember_with_second, remember_with_seconds_taken])
def test_caches_and_random_results_depend_on_no_order(function: Callable[[int], Any]) -> None:
    """A cache gives the result that it gave before, and a random result differs each time."""
    assert advisor.profile(function, NUMBERS, budget=0.05).touches == ()
