"""Equal arguments have equal digests in every process, and other arguments have others."""

from __future__ import annotations

import array
import datetime
import os
import subprocess
import sys
import threading
import tracemalloc
from collections import Counter, OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advisor.jobs.argument_digest import UNKNOWN, digest, digest_arguments


@dataclass
class Point:
    """A user's record."""

    x: Any
    names: Any = None


def values() -> list[Any]:
    """Return values that all differ."""
    return [
        None,
        True,
        1,
        1.0,
        "1",
        b"1",
        bytearray(b"1"),
        1j,
        -0.0,
        0.0,
        [],
        (),
        {},
        set(),
        frozenset(),
        [[]],
        [()],
        ["a", "b"],
        ["ab"],
        ("a", "b"),
        [["a"], "b"],
        [["a", "b"]],
        {"a": 1, "b": 2},
        {"a": 2, "b": 1},
        {"a", "b", "c"},
        frozenset({"a", "b"}),
        Path("a/b"),
        datetime.date(2026, 1, 2),
        datetime.datetime(2026, 1, 2, 3),
        Point(1),
        Point(2),
        Point({"x", "y", "z"}),
        {Path("a"): {"k": {1, 2}}},
        Counter("hello"),
        OrderedDict(a=1),
        array.array("i", [1, 2]),
        np.arange(5),
        np.arange(5.0),
        np.arange(6).reshape(2, 3),
        np.arange(6).reshape(3, 2),
        np.float64(1),
        int,
        len,
        max,
        np.array(["a", None], dtype=object),
    ]


def test_digests_are_those_of_another_process() -> None:
    """They do not depend on the hash seed, and no two of the values share one."""
    code = (
        "from tests.test_argument_digest import values; from advisor.jobs.argument_digest import digest\n"
        "print(*[digest(value).hex() for value in values()])"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent.parent,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert len(set(outputs[0])) == len(outputs[0]) > 40


def test_identity_does_not_count() -> None:
    """One object twice is the same as two equal objects, in containers and in attributes."""
    text = "".join(["some ", "text"])
    assert digest([text, text]) == digest(["some text", "".join(["some", " text"])])
    point = Point([1])
    assert digest(Point([point, point])) == digest(Point([Point([1]), Point([1])]))
    assert digest({"b": 1, "a": [2]}) == digest({"a": [2], "b": 1})


def test_keywords_count_by_name() -> None:
    """The order of keyword arguments does not count, but the name does."""
    assert digest_arguments(((1,), {"a": 1, "b": 2})) == digest_arguments(((1,), {"b": 2, "a": 1}))
    assert len({digest_arguments(each) for each in [((1,), {}), ((), {"a": 1}), ((), {"b": 1}), ((1, 1), {})]}) == 4


def test_cycles_and_depth_have_an_end() -> None:
    """A list in itself has a digest; arguments that are nested too deeply have none."""
    cycle: list[Any] = [1]
    cycle.append(cycle)
    other: list[Any] = [1]
    other.append(other)
    assert digest(cycle) == digest(other) != digest([1, [1]])
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep, deep]
    assert digest(deep) == UNKNOWN


@pytest.mark.parametrize("make", [threading.Lock, lambda: (number for number in range(3)), lambda: memoryview(b"")])
def test_of_other_objects_the_type_counts(make: Any) -> None:
    """Two locks are alike, and what stands beside them counts."""
    first, second = make(), make()
    assert digest([first, 1]) == digest([second, 1]) != digest([second, 2])


def test_a_large_array_is_not_copied() -> None:
    """The digest of 80 MB takes less than 1 MB of memory."""
    large = np.zeros(10_000_000)
    tracemalloc.start()
    try:
        digest_arguments(((large,), {"record": Point(large)}))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
