"""Which modules a function's code names, directly or through functions of the same package."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import CodeType, FunctionType, ModuleType
from typing import Any

from advisor.measure.side_effects import plain_function

MOST_FUNCTIONS = 200
MOST_MODULES = 50


def modules(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of modules, in the order in which they are met: `json`, `numpy.linalg`, `lxml.etree`."""
    found: dict[str, None] = {}
    pending: deque[Any] = deque([function])
    seen: set[int] = set()
    while pending and len(seen) < MOST_FUNCTIONS and len(found) < MOST_MODULES:
        with suppress(Exception):  # a proxy of the user's raises when it is asked for anything
            thing = pending.popleft()
            inner = plain_function(vars(thing).get("__init__") if isinstance(thing, type) else thing)
            if inner is None or id(inner) in seen:
                continue
            seen.add(id(inner))
            for named in _named(inner):
                if isinstance(named, str):
                    found.setdefault(named)
                elif _package(named) == _package(inner):
                    pending.append(named)
                elif module := getattr(named, "__module__", None):
                    found.setdefault(str(module))
    return tuple(found)[:MOST_MODULES]


def _named(function: FunctionType) -> Iterator[Any]:
    """Names of modules, and the functions and classes, that the code names; those it imports itself among them."""
    spoken = [name for code in _codes(function.__code__) for name in code.co_names]
    for name in spoken:
        thing = function.__globals__.get(name)
        if name not in function.__globals__:
            module = sys.modules.get(name)  # imported by the function itself
        else:
            module = thing if issubclass(type(thing), ModuleType) else None
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
