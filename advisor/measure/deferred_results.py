"""Recognise functions and results whose work is not done when the call returns: coroutines and generators."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from types import CoroutineType, GeneratorType
from typing import Any


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Return True if calling the function gives a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def is_awaitable(result: Any) -> bool:
    """Return True if a result must be awaited, as that of a coroutine function under an ordinary decorator."""
    if isinstance(result, GeneratorType):  # an old coroutine, or what every generator is
        return bool(result.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE)
    return issubclass(type(result), Awaitable)  # not isinstance(), which a proxy answers in its own way


def is_generator(result: Any) -> bool:
    """Return True if a result does its work only when it is iterated over."""
    lazy = issubclass(type(result), (Generator, AsyncGenerator, map, filter))
    return lazy and not is_awaitable(result)


def close_coroutine(result: Any) -> None:
    """Close a result that is not going to be awaited, so that Python does not warn about it."""
    if isinstance(result, CoroutineType):
        result.close()
