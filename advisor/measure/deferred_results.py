"""Recognise calls that return before their work is done: coroutines and generators."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from types import CoroutineType, GeneratorType
from typing import Any


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Return True if calling the function returns a coroutine."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def is_awaitable(result: Any) -> bool:
    """Return True if a result must be awaited, such as that of a coroutine function with an ordinary decorator."""
    if isinstance(result, GeneratorType):  # a generator-based coroutine, or an ordinary generator
        return bool(result.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE)
    return issubclass(type(result), Awaitable)  # isinstance() would ask a proxy for its class


def is_generator(result: Any) -> bool:
    """Return True if a result does its work only during iteration."""
    lazy = issubclass(type(result), (Generator, AsyncGenerator, map, filter))
    return lazy and not is_awaitable(result)


def close_coroutine(result: Any) -> None:
    """Close a result that will not be awaited, so that Python does not warn about it."""
    if isinstance(result, CoroutineType):
        result.close()
