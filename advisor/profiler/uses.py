"""Which modules a function's code names, directly or through functions of the same package."""

from __future__ import annotations

import functools
import sys
from collections import deque
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

MOST_FUNCTIONS = 200
MOST_MODULES = 50


def modules(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of modules, in the order in which they are met: `json`, `numpy.linalg`, `lxml.etree`."""
    found: dict[str, None] = {}
    pending: deque[Any] = deque([function])
    seen: set[int] = set()
    while pending and len(seen) < MOST_FUNCTIONS and len(found) < MOST_MODULES:
        inner = _function(pending.popleft())
        if inner is None or id(inner) in seen:
            continue
        seen.add(id(inner))
        for thing in _named(inner):
            if isinstance(thing, str):
                found.setdefault(thing)
            elif _package(thing) == _package(inner):
                pending.append(thing)
            elif module := getattr(thing, "__module__", None):
                found.setdefault(str(module))
    return tuple(found)[:MOST_MODULES]


def _function(thing: Any) -> FunctionType | None:
    """The Python function behind a method, a partial, a decorator or a class."""
    for _ in range(10):
        if isinstance(thing, MethodType):
            thing = thing.__func__
        elif isinstance(thing, functools.partial):
            thing = thing.func
        elif hasattr(thing, "__wrapped__"):
            thing = thing.__wrapped__
        elif isinstance(thing, type):
            thing = vars(thing).get("__init__")
        elif not isinstance(thing, FunctionType) and isinstance(vars(type(thing)).get("__call__"), FunctionType):
            thing = vars(type(thing))["__call__"]
        else:
            break
    return thing if isinstance(thing, FunctionType) else None


def _named(function: FunctionType) -> Iterator[Any]:
    """Names of modules, and the functions and classes, that the code names; those it imports itself among them."""
    spoken = [name for code in _codes(function.__code__) for name in code.co_names]
    for name in spoken:
        thing = function.__globals__.get(name)
        module = (
            thing if isinstance(thing, ModuleType) else None if name in function.__globals__ else sys.modules.get(name)
        )
        if module is not None:
            yield module.__name__
            yield from (inner for part in spoken if (inner := f"{module.__name__}.{part}") in sys.modules)
        elif callable(thing):
            yield thing


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function, and of those within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _package(thing: Any) -> str:
    return str(getattr(thing, "__module__", "")).partition(".")[0]
