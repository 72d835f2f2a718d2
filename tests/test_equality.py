"""Comparison of results: equal, different or not comparable, and in which part."""

from __future__ import annotations

import decimal
import math
import threading
from collections import UserList, deque, namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from advisor.run import equality, reference_results
from advisor.run.equality import MAX_PATHS, Comparison, is_within


class Color(Enum):
    RED = 1
    BLUE = 2


Point = namedtuple("Point", "x y")


@dataclass
class Order:
    number: int
    price: float


@dataclass(eq=False)
class Identity:
    value: int


class Plain:
    def __init__(self, value: Any) -> None:
        self.value = value


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left: Any, right: Any = None) -> None:
        self.left, self.right = left, right


class Bag(UserList[Any]):
    """A list by its own state, compared as an object."""

    __eq__ = object.__eq__
    __hash__ = None  # type: ignore[assignment]


class Broken(Plain):
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not today")

    __hash__ = None  # type: ignore[assignment]


def compared(expected: Any, actual: Any) -> Comparison:
    comparison = Comparison()
    comparison.add(expected, actual, "call 1")
    return comparison


FRAME = pandas.DataFrame({"x": [1.0, math.nan], "name": ["a", None]})
NAN = float("nan")


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (1, 1.0),
        (0.1 + 0.2, 0.3),
        (NAN, float("nan")),
        (1 + 2j, 1 + 2.0000000000001j),
        (decimal.Decimal("NaN"), decimal.Decimal("NaN")),
        ("text", "text"),
        ([1, [0.1 + 0.2, NAN]], [1, [0.3, float("nan")]]),
        ({"a": 0.1 + 0.2, "b": {1, 2}}, {"b": {2, 1}, "a": 0.3}),
        (Point(1, 0.1 + 0.2), Point(1, 0.3)),
        (Order(3, 0.1 + 0.2), Order(3, 0.3)),
        (ValueError("x"), ValueError("x")),
        (Plain(3), Plain(3)),
        (Plain(0.1 + 0.2), Plain(0.3)),
        (Slotted(Plain(NAN)), Slotted(Plain(float("nan")))),
        (Broken(3), Broken(3)),
        (object(), object()),
        (numpy.array([1.0, NAN, math.inf]), numpy.array([1.0 + 1e-12, NAN, math.inf])),
        (numpy.float32([1, 1e-9]), numpy.float32([1 + 1e-6, 1e-9])),
        (numpy.array(["a", 0.1 + 0.2], dtype=object), numpy.array(["a", 0.3], dtype=object)),
        (numpy.array(["2026-01-01", "NaT"], dtype="M8[D]"), numpy.array(["2026-01-01", "NaT"], dtype="M8[D]")),
        ([numpy.arange(3)], [numpy.arange(3)]),
        (numpy.array([(1, 0.1 + 0.2)], dtype="i8,f8"), numpy.array([(1, 0.3)], dtype="i8,f8")),
        (numpy.ma.array([1.0, 2.0], mask=[0, 1]), numpy.ma.array([1.0, 3.0], mask=[0, 1])),
        (deque([1, 0.1 + 0.2]), deque([1, 0.3])),
        (Color.RED, Color.RED),
        (numpy.float64(0.1 + 0.2), 0.3),
        (FRAME, FRAME * 1),
        (FRAME["x"], FRAME["x"] * (1 + 1e-12)),
        (pandas.DataFrame({"x": [0.1 + 0.2]}), pandas.DataFrame({"x": [0.3]})),
        (None, None),
    ],
)
def test_equal_results(expected: Any, actual: Any) -> None:
    """Rounding, NaN, order within sets and dictionaries, and the identity of objects make no difference."""
    comparison = compared(expected, actual)
    assert (comparison.differing, comparison.uncomparable) == ({}, set())
    assert comparison.parts


@pytest.mark.parametrize(
    ("expected", "actual", "part"),
    [
        (1, 2, ""),
        (10**20, 10**20 + 1, ""),
        (1.0, 1.0 + 1e-6, ""),
        (1.0, NAN, ""),
        (None, 0, ""),
        ([1, 2], (1, 2), ""),
        ([1, 2], [1, 2, 3], ""),
        ([1, [2, 3]], [1, [2, 4]], "[1][1]"),
        (list(range(100)), [*range(99), 0], "[…]"),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, "['b']"),
        ({"a": 1}, {"b": 1}, ""),
        (Order(3, 1.0), Order(3, 2.0), ".price"),
        (ValueError("x"), ValueError("y"), ".args[0]"),
        (numpy.arange(3), numpy.arange(4), ""),
        (numpy.arange(3), numpy.arange(3) + 1, ""),
        (numpy.array([1.0, NAN]), numpy.array([1.0, 2.0]), ""),
        (numpy.arange(3), numpy.arange(3.0), ""),
        (FRAME, FRAME.assign(x=[1.0, 2.0]), ""),
        (FRAME, FRAME.assign(name=["b", None]), ""),
        (FRAME, FRAME.rename(columns={"x": "y"}), ""),
        (FRAME, FRAME.set_index([[5, 6]]), ""),
        (Plain(3), 3, ""),
        (Color.RED, Color.BLUE, ""),
        (numpy.ma.array([1, 2], mask=[0, 1]), numpy.ma.array([1, 2], mask=[0, 0]), ""),
        (Identity(3), Identity(4), ".value"),
        (Plain(3), Plain(4), ".value"),
        (Broken(3), Broken(4), ".value"),
        ({"a": Plain([1, Slotted(2)])}, {"a": Plain([1, Slotted(3)])}, "['a'].value[1].left"),
        (Bag([1, 2]), Bag([1, 3]), ".data[1]"),
        (iter([1, 2]), iter([1, 3]), ".args[0][1]"),
        (numpy.array([Plain(3)]), numpy.array([Plain(4)]), ""),
    ],
)
def test_different_results(expected: Any, actual: Any, part: str) -> None:
    """The part that differs is named, with an example."""
    comparison = compared(expected, actual)
    assert list(comparison.differing) == [part]
    assert comparison.differing[part].startswith("call 1 returned ")
    assert comparison.uncomparable == set()


def test_an_example_says_what_was_returned() -> None:
    """Short representations of both, and where."""
    assert compared({"id": 3}, {"id": 4}).differing == {"['id']": "call 1 returned 4 instead of 3 at ['id']"}
    assert compared(list(range(99)), None).differing[""] == "call 1 returned None instead of a list of 99"


def test_objects_with_neither_equality_nor_pickle_are_not_comparable() -> None:
    """Compare the parts beside them all the same."""
    one, other = threading.Lock(), threading.Lock()
    assert compared(one, other).uncomparable == {""}
    beside = compared([one, 1], [other, 2])
    assert (beside.uncomparable, list(beside.differing)) == ({"[0]"}, ["[1]"])


def test_objects_that_refer_to_each_other_are_compared_once() -> None:
    """A hundred nodes, each linked with all others."""
    graphs = []
    for last in (0.3, 0.1 + 0.2, 4):
        nodes = [Plain(None) for _ in range(100)]
        for node in nodes:
            node.value = nodes
        nodes[-1].value = last
        graphs.append(nodes)
    assert compared(graphs[0], graphs[1]).differing == {}
    assert list(compared(graphs[0], graphs[2]).differing.values()) == ["call 1 returned 4 instead of 0.3 at […].value"]


def test_a_result_that_contains_itself_is_compared_once() -> None:
    """Its parts have no end."""
    one: list[Any] = [1.5]
    other: list[Any] = [1.5 + 1e-12]
    one.append(one)
    other.append(other)
    assert compared(one, other).parts == {"[0]"}
    assert not compared(one, other).uncomparable


def test_a_large_dictionary_is_compared_to_its_end() -> None:
    """Count each key of a record as a part, and many keys together as one."""
    numbers = {str(number): number / 3 for number in range(10_000)}
    other = {key: value + 1e-12 for key, value in numbers.items()}
    assert compared(numbers, other).parts == {"[…]"}
    assert list(compared(numbers, other | {"9999": 0.0}).differing) == ["[…]"]


def test_results_with_a_key_of_their_own_are_compared_to_the_last() -> None:
    """Few paths are told apart, but all results are compared; if too many parts differ, the whole result does."""
    comparison = Comparison()
    for number in range(2 * MAX_PATHS):
        comparison.add({number: number + 1}, {number: number + 1 + 1e-12}, f"call {number}")
    assert (len(comparison.parts), comparison.differing) == (MAX_PATHS, {})
    comparison.add({-1: 1}, {-1: 2}, "the last call")
    assert comparison.differing == {"[-1]": "the last call returned 2 instead of 1 at [-1]"}
    for number in range(2 * MAX_PATHS):
        comparison.add({number: 1}, {number: 2}, f"call {number}")
    assert len(comparison.differing) == MAX_PATHS + 1
    assert "" in comparison.differing


@pytest.mark.parametrize("wrap", [list, lambda numbers: numpy.array(numbers, dtype=object)])
def test_a_result_that_is_too_large_is_not_comparable(
    monkeypatch: pytest.MonkeyPatch, wrap: Callable[[list[Any]], Any]
) -> None:
    """Compare the next result, whatever became of the one that took too long."""
    monkeypatch.setattr(equality, "_MAX_PARTS", 1000)
    large, small = [NAN] * 1001, [NAN] * 999
    comparison = compared(wrap(large), wrap([float("nan")] * 1000 + [1.0]))
    assert (comparison.differing, comparison.uncomparable) == ({}, {""})
    comparison.add(wrap(small), wrap([float("nan")] * 998 + [1.0]), "call 2")
    assert comparison.differing


def test_a_comparison_ends_at_its_deadline() -> None:
    """The rest of a result is left out; if there is no other result, it is not comparable."""
    comparison = Comparison()
    comparison.add([1], [2], "call 1", deadline=0.0)
    assert (comparison.differing, comparison.uncomparable) == ({}, {""})
    comparison = compared([1], [1])
    comparison.add([1], [2], "call 2", deadline=0.0)
    assert (comparison.differing, comparison.uncomparable) == ({}, set())


def test_a_result_that_is_too_deep_is_not_comparable() -> None:
    """Nor is one whose differing part is hidden below."""
    one: Any = 1
    other: Any = 2
    for _ in range(100):
        one, other = Plain(one), Plain(other)
    assert compared(one, other).uncomparable == {""}


def test_parts_within_others() -> None:
    """A part that varies by itself covers what is in it, not what only begins with the same letters."""
    assert is_within("['a'][3]", {"['a']"})
    assert is_within(".time", {""})
    assert not is_within(".timeout", {".time"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results"


def test_results_are_compared_call_by_call(path: Path) -> None:
    """As far as both runs came."""
    results = [{"number": number, "root": number**0.5} for number in range(1000)]
    reference_results.write(results, path)
    assert reference_results.compare(results, path).differing == {}
    wrong = [*results[:700], {"number": -1, "root": 0.0}, *results[701:]]
    assert set(reference_results.compare(wrong, path).differing) == {"['number']", "['root']"}
    assert reference_results.compare(wrong[:600], path).differing == {}
    assert reference_results.compare([*results, None], path).differing == {}


def test_a_file_that_ends_early_is_read_as_far_as_it_goes(path: Path) -> None:
    """The disk may be full."""
    results = [bytes(5000) for _ in range(100)]
    reference_results.write(results, path)
    path.write_bytes(path.read_bytes()[:-10])
    assert reference_results.compare(results, path).calls == 99


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return five results, of which two fit into the file."""
    monkeypatch.setattr(reference_results, "MAX_PICKLE", 1000)
    monkeypatch.setattr(reference_results, "MAX_BYTES", 20_000)
    return [numpy.arange(1000.0) + number for number in range(5)]


def test_large_results_are_compared_by_their_digest_once_the_file_is_full(path: Path, large: list[Any]) -> None:
    """The digest tells that they are equal."""
    reference_results.write(large, path)
    assert path.stat().st_size < 20_000
    same = reference_results.compare(large, path)
    assert (same.calls, same.parts, same.uncomparable) == (5, {""}, set())


def test_a_digest_that_differs_tells_nothing_unless_the_whole_results_are_the_same(
    path: Path, large: list[Any]
) -> None:
    """Rounding explains it where the results that fit into the file show rounding, too."""
    reference_results.write(large, path)
    rounded = reference_results.compare([each * (1 + 1e-12) for each in large], path)
    assert (rounded.calls, rounded.differing, rounded.uncomparable) == (2, {}, set())
    assert list(reference_results.compare([each + 1 for each in large], path).differing) == [""]
    kept = {index for index, each in enumerate(large) if each.tobytes() in path.read_bytes()}
    other = [each if index in kept else each + 1 for index, each in enumerate(large)]
    assert reference_results.compare(other, path).uncomparable == {""}


def test_the_file_is_bounded_and_unpicklable_results_are_not_comparable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit is left out."""
    monkeypatch.setattr(reference_results, "MAX_BYTES", 20_000)
    results = [bytes(5000) for _ in range(100)]
    reference_results.write(results, path)
    assert path.stat().st_size < 21_000
    assert reference_results.compare(results, path).calls == 3
    assert reference_results.compare([lambda: 1] * 100, path).uncomparable == {""}
