"""Calling the target within a budget, one call after the other; short calls in batches, so that no clock is theirs."""

from __future__ import annotations

import contextlib
import inspect
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from itertools import cycle, islice, repeat
from operator import length_hint
from types import CoroutineType, GeneratorType
from typing import Any, Protocol, TypeVar

from advisor.errors import TargetError, UsageError
from advisor.measure.meter import Meter, Stretch
from advisor.target.loader import Call, failure

BATCH_SECONDS = 5e-3
OVERTIME = 0.1
MAX_BATCH = 100_000
Progress = Callable[[float, int, float], None]
T = TypeVar("T")


class NotDoneError(Exception):
    """The first call only made what would do its work: something to await, a generator."""

    def __init__(self, result: Any) -> None:
        super().__init__(result)
        self.result = result


class Around(Protocol):
    """What looks before and after one call, outside of what is measured; `result` tells what the call returned."""

    def __call__(
        self, call: Call, result: Callable[[], Any], *, first: bool
    ) -> contextlib.AbstractContextManager[None]: ...


def is_coroutine(function: Callable[..., Any]) -> bool:
    """Whether calling it gives something to await."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def gives_awaitable(result: Any) -> bool:
    """Whether a call's result is to be awaited, as that of a coroutine function under an ordinary decorator."""
    if isinstance(result, GeneratorType):  # an old coroutine, or what every generator is
        return bool(result.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE)
    return issubclass(type(result), Awaitable)  # not isinstance(): a proxy answers that in its own way


def gives_generator(result: Any) -> bool:
    """Whether a call's result does the work only when somebody goes through it."""
    lazy = issubclass(type(result), (Generator, AsyncGenerator, map, filter))
    return lazy and not gives_awaitable(result)


def drop(result: Any) -> None:
    """Put away a result that was not awaited, so that Python does not warn of it."""
    if isinstance(result, CoroutineType):
        result.close()


def call_within(
    function: Callable[..., Any],
    calls: Sequence[Call] | None,
    meter: Meter,
    *,
    ends: float,
    least: float = 0.0,
    name: str,
    coroutine: bool | None = None,
    on_progress: Progress | None = None,
    around: Around | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Any]:
    """Call `function` with `calls` (None: without arguments) until `ends` on the `clock`; one call always finishes.

    At `least` so many seconds are for the calls, however long it took to get ready for them (a million inputs).
    Returns a few results to look at; the rest is in the `meter`. The first two calls are made within `around`.
    `coroutine` says that results are to be awaited; by default, what is a coroutine function tells. Raises NotDoneError
    when the first call has not done its work.

    Inputs are taken in a shuffled order, since files sorted by size would mislead, and anew when they run out. Raises
    TargetError when a call raises, and says which; not when it did so for an input that it had been given before (a
    file that the first call removed), which ends the measuring instead.
    """
    awaited = is_coroutine(function) if coroutine is None else coroutine
    runner = _AsyncRunner(function, calls) if awaited else _Runner(function, calls)
    began = clock()
    late = began + least > ends
    ends = max(ends, began + least)
    # A second call is worth some overtime, since the first is unlike the rest.
    overtime = max(OVERTIME, least if late else 0.0) if began < ends else 0.0
    done = 0
    results: list[Any] = []
    try:
        with runner.looked_at(0, around):
            first = runner.run(1, meter)
        results.append(runner.result)
        if gives_generator(runner.result) or (not awaited and gives_awaitable(runner.result)):
            raise NotDoneError(runner.result)
        done = 1
        size, mean = 1, first.passed.wall
        while clock() + mean * size <= ends + (overtime if done == 1 else 0.0):
            batch = _within_round(size, done, calls)
            with runner.looked_at(done, around if done == 1 else None):
                stretch = runner.run(batch, meter)
            done += batch
            took = stretch.passed.wall / batch * size
            if len(results) < 3:
                results.append(runner.result)
            mean = took / size if done < 10 else 0.7 * mean + 0.3 * took / size
            if took < BATCH_SECONDS / 2:
                size = min(size * 2, MAX_BATCH)
            elif took > BATCH_SECONDS * 2 and size > 1:
                size = max(1, int(size * BATCH_SECONDS / took))
            if on_progress:
                on_progress((clock() - began) / max(ends - began, 1e-9), done, mean)
        return results
    except BaseException as error:
        meter.drop(error)
        if isinstance(error, (KeyboardInterrupt, TargetError, NotDoneError)):
            raise
        number = done + runner.begun  # of the call that raised: it may be any of its batch
        if calls is not None and number > len(calls):
            return results
        raise failure(error, f"call {number} of {name}{runner.where(number)}") from error
    finally:
        runner.close()


class _Runner:
    """Runs a number of calls in the tightest loop that their arguments allow."""

    def __init__(self, function: Callable[..., Any], calls: Sequence[Call] | None) -> None:
        self.function = function
        self.result: Any = None
        self._order = _shuffled(calls)
        self._calls: Iterator[Call] = cycle(self._order)
        self._loop = self._loop_for(calls)
        self._size = 0
        self._left: Iterator[Any] = iter(())  # of the batch that runs

    def _loop_for(self, calls: Sequence[Call] | None) -> Callable[[list[Call], Meter], None]:
        if calls is None:
            return self._without
        if all(len(call.args) == 1 and not call.kwargs for call in calls):
            return self._with_one
        return self._with_any

    @property
    def begun(self) -> int:
        """How many calls of the last batch were begun: asked of its iterator, so that no call pays for it."""
        return self._size - length_hint(self._left)

    def where(self, number: int) -> str:
        """Where the input of that call, counted from 1, came from."""
        place = self._order[(number - 1) % len(self._order)].where
        return f" ({place})" if place else ""

    def looked_at(self, index: int, around: Around | None) -> contextlib.AbstractContextManager[None]:
        if around is None:
            return contextlib.nullcontext()
        return around(self._order[index % len(self._order)], lambda: self.result, first=index == 0)

    def run(self, size: int, meter: Meter) -> Stretch:
        self._loop(list(islice(self._calls, size)), meter)
        return meter.end(size)

    def _without(self, batch: list[Call], meter: Meter) -> None:
        function, result = self.function, None
        times = self._of(repeat(None, len(batch)))
        meter.begin()
        for _ in times:
            result = function()
        self.result = result

    def _with_one(self, batch: list[Call], meter: Meter) -> None:
        function, result = self.function, None
        arguments = self._of(iter([call.args[0] for call in batch]))
        meter.begin()
        for argument in arguments:
            result = function(argument)
        self.result = result

    def _with_any(self, batch: list[Call], meter: Meter) -> None:
        function, result = self.function, None
        pairs = self._of(iter([(call.args, call.kwargs) for call in batch]))
        meter.begin()
        for args, kwargs in pairs:
            result = function(*args, **kwargs)
        self.result = result

    def _of(self, batch: Iterator[T]) -> Iterator[T]:
        """The batch, whose iterator will tell how far it came."""
        self._size, self._left = length_hint(batch), batch
        return batch

    def close(self) -> None:
        """Nothing to close."""


class _AsyncRunner(_Runner):
    """Awaits the calls one after the other on an event loop of its own."""

    def __init__(self, function: Callable[..., Coroutine[Any, Any, Any]], calls: Sequence[Call] | None) -> None:
        import asyncio

        with contextlib.suppress(RuntimeError):  # there is none
            asyncio.get_running_loop()
            raise UsageError("an event loop is running in this thread: profile a coroutine function in another thread")
        super().__init__(function, calls)
        self._runner = asyncio.Runner()

    def run(self, size: int, meter: Meter) -> Stretch:
        return self._runner.run(self._await(list(islice(self._calls, size)), meter))

    async def _await(self, batch: list[Call], meter: Meter) -> Stretch:
        result = None
        calls = self._of(iter(batch))
        meter.begin()
        for call in calls:
            result = await self.function(*call.args, **call.kwargs)
        stretch = meter.end(len(batch))
        self.result = result
        return stretch

    def close(self) -> None:
        self._runner.close()


def _within_round(size: int, done: int, calls: Sequence[Call] | None) -> int:
    """The size of the next batch: in the first two rounds it ends with the round, so that they can be compared."""
    inputs = 0 if calls is None else len(calls)
    return min(size, inputs - done % inputs) if done < 2 * inputs else size


def _shuffled(calls: Sequence[Call] | None) -> list[Call]:
    order = list(calls) if calls is not None else [Call()]
    random.Random(0).shuffle(order)
    return order
