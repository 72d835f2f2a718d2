"""What a call changes besides returning is noticed where a process would lose it, and only there."""

from __future__ import annotations

import functools
import random
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import advisor
from advisor.measure.shared_state import mutations
from advisor.measure.shared_state.side_effects import SideEffectDetector
from advisor.target.inputs import Call


def changed(function: Callable[..., Any], *arguments: Any, calls: int = 2) -> tuple[str, ...]:
    """What calls change, each with an argument of its own, or without if there are none."""
    detector = SideEffectDetector(function)
    results: list[Any] = []
    for index in range(calls):
        call = Call((arguments[index],)) if arguments else Call()
        with detector.inspect_call(call, lambda: results[-1], first=index == 0):
            results.append(function(*call.args))
    return detector.side_effects().changed


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
space = SimpleNamespace(count=0, share=Fraction(1))


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
        (lambda row: row.update(score=2), [{}, {}], ("argument row",)),
        (lambda row: setattr(row, "total", 1.5), [Row(1), Row(2)], ("argument row.total",)),
        (lambda left: left.clear(), [[1, 2], [3]], ("argument left",)),
        (Stats().add, [], ("self.total",)),
        (Stats().put, [1, 2], ("self.sums",)),
        (Stats().keep, [], ("Stats.kept",)),
        (functools.partial(Stats().put), [1, 2], ("self.sums",)),
        (lambda: stats.add(), [], ("stats.total",)),
        (lambda: queue.append(1), [], ("queue",)),
        (lambda: setattr(space, "count", space.count + 1), [], ("space.count",)),
        (lambda: setattr(space, "share", space.share / 2), [], ("space.share",)),
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
    """What objects keep for themselves: set when needed, cached, drawn at random, each thread's own."""

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
def cached(number: int) -> int:
    return number


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (Client().ask, [1, 2]),
        (cached, [1, 2]),
        (lambda row: (row, row.update(score=2)), [{}, {}]),
        (lambda order: order["lines"].sort() or order["lines"], [{"lines": [2, 1]}, {"lines": [4, 3]}]),
        (lambda row: row.update(score=2) or row.clear(), [{}, {}]),
        (lambda client: len(client.words), [Client(), Client()]),
        (random.Random(0).gauss, []),
        (lambda _: None, [Strange(), Strange()]),
    ],
)
def test_what_nobody_would_miss_is_no_change(function: Callable[..., Any], arguments: list[Any]) -> None:
    """Caches, what is set when it is first needed, generators of random numbers, and what is returned too."""
    assert changed(function, *arguments) == ()


def test_a_first_call_alone_may_set_things_up() -> None:
    """Only what was counting before matters then."""
    once = Stats()
    assert changed(once.put, 1, calls=1) == ()
    once.add()
    assert changed(once.add, calls=1) == ("self.total",)


def test_an_array_changed_in_place_is_noticed() -> None:
    """A large one by some of its bytes; one with gaps in its memory is not looked into."""
    numpy = pytest.importorskip("numpy")

    def double(array: Any) -> None:
        array *= 2

    for size in (10, 1_000_000, 3_000_000):
        assert changed(double, numpy.ones(size), numpy.ones(10)) == ("argument array",)
    assert changed(double, numpy.ones((10, 10)).T[::2], numpy.ones(10)) == ()


def test_a_snapshot_is_bounded() -> None:
    """What grows beyond the bounds is not known, and what is in both snapshots is compared."""
    large = [[[0] * 1_000 for _ in range(100)] for _ in range(100)]
    before = mutations.Snapshot({"large": large}, buffers=True)
    assert len(before.states) <= mutations.MAX_LOCATIONS + mutations.MAX_DEPTH
    assert before.cut == {"large"}
    large[99][99].append(1)
    assert mutations.changed_arguments(before, mutations.Snapshot({"large": large}, buffers=True)) == ()
    large.append([])
    assert mutations.changed_arguments(before, mutations.Snapshot({"large": large}, buffers=True)) == ("large",)
    recursive: list[Any] = []
    recursive.append(recursive)
    assert mutations.Snapshot({"recursive": recursive}, buffers=True).cut == set()


counter = 0
numbers: list[int] = []


def remember(number: int) -> None:
    global counter
    counter += 1
    numbers.append(number)


@pytest.mark.parametrize("function", [remember, lambda number: remember(number)])
def test_globals_that_calls_change_are_named(function: Callable[[int], None]) -> None:
    """Rebound ones and containers that grew, also through another function of the module."""
    profile = advisor.profile(function, [1, 2, 3], budget=0.05)
    assert profile.side_effects is not None
    assert set(profile.side_effects.globals_written) == {"counter", "numbers"}


NAN = float("nan")
total = 0


def replace_nan(number: float) -> float:
    return number if number == number else NAN


def test_a_constant_nan_is_not_written() -> None:
    """A global that holds NaN, which does not equal itself, is no state that calls change."""
    profile = advisor.profile(replace_nan, [1.0, 2.0, 3.0], budget=0.05)
    assert profile.side_effects is not None
    assert (profile.side_effects.globals_written, profile.touches) == ((), ())


def add_half(number: int) -> int:
    global total
    total += number * 0.5  # type: ignore[assignment]  # (an int becomes a float)
    return number


def test_a_total_may_become_a_float() -> None:
    """A total that begins as the integer 0 is one that processes lose, whatever number is added."""
    [touch] = advisor.profile(add_half, [1, 2, 3], budget=0.05).touches
    assert (touch.name, touch.fork, touch.spawn) == ("total", "unsafe", "unsafe")


def test_a_profile_tells_side_effects() -> None:
    """With one call, too: arguments, a thread that outlives it, and the random generator that forks would copy."""
    stop = threading.Event()

    def leaves(row: dict[str, int]) -> None:
        row["score"] = np.random.randint(9)
        threading.Thread(target=stop.wait, name="left-over", daemon=True).start()

    effects = advisor.profile(leaves, [{"id": number} for number in range(3)], budget=0).side_effects
    stop.set()
    assert effects is not None
    assert effects.changed == ("argument row",)
    assert effects.threads_left == ("left-over",)
    assert effects.random_shared
