"""A checkpoint continues with the same code only, whatever its comments and formatting."""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from advisor.errors import UsageError
from tests.checkpoints import data_folder, opened, path, store

__all__ = ["data_folder", "path"]  # fixtures


def module_of(folder: Path, name: str, text: str) -> ModuleType:
    """Write a module of the user and load it, again if it has changed."""
    file = folder / f"{name}.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(text, file, "exec"), vars(module))
    return module


CODE = """
import math
LIMIT = 10

class Scale:
    factor = 2
    def apply(self, number):
        return number * self.factor

def helper(number):
    return Scale().apply(number)

def work(number):
    return helper(number) + LIMIT

def unused():
    return 1
"""


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("return helper(number) + LIMIT", "return helper(number) - LIMIT", r"work \(user_code\.py:13\)"),
        ("return Scale()", "return 1 + Scale()", r"helper \(user_code\.py:10\)"),
        ("LIMIT = 10", "LIMIT = 11", "work"),
        ("factor = 2", "factor = 3", "Scale"),
        ("number * self", "number + self", r"Scale\.apply"),
        ("return helper(number)", "return (number)", "work"),
    ],
)
def test_changed_code_is_refused(tmp_path: Path, path: Path, old: str, new: str, changed: str) -> None:
    """The message names the changed function, its place, the number of results and what to do."""
    store(path, 0, 1, function=module_of(tmp_path, "user_code", CODE).work)
    function = module_of(tmp_path, "user_code", CODE.replace(old, new)).work
    with pytest.raises(UsageError, match=rf"2 results of double .*{changed}.*Delete the file .*checkpoint="):
        opened(path, function)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return helper(number) + LIMIT", "'''Add.'''\n    # comment\n    return (helper(number)\n        + LIMIT)"),
        ("return 1", "return 2"),
        ("import math", "import math\n\n\n"),
    ],
)
def test_comments_and_other_functions_do_not_count(tmp_path: Path, path: Path, old: str, new: str) -> None:
    """Comments, docstrings, formatting and functions that the run does not use may change."""
    store(path, 0, 1, function=module_of(tmp_path, "user_code", CODE).work)
    assert opened(path, module_of(tmp_path, "user_code", CODE.replace(old, new)).work) == 2


def test_a_checkpoint_without_results_takes_any_code(path: Path) -> None:
    """The code of a run that ended before its first result is replaced."""
    store(path)
    store(path, 1, function=abs)
    with pytest.raises(UsageError, match="before its code changed"):
        opened(path)


def test_values_that_belong_to_a_function_count(path: Path) -> None:
    """Bound arguments and closures are compared, of partial objects, methods, lambdas and callable objects."""

    class Adder:
        def __init__(self, number: int) -> None:
            self.number = number

        def __call__(self, number: int) -> int:
            return number + self.number

    def adder(by: int) -> Callable[[int], int]:
        return lambda number: number + by

    makers: list[Callable[[int], Callable[..., Any]]] = [
        functools.partial(functools.partial, pow), adder, Adder, lambda number: Adder(number).__call__,
    ]  # fmt: skip
    for index, make in enumerate(makers):
        file = path.with_suffix(f".{index}")
        store(file, 0, function=make(1))
        assert opened(file, make(1)) == 1
        with pytest.raises(UsageError, match="before its code changed"):
            opened(file, make(2))


def test_a_wrapped_function_counts(tmp_path: Path, path: Path) -> None:
    """Functions behind decorators, caches and methods are compared, and a proxy among the globals is left alone."""
    text = """
import functools

class Proxy:
    @property
    def __class__(self):
        raise RuntimeError("used outside of a request")

request = Proxy()

def wrap(function):
    @functools.wraps(function)
    def inner(number):
        return function(number)
    return inner

class Reader:
    @functools.cached_property
    def size(self):
        return 3

    @staticmethod
    @functools.cache
    @wrap
    def read(number):
        return request, Reader().size
"""
    store(path, 0, function=module_of(tmp_path, "wrapped_code", text).Reader.read)
    assert opened(path, module_of(tmp_path, "wrapped_code", text).Reader.read) == 1
    with pytest.raises(UsageError, match=r"code changed: Reader\.size "):
        opened(path, module_of(tmp_path, "wrapped_code", text.replace("return 3", "return 4")).Reader.read)


def test_code_without_a_source_counts_by_its_bytecode(path: Path) -> None:
    """A function that `exec` defined is another one when its constants differ."""

    def make(returned: str) -> Callable[..., Any]:
        names: dict[str, Any] = {"__name__": "made"}
        exec(f"def work(x):\n    'Find a letter.'\n    return {returned}", names)
        function: Callable[..., Any] = names["work"]
        return function

    store(path, 0, function=make("x in {'a', 'b'}"))
    assert opened(path, make("x in {'b', 'a'}")) == 1
    with pytest.raises(UsageError, match=r"work \(<string>:1\)"):
        opened(path, make("x in {'a', 'c'}"))


def test_a_function_of_a_library_counts_by_name(path: Path) -> None:
    """A built-in function is another one than the next."""
    store(path, 0, function=len)
    assert opened(path, len) == 1
    with pytest.raises(UsageError, match=r"builtins\.abs"):
        opened(path, abs)
