"""List the modules that a function's code names, directly or through functions of the same package."""

from __future__ import annotations

import dis
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import CodeType, FunctionType, ModuleType
from typing import Any

from advisor.measure.introspection import plain_function

MAX_FUNCTIONS = 200
MAX_MODULES = 50


def modules(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return names of modules such as `json` or `numpy.linalg`, in the order in which the code names them."""
    found: dict[str, None] = {}
    pending: deque[Any] = deque([function])
    seen: set[int] = set()
    while pending and len(seen) < MAX_FUNCTIONS and len(found) < MAX_MODULES:
        with suppress(Exception):  # a user's proxy raises when it is asked for anything
            thing = pending.popleft()
            code = plain_function(vars(thing).get("__init__") if isinstance(thing, type) else thing)
            if code is None or id(code) in seen:
                continue
            seen.add(id(code))
            for named in _named_in(code):
                if isinstance(named, str):
                    found.setdefault(named)
                elif _package(named) == _package(code):
                    pending.append(named)
                elif module := getattr(named, "__module__", None):
                    found.setdefault(str(module))
    return tuple(found)[:MAX_MODULES]


def _named_in(function: FunctionType) -> Iterator[Any]:
    """Yield the names of modules, and the functions and classes, that the code names."""
    names = [name for code in _code_objects(function.__code__) for name in code.co_names]
    loaded = {name for code in _code_objects(function.__code__) for name in _loaded_names(code)}
    for name in names:
        value = function.__globals__.get(name)
        if name not in function.__globals__:
            module = sys.modules.get(name) if name in loaded else None  # the function may import it itself
        else:
            module = value if issubclass(type(value), ModuleType) else None
        if module is not None:
            yield module.__name__
            yield from (inner for part in names if (inner := f"{module.__name__}.{part}") in sys.modules)
        elif callable(value):
            yield value


def _loaded_names(code: CodeType) -> Iterator[str]:
    """Yield the names that are not attributes: globals, and modules that the function imports."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME", "IMPORT_NAME", "IMPORT_FROM"):
            yield str(instruction.argval)


def _code_objects(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a function and of those within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_objects(constant)


def _package(thing: Any) -> str:
    return str(getattr(thing, "__module__", "")).partition(".")[0]
