"""Make calls one after the other: in this thread, or on an event loop for coroutine functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from advisor.jobs.inputs import Inputs
from advisor.jobs.pools.pool import Arguments

if TYPE_CHECKING:
    from advisor.jobs.pools.event_loop import LoopThread
    from advisor.measure.meter import Meter

T = TypeVar("T")


class Batch(NamedTuple):
    """The results of calls, in order, up to the first that raised; and what it raised."""

    results: list[Any]
    error: BaseException | None


class Caller(Protocol):
    """Makes calls one after the other."""

    def in_thread(self, function: Callable[[], T]) -> T:
        """Run a function in the thread that makes the calls."""
        ...

    def make(self, items: list[Any], meter: Meter | None = None) -> Batch:
        """Make a call for each item, and measure them as one batch of the meter."""
        ...

    def make_one(self, arguments: Arguments) -> tuple[Any, BaseException | None]:
        """Make a single call; return its result, and what it raised."""
        ...


class DirectCaller:
    """Makes the calls in the thread of its caller, at the speed of a plain loop."""

    def __init__(self, function: Callable[..., Any], inputs: Inputs) -> None:
        self._function = function
        self._inputs = inputs

    def in_thread(self, function: Callable[[], T]) -> T:
        """Run the function."""
        return function()

    def make(self, items: list[Any], meter: Meter | None = None) -> Batch:
        """Make the calls."""
        results: list[Any] = []
        calls = self._inputs.call_all(self._function, items)
        if meter is not None:
            meter.start()
        try:
            results.extend(calls)
        except BaseException as error:  # noqa: BLE001  (for the engine to handle)
            return self._end(items, results, error, meter)
        if len(results) < len(items):  # raised by a call, it ends a map
            return self._end(items, results, StopIteration(), meter)
        return self._end(items, results, None, meter)

    def make_one(self, arguments: Arguments) -> tuple[Any, BaseException | None]:
        """Make a single call."""
        args, kwargs = arguments
        try:
            return self._function(*args, **kwargs), None
        except BaseException as error:  # noqa: BLE001  (for the engine to handle)
            return None, error

    def _end(self, items: list[Any], results: list[Any], error: BaseException | None, meter: Meter | None) -> Batch:
        if meter is not None:
            if results and not (error and not isinstance(error, Exception)):
                meter.stop(len(results) + (error is not None))
            else:
                meter.discard(error)
        return Batch(results, error)


class LoopCaller:
    """Awaits the calls on an event loop."""

    def __init__(self, function: Callable[..., Any], inputs: Inputs, loop: LoopThread) -> None:
        self._function = function
        self._inputs = inputs
        self._loop = loop

    def in_thread(self, function: Callable[[], T]) -> T:
        """Run the function in the thread of the loop."""

        async def run() -> T:
            return function()

        return self._loop.wait_for(run())

    def make(self, items: list[Any], meter: Meter | None = None) -> Batch:
        """Await the calls."""
        return self._loop.wait_for(self._make(items, meter), is_call=True)

    def make_one(self, arguments: Arguments) -> tuple[Any, BaseException | None]:
        """Await a single call."""

        async def run() -> tuple[Any, BaseException | None]:
            args, kwargs = arguments
            try:
                return await self._function(*args, **kwargs), None
            except BaseException as error:
                if self._loop.is_ended(error):
                    raise
                return None, error

        return self._loop.wait_for(run(), is_call=True)

    async def _make(self, items: list[Any], meter: Meter | None) -> Batch:
        results: list[Any] = []
        failure: BaseException | None = None
        before = self._loop.waited
        if meter is not None:
            meter.start()
        try:
            for args, kwargs in map(self._inputs.arguments, items):
                results.append(await self._function(*args, **kwargs))
        except BaseException as error:
            if self._loop.is_ended(error):
                raise
            failure = error
        if meter is not None:
            waited = None if before is None else (self._loop.waited or 0.0) - before
            if results:
                meter.stop(len(results) + (failure is not None), waited)
            else:
                meter.discard(failure)
        return Batch(results, failure)
