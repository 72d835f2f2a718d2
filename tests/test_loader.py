"""From a spec and inputs to a callable and its calls."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.errors import TargetError, UsageError
from advisor.target.loader import Call, check_arguments, load, load_calls, looks_like_json_lines

SOURCE = """
import functools

def double(number, times=2):
    return number * times

class Greeter:
    def __init__(self, word="hello"):
        self.word = word
    def greet(self, name):
        return f"{self.word} {name}"
    @staticmethod
    def loud(name):
        return name.upper()
    @classmethod
    def named(cls, name):
        return cls(name).word

    def counted(function):
        def wrapper(self, name):
            return function(self, name)
        return wrapper
    @counted
    def wrapped(self, name):
        return self.word + name
    lam = lambda self, name: self.word + name
    part = functools.partialmethod(greet)
    @functools.lru_cache
    def cached(self, name):
        return self.word + name
    class Kept:
        def __call__(self, name):
            return name.lower()
    kept = Kept()

class Picky:
    def __init__(self, needed):
        pass
    def method(self):
        pass

def numbers():
    yield 1
    yield (2, 3)

def endless():
    while True:
        yield 0

async def rows():
    yield 1

not_a_function = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder with a module of its own; nothing it imports stays loaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    (tmp_path / "jobs_here.py").write_text(SOURCE)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("spec", "argument", "result"),
    [
        ("jobs_here:double", 4, 8),
        ("jobs_here:Greeter.greet", "you", "hello you"),
        ("jobs_here:Greeter.loud", "you", "YOU"),
        ("jobs_here:Greeter.named", "you", "you"),
        ("jobs_here:Greeter.wrapped", "you", "helloyou"),
        ("jobs_here:Greeter.lam", "you", "helloyou"),
        ("jobs_here:Greeter.part", "you", "hello you"),
        ("jobs_here:Greeter.cached", "you", "helloyou"),
        ("jobs_here:Greeter.kept", "You", "you"),
        ("builtins:str.upper", "you", "YOU"),
        ("jobs_here.py:double", 5, 10),
        ("./jobs_here.py:double", 5, 10),
        ("os.path:basename", "a/b", "b"),
    ],
)
def test_every_way_to_name_a_target_gives_its_callable(spec: str, argument: object, result: object) -> None:
    """Functions, methods and files are found from the current folder."""
    assert load(spec)(argument) == result


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("jobs_here", "no target"),
        ("jobs_here:", "no target"),
        (":double", "no target"),
        ("jobs_here:dou ble", "no target"),
        ("no_such_module:func", "no module named 'no_such_module'"),
        ("jobs_here.deeper:func", "no module named 'jobs_here.deeper'"),
        ("nowhere.py:func", "no such file"),
        ("jobs_here:dubble", "did you mean 'double'"),
        ("jobs_here:not_a_function", "is of type int"),
        ("jobs_here:numbers", "generator function"),
        ("jobs_here:rows", "generator function"),
        ("jobs_here:Picky.method", "Picky() needs arguments"),
    ],
)
def test_a_wrong_target_is_one_clear_line(spec: str, words: str) -> None:
    """What was wrong is named, on one line."""
    with pytest.raises(UsageError) as caught:
        load(spec)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_current_folder_that_is_gone_is_one_clear_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else may have removed it."""
    (folder / "gone").mkdir()
    monkeypatch.chdir(folder / "gone")
    (folder / "gone").rmdir()
    with pytest.raises(UsageError, match="the current folder does not exist any more"):
        load("jobs_here:double")


def test_a_module_that_fails_to_import_is_the_targets_failure(folder: Path) -> None:
    """An error inside the user's module is not a module that is missing."""
    (folder / "broken.py").write_text("import module_that_is_missing\n")
    with pytest.raises(TargetError, match="importing broken raised ModuleNotFoundError") as caught:
        load("broken:func")
    assert "broken.py" in caught.value.traceback
    assert "importlib" not in caught.value.traceback
    assert "advisor" not in caught.value.traceback


def test_a_file_inside_a_package_can_import_its_siblings(folder: Path) -> None:
    """A file of a package is imported by its dotted name, so that relative imports work."""
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    (folder / "shop" / "prices.py").write_text("price = 7\n")
    (folder / "shop" / "till.py").write_text("from .prices import price\ndef total(n): return n * price\n")
    assert load("shop/till.py:total")(2) == 14


def test_a_script_without_an_ending_is_loaded(folder: Path) -> None:
    """As many programs are called; what is no Python is the target's failure."""
    (folder / "bin").mkdir()
    (folder / "bin" / "my.tool").write_text("def mine(): return 'mine'\n")
    assert load("bin/my.tool:mine")() == "mine"
    (folder / "bin" / "other").write_bytes(b"\x7fELF\0")
    with pytest.raises(TargetError, match="importing other raised"):
        load("bin/other:mine")


def test_a_file_named_like_a_standard_module_is_loaded_all_the_same(folder: Path) -> None:
    """The standard module stays what it was."""
    (folder / "json.py").write_text("def mine(): return 'mine'\n")
    assert load("json.py:mine")() == "mine"
    assert hasattr(json, "dumps")


def test_json_lines_give_arguments_and_keywords(folder: Path) -> None:
    """A line with args and kwargs is one call; any other value is one argument, a list and other objects too."""
    (folder / "in.jsonl").write_text('{"args": [1, 2]}\n{"kwargs": {"a": 1}}\n\n[1, 2]\n{"x": 1}\n"text"\nnull\n{}\n')
    calls = load_calls("in.jsonl")
    assert calls is not None
    assert [(c.args, c.kwargs) for c in calls] == [
        ((1, 2), {}),
        ((), {"a": 1}),
        (([1, 2],), {}),
        (({"x": 1},), {}),
        (("text",), {}),
        ((None,), {}),
        (({},), {}),
    ]
    assert calls[2].where == "line 4 of in.jsonl"


def test_a_text_file_gives_its_lines(folder: Path) -> None:
    """Any other file is text, even if its lines look like numbers."""
    (folder / "urls.txt").write_bytes(b"http://a\r\n\n42\n")
    assert [c.args for c in load_calls("urls.txt") or []] == [("http://a",), ("42",)]


def test_a_callable_gives_the_inputs_and_a_tuple_is_one_argument() -> None:
    """Whatever it yields is one argument of one call."""
    assert [c.args for c in load_calls("jobs_here:numbers") or []] == [(1,), ((2, 3),)]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", b"1\n{broken\n", "line 2 of a.jsonl is not JSON"),
        ("a.jsonl", b'{"args": 3}\n', "'args' must be a list"),
        ("a.jsonl", b"\n\n", "holds no inputs"),
        ("a.txt", b"\xff\xfe\x00", "not UTF-8"),
        ("missing.jsonl", None, "no such inputs file"),
        ("missing.txt", None, "no such inputs file"),
        (".", None, "the inputs . are no file"),
        ("jobs_here:no_such", None, "has no function 'no_such'"),
        ("jobs_here:not_a_function", None, "has no function"),
    ],
)
def test_wrong_inputs_are_one_clear_line(folder: Path, name: str, content: bytes | None, words: str) -> None:
    """Which line of which file, and why."""
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load_calls(name)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_deeply_nested_json_is_refused(folder: Path) -> None:
    """A line that would exhaust the stack is a wrong line, not a crash."""
    (folder / "deep.jsonl").write_text("[" * 100_000 + "\n")
    with pytest.raises(UsageError, match=r"line 1 of deep\.jsonl is not JSON"):
        load_calls("deep.jsonl")


def test_inputs_without_end_are_refused() -> None:
    """A generator that never ends is stopped at the limit."""
    with pytest.raises(UsageError, match="more than 100 inputs"):
        load_calls("jobs_here:endless", limit=100)


def test_arguments_are_checked_before_anything_is_called() -> None:
    """A call that does not fit the signature is named with its line."""
    double = load("jobs_here:double")
    check_arguments(double, [Call((1,)), Call((1,), {"times": 3})], "double")
    with pytest.raises(UsageError, match=r"line 3 of x does not fit double\(number, times=2\): missing"):
        check_arguments(double, [Call((), {}, "line 3 of x")], "double")
    with pytest.raises(UsageError, match="needs arguments: give them with --inputs"):
        check_arguments(double, None, "double")


def test_standard_input_tells_json_lines_from_text() -> None:
    """JSON Lines when every line is JSON, or is meant to be."""
    assert looks_like_json_lines('1\n{"args": []}\n')
    assert looks_like_json_lines('1\n{"a":\n3\n'), "a broken line is told, and turns no other into text"
    assert looks_like_json_lines('{"a": 1}\nnot this\n')
    assert not looks_like_json_lines("1\nhttp://a\n")
    assert not looks_like_json_lines("[1\n")
    assert not looks_like_json_lines("")
