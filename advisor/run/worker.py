"""Wrappers that a pool's worker calls; importing them is light, since subinterpreters cannot load pydantic."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any


def run_coroutine(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function that returns an awaitable, and wait for it on an event loop of its own."""
    import asyncio  # only where coroutines are run: every subinterpreter would import it anew

    async def call() -> Any:
        return await function(*args, **kwargs)

    return asyncio.run(call())


class Failure(str):
    """The text of an exception in the place of a result; it can always be pickled."""

    __slots__ = ()


def call_or_report(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function that raises for some inputs; return its result, or the exception as a Failure."""
    try:
        return function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001  (the user's)
        return Failure(repr(error))


async def await_or_report(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Await a coroutine function that raises for some inputs; return the text of an exception."""
    try:
        return await function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001  (the user's)
        return Failure(repr(error))


def call_with(function: Callable[..., Any], arguments: tuple[tuple[Any, ...], dict[str, Any]]) -> Any:
    """Call a function with positional and keyword arguments that travel as one value."""
    args, kwargs = arguments
    return function(*args, **kwargs)


@cache
def load_named(spec: str) -> Callable[..., Any]:
    """Return the target of that name, loaded once in each process; forked workers inherit that of their parent."""
    from advisor.target.loader import load  # only where a target is looked up

    return load(spec)


def call_named(spec: str, *args: Any, **kwargs: Any) -> Any:
    """Call a target that cannot be pickled, and that each worker looks up by its name."""
    return load_named(spec)(*args, **kwargs)
