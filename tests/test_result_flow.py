"""Values that a shared iterator gives in turn make threads unsafe where they become part of a call's result."""

from __future__ import annotations

import functools
import heapq
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from advisor.measure.shared_state.touched_objects import TouchedObjects

IDS = itertools.count()
ROWS = (row for row in range(10**9))
LOCK = threading.Lock()
log = logging.getLogger(__name__)


def directly(number: int) -> tuple[int, int]:
    return next(IDS), number


def by_variable(number: int) -> str:
    serial = next(IDS)
    label = f"{serial:04d}"
    return label + str(number)


def in_dictionary(number: int) -> dict[str, int]:
    row = {"number": number}
    row["id"] = next(IDS)
    return row


def in_list(number: int) -> list[int]:
    row = [number]
    row.append(next(IDS))
    return row


def new_id() -> int:
    return next(IDS)


def by_helper(number: int) -> tuple[int, int]:
    return new_id(), number


def logged(function: Callable[[int], Any]) -> Callable[[int], Any]:
    @functools.wraps(function)
    def wrapper(number: int) -> Any:
        log.info("call")
        return function(number)

    return wrapper


class Maker:
    def __init__(self) -> None:
        self.ids = itertools.count()

    def take(self) -> int:
        return next(self.ids)

    def make(self, number: int) -> tuple[int, int]:
        return self.take(), number


def in_lambda() -> Callable[[int], int]:
    return lambda number: next(IDS) + number


RETURNED = [
    directly,
    by_variable,
    in_dictionary,
    in_list,
    by_helper,
    logged(directly),
    Maker().make,
    in_lambda(),
]


@pytest.mark.parametrize("function", RETURNED, ids=lambda function: function.__qualname__)
def test_threads_give_values_to_other_calls(function: Callable[[int], Any]) -> None:
    """The results are others than those of the loop."""
    (touch,) = TouchedObjects(function).touches()
    assert (touch.kind, touch.threads) == ("iterator", "unsafe")


def only_logged(number: int) -> int:
    log.info("call %d", next(IDS))
    return number


def at_times(number: int) -> int:
    if next(IDS) % 100 == 0:
        log.info("still alive")
    return number


def named_file(number: int) -> int:
    path = f"part {new_id()}.tmp"
    log.info(path)
    return number


def nothing(number: int) -> None:
    print(next(IDS), number)


def breaking_ties(number: int) -> list[int]:
    heap = [(number, next(IDS), {"node": number})]
    heapq.heappush(heap, (0, next(IDS), {"node": 0}))
    found = []
    while heap:
        first = heapq.heappop(heap)
        found.append(first[0])
    return found


def breaking_ties_unpacked(number: int) -> int:
    heap, total = [(number, next(IDS), number)], 0
    while heap:
        cost, _, node = heapq.heappop(heap)
        total += cost + node
    return total


@pytest.mark.parametrize(
    "function",
    [only_logged, at_times, named_file, nothing, breaking_ties, breaking_ties_unpacked],
    ids=lambda each: each.__name__,
)
def test_values_for_other_purposes_take_care_only(function: Callable[[int], Any]) -> None:
    """In threads they come in another order, and the results are the loop's."""
    (touch,) = TouchedObjects(function).touches()
    assert (touch.kind, touch.threads, touch.fork) == ("iterator", "caution", "unsafe")


def take_row(number: int) -> int:
    with LOCK:
        row = next(ROWS)
    return row + number


def note_row(number: int) -> int:
    with LOCK:
        row = next(ROWS)
    log.info("row %d", row)
    return number


@pytest.mark.parametrize(("function", "threads"), [(take_row, "unsafe"), (note_row, "caution")])
def test_a_lock_leaves_the_order_open(function: Callable[[int], Any], threads: str) -> None:
    """Under a lock a generator can be asked by several threads, and gives its values as they come."""
    (touch,) = TouchedObjects(function).touches()
    assert (touch.threads, touch.fork) == (threads, "unsafe")


@pytest.fixture(scope="module", autouse=True)
def close_generator() -> Iterator[None]:
    yield
    ROWS.close()
