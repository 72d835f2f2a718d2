"""Give modules and functions other source text than that of their files."""

from __future__ import annotations

import ast
import contextlib
import linecache
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from advisor.interleaving.by_value import functions_of
from advisor.measure.introspection import plain_function


def replace_sources(sources: Mapping[str, str]) -> None:
    """Make imports of these files use other texts."""
    if not sources:
        return
    original = SourceFileLoader.get_code

    def get_code(loader: Any, name: str) -> Any:
        path = loader.get_filename(name)
        if path not in sources:
            return original(loader, name)
        return compile(sources[path], path, "exec", dont_inherit=True)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]
    for path, text in sources.items():
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)


def replace_code(function: Callable[..., Any], sources: Mapping[str, str]) -> None:
    """Give a function that was pickled by value, and those that it uses, the code of these texts, and their locks."""
    for each in set(functions_of(function)):
        text = sources.get(each.__code__.co_filename)
        if text is None:
            continue
        with contextlib.suppress(SyntaxError, ValueError, RecursionError):
            tree = ast.parse(text)
            module = compile(tree, each.__code__.co_filename, "exec", dont_inherit=True)
            new = next((code for code in _codes(module) if _is_same(code, each.__code__)), None)
            if new is not None:
                each.__code__ = new
                _define_locks(tree, each.__globals__)


class _Namespace(ModuleType):
    """A module whose globals are those of a function that was pickled by value."""

    def __init__(self, name: str, file: str, names: dict[str, Any]) -> None:
        super().__init__(name)
        self.__file__ = file
        self._names = names

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        return self._names


def register_globals(function: Callable[..., Any]) -> None:
    """Make the globals of a function that was pickled by value those of a module, so that they are looked at."""
    plain = plain_function(function)
    if plain is None:
        return
    name = plain.__module__ or "__main__"
    known = sys.modules.get(name)
    if known is None or vars(known) is not plain.__globals__:
        sys.modules[name] = _Namespace(name, plain.__code__.co_filename, plain.__globals__)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _is_same(one: CodeType, other: CodeType) -> bool:
    return one.co_qualname == other.co_qualname and one.co_freevars == other.co_freevars


def _define_locks(tree: ast.Module, names: dict[str, Any]) -> None:
    """Define the locks of a module's text that its functions do not know yet."""
    for statement in _lock_definitions(tree.body):
        target = statement.targets[0]
        if isinstance(target, ast.Name) and target.id not in names:
            import threading

            code = compile(ast.Module([statement], []), "<lock>", "exec")
            defined: dict[str, Any] = {"threading": threading}
            exec(code, defined)
            names[target.id] = defined[target.id]


def _lock_definitions(body: Iterable[ast.stmt]) -> Iterator[ast.Assign]:
    made = ("threading.Lock()", "threading.RLock()")
    for statement in body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.value) in made:
            yield statement
