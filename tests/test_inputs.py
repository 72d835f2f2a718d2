"""From inputs to the calls to make."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from advisor.errors import UsageError
from advisor.target import sampling
from advisor.target.inputs import Call, as_calls, check_arguments, load_calls, looks_like_json_lines

SOURCE = """
def numbers():
    yield 1
    yield (2, 3)

def endless():
    while True:
        yield 0

def strange():
    return [{"args": "text"}]

not_a_function = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder with a module of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "makers.py").write_text(SOURCE)
    yield tmp_path
    sys.modules.pop("makers", None)


def test_json_lines_give_arguments_and_keywords(folder: Path) -> None:
    """A line with args and kwargs is one call; any other value is one argument, a list and other objects too."""
    (folder / "in.jsonl").write_text('{"args": [1, 2]}\n{"kwargs": {"a": 1}}\n\n[1, 2]\n{"x": 1}\n"text"\nnull\n{}\n')
    calls = load_calls("in.jsonl") or []
    assert [(call.args, call.kwargs) for call in calls] == [
        ((1, 2), {}),
        ((), {"a": 1}),
        (([1, 2],), {}),
        (({"x": 1},), {}),
        (("text",), {}),
        ((None,), {}),
        (({},), {}),
    ]
    assert calls[2].where == "line 4 of in.jsonl"


def test_other_files_give_lines_and_callables_give_items(folder: Path) -> None:
    """Each is one argument, even if a line looks like a number and an item is a tuple."""
    (folder / "urls.txt").write_bytes(b"http://a\r\n\n42\n")
    assert [call.args for call in load_calls("urls.txt") or []] == [("http://a",), ("42",)]
    assert [call.args for call in load_calls("makers:numbers") or []] == [(1,), ((2, 3),)]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", b"1\n{broken\n", "line 2 of a.jsonl is not JSON"),
        ("a.jsonl", b"[" * 100_000 + b"\n", "line 1 of a.jsonl is not JSON"),
        ("a.jsonl", b'{"args": 3}\n', "'args' must be a list"),
        ("a.jsonl", b"\n\n", "holds no inputs"),
        ("a.txt", b"\xff\xfe\x00", "not UTF-8"),
        ("missing.jsonl", None, "no such inputs file"),
        ("missing.txt", None, "no such inputs file"),
        (".", None, "the inputs . are not a file"),
        ("makers:no_such", None, "has no function or list 'no_such'"),
        ("makers:not_a_function", None, "has no function"),
        ("makers:endless", None, "without ending: pass a part of them"),
        ("makers:strange", None, "input 1 of makers:strange: 'args' must be a list"),
    ],
)
def test_wrong_inputs_are_one_clear_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes | None, words: str
) -> None:
    """Which line of which file, and why."""
    monkeypatch.setattr(sampling, "MAX_INPUT_SECONDS", 0.01)
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load_calls(name, limit=100)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_arguments_are_checked_before_anything_is_called() -> None:
    """A call that does not fit the signature is named with its line."""

    def double(number: int, times: int = 2) -> int:
        raise AssertionError

    check_arguments(double, [Call((1,)), Call((1,), {"times": 3})], "double")
    with pytest.raises(UsageError, match=r"line 3 of x does not fit double\(number.*\).*: missing"):
        check_arguments(double, [Call((), {}, "line 3 of x")], "double")
    with pytest.raises(UsageError, match="needs arguments: give them with --inputs"):
        check_arguments(double, None, "double")


@pytest.mark.parametrize(
    ("text", "is_json_lines"),
    [
        ('1\n{"args": []}\n', True),
        ('1\n{"a":\n3\n', True),  # a broken line is reported, and turns no other into text
        ('{"a": 1}\nnot this\n', True),
        ("1\nhttp://a\n", False),
        ("[1\n", False),
        ("", False),
    ],
)
def test_standard_input_is_json_lines_if_it_is_meant_to_be(text: str, is_json_lines: bool) -> None:
    """It has no file name that says so."""
    assert looks_like_json_lines(text) is is_json_lines


ITEMS = [(1, 2), [3], {"a": 1}, {"args": (4,), "kwargs": {"b": 5}}, Call((6,)), "text", {}]


@pytest.mark.parametrize("star", [False, True])
def test_items_of_python_are_spread_when_asked_to(star: bool) -> None:
    """A tuple or list into positional arguments, a dictionary into keyword arguments; other items stay one argument."""
    calls = as_calls(ITEMS, star=star) or []
    first = [((1, 2), {}), ((3,), {}), ((), {"a": 1})] if star else [((item,), {}) for item in ITEMS[:3]]
    last = ((), {}) if star else (({},), {})
    expected = [*first, ((4,), {"b": 5}), ((6,), {}), (("text",), {}), last]
    assert [(call.args, call.kwargs) for call in calls] == expected


def test_a_file_of_json_lines_is_spread_when_asked_to(folder: Path) -> None:
    """As the items of a callable are."""
    (folder / "in.jsonl").write_text('[1, 2]\n{"a": 1}\n3\n')
    calls = load_calls("in.jsonl", star=True) or []
    assert [(call.args, call.kwargs) for call in calls] == [((1, 2), {}), ((), {"a": 1}), ((3,), {})]


@pytest.mark.parametrize(
    ("item", "hint"),
    [
        ((1, 2), "to spread each tuple into positional arguments, add --star"),
        ([1, 2], "to spread each list into positional arguments, add --star"),
        ({"width": 1, "height": 2}, "to spread each dict into keyword arguments, add --star"),
        ((1, 2, 3), None),
        ({"width": 1, "depth": 2}, None),
        (1, None),
    ],
)
def test_an_item_that_would_fit_when_spread_is_told_of_star(item: object, hint: str | None) -> None:
    """Only one of the right size, with the right names."""

    def area(width: int, height: int) -> int:
        raise AssertionError

    with pytest.raises(UsageError, match="missing a required argument") as caught:
        check_arguments(area, as_calls([item]), "area")
    assert (hint or "--star") in str(caught.value) if hint else "--star" not in str(caught.value)


@pytest.mark.parametrize("values", [range(100_003), (n for n in range(100_003))], ids=["sequence", "generator"])
def test_too_many_inputs_are_sampled_evenly(values: Iterable[int]) -> None:
    """Every part of them and, since it is no fixed step, both of two that alternate."""
    sample = sampling.sample(values, 1000, "numbers")
    assert sample.total == 100_003
    assert 500 <= len(sample.values) <= 1000
    assert sample.values == list(sample.indices) == sorted(set(sample.values))
    assert max(after - before for before, after in pairwise(sample.values)) < 4 * 100_003 / len(sample.values)
    assert 0.4 < sum(value % 2 for value in sample.values) / len(sample.values) < 0.6


@pytest.mark.parametrize("count", [9, 10, 11])
def test_inputs_at_the_limit_are_all_kept(count: int) -> None:
    """One more, and it is a sample."""
    sample = sampling.sample(iter(range(count)), 10, "numbers")
    assert (sample.values == list(range(count))) is (count <= 10)
    assert sample.total == count
    assert len(sample.values) <= 10


def test_a_sample_keeps_the_number_of_all_inputs_and_the_line_of_each(folder: Path) -> None:
    """The job is of all, and an error names the line in the file."""
    (folder / "many.txt").write_text("".join(f"{n}\n" for n in range(1, 5001)))
    calls = load_calls("many.txt", limit=100)
    assert calls is not None
    assert calls.total == 5000
    assert len(calls) <= 100
    assert all(call.where == f"line {call.args[0]} of many.txt" for call in calls)
