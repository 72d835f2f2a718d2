"""What a pool's worker calls in place of a target; imports nothing, for a subinterpreter could not load pydantic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def run_coroutine(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A coroutine function as a plain one; or whatever else gives something to await."""
    import asyncio

    async def awaited() -> Any:
        return await function(*args, **kwargs)

    return asyncio.run(awaited())


def call_with(function: Callable[..., Any], arguments: tuple[tuple[Any, ...], dict[str, Any]]) -> Any:
    """A call whose arguments travel as one value."""
    args, kwargs = arguments
    return function(*args, **kwargs)
