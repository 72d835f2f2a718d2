"""From inputs to the calls to make."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.errors import UsageError
from advisor.target.inputs import Call, check_arguments, load_calls, looks_like_json_lines

SOURCE = """
def numbers():
    yield 1
    yield (2, 3)

def endless():
    while True:
        yield 0

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
        ("makers:no_such", None, "has no function 'no_such'"),
        ("makers:not_a_function", None, "has no function"),
        ("makers:endless", None, "more than 100 inputs"),
    ],
)
def test_wrong_inputs_are_one_clear_line(folder: Path, name: str, content: bytes | None, words: str) -> None:
    """Which line of which file, and why."""
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
