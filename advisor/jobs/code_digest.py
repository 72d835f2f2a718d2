"""Digest the code that a function runs: its own, and that of the user's functions and classes that it names.

Sources count as syntax trees, so that comments, docstrings and formatting do not matter; functions without a source
count by their bytecode and the version of Python. With the code go the values that belong to it: closures, defaults,
bound arguments, and constants (module variables with a name in capitals). A function of a library counts by its name
and the version of the library.
"""

from __future__ import annotations

import ast
import functools
import linecache
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from advisor.jobs.argument_digest import digest
from advisor.measure.introspection import LruCacheWrapper, closure_values, module_namespace, module_origin
from advisor.target.ipython_session import place

MAX_PARTS = 500  # functions and classes
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_CONSTANTS = (bool, int, float, complex, str, bytes, tuple, frozenset)


class Part(NamedTuple):
    """A function or class with its digest, and the place of its code."""

    digest: str
    place: str


def code_parts(function: Callable[..., Any]) -> dict[str, Part]:
    """Return the parts of the code that calls of a function run, by qualified name."""
    search = _Search(function)
    search.run()
    return {
        name: Part(digest(sorted(part.digest for part in parts)).hex(), parts[0].place)
        for name, parts in search.parts.items()
    }


class _Search:
    def __init__(self, function: Callable[..., Any]) -> None:
        self._targets = [function]  # with what is wrapped in it
        self._pending: deque[Any] = deque([function])
        self._seen: dict[int, Any] = {}
        self._trees: dict[str, dict[tuple[int, str], list[_Definition]]] = {}
        self.parts: defaultdict[str, list[Part]] = defaultdict(list)

    def run(self) -> None:
        while self._pending and len(self._seen) < MAX_PARTS:
            thing = self._pending.popleft()
            if id(thing) not in self._seen:
                self._seen[id(thing)] = thing
                self._visit(thing)

    def _visit(self, thing: Any) -> None:
        kind = type(thing)  # not `__class__`, which runs code of a proxy
        if issubclass(kind, functools.partial):
            self._add("arguments bound by partial", [thing.args, thing.keywords])
            self._unwrap(thing, thing.func)
            self._pending += [*thing.args, *thing.keywords.values()]
        elif kind is MethodType:
            self._unwrap(thing, thing.__func__)
            self._pending.append(thing.__self__)
            if not isinstance(thing.__self__, type) and _is_users(type(thing.__self__)):
                self._add(f"the object of {thing.__func__.__qualname__}", thing.__self__)
        elif kind is LruCacheWrapper or issubclass(kind, (staticmethod, classmethod)):
            self._unwrap(thing, thing.__wrapped__)
        elif issubclass(kind, property):
            self._pending += [thing.fget, thing.fset]
        elif issubclass(kind, functools.cached_property):
            self._pending.append(thing.func)
        elif kind is FunctionType and _is_users(thing):
            self._visit_function(thing)
        elif issubclass(kind, type) and _is_users(thing):
            self._visit_class(thing)
        elif _is_users(kind) and not issubclass(kind, (type, ModuleType)):
            self._pending.append(kind)
            if self._is_target(thing):
                self._add(f"the object of {kind.__qualname__}", thing)
        elif self._is_target(thing):  # what the user's code calls in libraries does not count
            self._add_library(thing)

    def _unwrap(self, thing: Any, inner: Any) -> None:
        if self._is_target(thing):
            self._targets.append(inner)
        self._pending.append(inner)

    def _visit_function(self, function: FunctionType) -> None:
        code = function.__code__
        names = set(_names(code))
        constants = {
            name: function.__globals__[name]
            for name in names & function.__globals__.keys()
            if name.isupper() and issubclass(type(function.__globals__[name]), _CONSTANTS)
        }
        closure = closure_values(function)
        values = [constants, closure, function.__defaults__, function.__kwdefaults__]
        self._add(
            function.__qualname__, [self._source(function), *values], place(code.co_filename, code.co_firstlineno)
        )
        self._pending += [*closure.values(), getattr(function, "__wrapped__", None)]
        for name in sorted(names):
            value = function.__globals__.get(name)
            self._pending.append(value)
            if type(value) is ModuleType and module_origin(value.__name__) == "user":
                namespace = module_namespace(value)
                self._pending += [namespace[each] for each in sorted(names & namespace.keys())]

    def _visit_class(self, cls: type) -> None:
        members = {name: member for name, member in vars(cls).items() if name not in ("__module__", "__doc__")}
        constants = {name: member for name, member in members.items() if issubclass(type(member), _CONSTANTS)}
        self._add(cls.__qualname__, {name: value for name, value in constants.items() if name[:2] != "__"})
        self._pending += [*members.values(), *cls.__bases__]

    def _add_library(self, thing: Any) -> None:
        module = str(getattr(thing, "__module__", None) or type(thing).__module__)
        library = module_namespace(sys.modules.get(module.partition(".")[0]))
        name = getattr(thing, "__qualname__", type(thing).__qualname__)
        self._add(f"{module}.{name}", str(library.get("__version__", "")), module)

    def _is_target(self, thing: Any) -> bool:
        return any(thing is each for each in self._targets)

    def _add(self, name: str, value: Any, where: str = "") -> None:
        self.parts[name].append(Part(digest(value).hex(), where))

    def _source(self, function: FunctionType) -> object:
        """Return the normalised source of a function, or its bytecode."""
        code = function.__code__
        if code.co_filename not in self._trees:
            linecache.checkcache(code.co_filename)
            lines = linecache.getlines(code.co_filename, function.__globals__)
            self._trees[code.co_filename] = _definitions("".join(lines))
        found = self._trees[code.co_filename].get((code.co_firstlineno, code.co_name))
        return [ast.unparse(each) for each in found] if found else [*_bytecode(code), sys.version_info[:2]]


def _is_users(thing: Any) -> bool:
    module = thing.__globals__.get("__name__") if isinstance(thing, FunctionType) else thing.__module__
    return str(module) not in sys.modules or module_origin(module) == "user"


def _names(code: CodeType) -> Iterator[str]:
    """Yield the global names and attributes that a function loads, those in its inner functions included."""
    yield from code.co_names
    for inner in _inner(code):
        yield from _names(inner)


def _inner(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _bytecode(code: CodeType) -> list[object]:
    constants = [constant for constant in code.co_consts if not isinstance(constant, CodeType)]
    return [code.co_code, code.co_names, code.co_varnames, constants, *map(_bytecode, _inner(code))]


def _definitions(source: str) -> dict[tuple[int, str], list[_Definition]]:
    """Return the functions of a file by first line, which may be a decorator's, and name; lambdas may share a line."""
    found: defaultdict[tuple[int, str], list[_Definition]] = defaultdict(list)
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return {}
    for node in nodes:
        if isinstance(node, ast.Lambda):
            found[node.lineno, "<lambda>"].append(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[first, node.name].append(node)
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return dict(found)
