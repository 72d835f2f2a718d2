"""What a call changes besides returning is noticed where a process would lose it, and only there."""

from __future__ import annotations

import functools
import random
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

import advisor
from advisor.measure import mutations
from advisor.measure.side_effects import Effects
from advisor.target.loader import Call


def changed(function: Callable[..., Any], *arguments: Any) -> tuple[str, ...]:
    """What is told of two calls, each with an argument of its own, or without where there is none."""
    effects = Effects(function)
    results: list[Any] = []
    for index in range(2):
        call = Call((arguments[index],)) if arguments else Call()
        with effects.around(call, lambda: results[-1], first=index == 0):
            results.append(function(*call.args))
    return effects.after().changed


@dataclass(slots=True)
class Row:
    number: int
    total: float | None = None


class Stats:
    kept = 0

    def __init__(self) -> None:
        self.total = 0
        self.sums: dict[int, int] = {}

    def add(self) -> int:
        self.total += 1
        return self.total

    def put(self, number: int) -> None:
        self.sums[number] = 2 * number

    def keep(self) -> None:
        Stats.kept += 1


stats = Stats()
queue: deque[int] = deque()
space = SimpleNamespace(count=0)


def score(row: dict[str, int]) -> None:
    row["score"] = 2


def fill(row: Row) -> None:
    row.total = 1.5


def drain(left: list[int]) -> None:
    left.clear()


def tally() -> int:
    return stats.add()


def push() -> None:
    queue.append(1)


def bump() -> None:
    space.count += 1


def attribute() -> None:
    attribute.calls = getattr(attribute, "calls", 0) + 1  # type: ignore[attr-defined]


def closure() -> Callable[[], None]:
    number = 0

    def count() -> None:
        nonlocal number
        number += 1

    return count


@pytest.mark.parametrize(
    ("function", "arguments", "names"),
    [
        (score, [{}, {}], ("argument row",)),
        (fill, [Row(1), Row(2)], ("argument row.total",)),
        (drain, [[1, 2], [3]], ("argument left",)),
        (Stats().add, [], ("self.total",)),
        (Stats().put, [1, 2], ("self.sums",)),
        (Stats().keep, [], ("Stats.kept",)),
        (functools.partial(Stats().put), [1, 2], ("self.sums",)),
        (tally, [], ("stats.total",)),
        (push, [], ("queue",)),
        (bump, [], ("space.count",)),
        (attribute, [], ("attribute.calls",)),
        (closure(), [], ("number",)),
    ],
)
def test_what_a_process_would_lose_is_named(
    function: Callable[..., Any], arguments: list[Any], names: tuple[str, ...]
) -> None:
    """Arguments, the method's object, its class, and what the function names: without keys, which are data."""
    assert changed(function, *arguments) == names


class Client:
    """What objects keep for themselves: set when needed, remembered, drawn at random, each thread's own."""

    def __init__(self) -> None:
        self._connection: list[int] | None = None
        self.ready = False
        self.pattern: re.Pattern[str] | None = None
        self.random = random.Random(0)
        self.lock = threading.Lock()
        self.local = threading.local()
        self.answers: dict[int, int] = {}
        self.page_cache: list[int] = []

    @functools.cached_property
    def words(self) -> list[int]:
        return [1, 2]

    def ask(self, number: int) -> int:
        self._connection = self._connection or [1]
        self.ready = True
        self.pattern = self.pattern or re.compile("a")
        self.local.number = self.random.random() + len(self.words)
        self.page_cache.append(number)
        with self.lock:
            return self.answers.setdefault(number, 2 * number)


class Strange:
    """Nothing of it may be called, and a look into it need not succeed."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    __eq__ = __hash__ = __reduce_ex__ = None  # type: ignore[assignment]


@functools.lru_cache
def remembered(number: int) -> int:
    return number


def completed(row: dict[str, int]) -> tuple[dict[str, int], int]:
    row["score"] = 2
    return row, 2


def sorted_lines(order: dict[str, list[int]]) -> list[int]:
    order["lines"].sort()
    return order["lines"]


def restored(row: dict[str, int]) -> None:
    row["for now"] = 1
    del row["for now"]


def read_words(client: Client) -> int:
    return len(client.words)


def leave(_: object) -> None:
    pass


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (Client().ask, [1, 2]),
        (remembered, [1, 2]),
        (completed, [{}, {}]),
        (sorted_lines, [{"lines": [2, 1]}, {"lines": [4, 3]}]),
        (restored, [{}, {}]),
        (read_words, [Client(), Client()]),
        (random.Random(0).gauss, []),
        (leave, [Strange(), Strange()]),
    ],
)
def test_what_nobody_would_miss_is_no_change(function: Callable[..., Any], arguments: list[Any]) -> None:
    """Caches, what is set when it is first needed, generators of random numbers, and what is returned too."""
    assert changed(function, *arguments) == ()


def test_a_first_call_alone_may_set_things_up() -> None:
    """Only what was counting before tells then."""
    once = Stats()
    effects = Effects(once.put)
    with effects.around(Call((1,)), lambda: None, first=True):
        once.put(1)
    assert effects.after().changed == ()
    once.add()
    effects = Effects(once.add)
    with effects.around(Call(), lambda: None, first=True):
        once.add()
    assert effects.after().changed == ("self.total",)


def test_an_array_changed_in_place_is_noticed() -> None:
    """A large one by pieces of it; one that lies in memory with gaps is not looked into."""
    numpy = pytest.importorskip("numpy")

    def double(array: Any) -> None:
        array *= 2

    assert changed(double, numpy.ones(10), numpy.ones(10)) == ("argument array",)
    assert changed(double, numpy.ones(1_000_000), numpy.ones(10)) == ("argument array",)
    assert changed(double, numpy.ones((10, 10)).T[::2], numpy.ones(10)) == ()


def test_a_look_is_bounded() -> None:
    """However much there is; what grows beyond is not known, and what was seen on both sides is compared."""
    large = [[[0] * 1_000 for _ in range(100)] for _ in range(100)]
    before = mutations.Look({"large": large}, buffers=True)
    assert len(before.places) <= mutations.MOST_PLACES + mutations.DEEPEST
    assert not before.whole
    large[99][99].append(1)
    assert mutations.of_arguments(before, mutations.Look({"large": large}, buffers=True)) == ()
    large.append([])
    assert mutations.of_arguments(before, mutations.Look({"large": large}, buffers=True)) == ("large",)
    round_about: list[Any] = []
    round_about.append(round_about)
    assert mutations.Look({"round": round_about}, buffers=True).whole


def test_a_profile_tells_what_calls_change() -> None:
    """With one call, too."""
    profile = advisor.profile(score, [{"id": number} for number in range(3)], budget=0)
    assert profile.side_effects is not None
    assert profile.side_effects.changed == ("argument row",)
