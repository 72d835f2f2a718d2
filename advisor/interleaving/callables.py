"""Name callables of any kind, and tell the objects that they carry."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

_MAX_LAYERS = 10


def qualified_name(function: Callable[..., Any]) -> str:
    """Return the module and the name of a function, of what a partial calls, or of the class of an object."""
    for _ in range(_MAX_LAYERS):
        if not isinstance(function, functools.partial):
            break
        function = function.func
    named = function if isinstance(getattr(function, "__qualname__", None), str) else type(function)
    return f"{getattr(named, '__module__', None) or '?'}:{named.__qualname__}"


def carried(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of the objects that a callable brings to its calls.

    They are the owner of a method, an object with `__call__`, the arguments that a partial binds, and a function, for
    the variables that it closes over.
    """
    for _ in range(_MAX_LAYERS):
        if isinstance(function, functools.partial):
            yield "partial arguments", (*function.args, *function.keywords.values())
            function = function.func
        elif isinstance(function, MethodType):
            yield "self", function.__self__
            return
        elif isinstance(function, BuiltinFunctionType):
            if not isinstance(function.__self__, ModuleType | None):
                yield "self", function.__self__
            return
        else:
            is_named = isinstance(function, (FunctionType, type))
            yield (getattr(function, "__name__", "function") if is_named else "self"), function
            return
