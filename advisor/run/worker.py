"""Wrappers that a pool's worker calls; this module imports nothing, since subinterpreters cannot load pydantic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def run_coroutine(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function that returns an awaitable, and wait for it on an event loop of its own."""
    import asyncio  # only where coroutines are run: every subinterpreter would import it anew

    async def call() -> Any:
        return await function(*args, **kwargs)

    return asyncio.run(call())


def call_with(function: Callable[..., Any], arguments: tuple[tuple[Any, ...], dict[str, Any]]) -> Any:
    """Call a function with positional and keyword arguments that travel as one value."""
    args, kwargs = arguments
    return function(*args, **kwargs)
