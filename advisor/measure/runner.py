"""Call the target within a budget, one call after the other; short calls in batches, so that no clock counts."""

from __future__ import annotations

import contextlib
import inspect
import os
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, repeat
from operator import length_hint
from types import CoroutineType, GeneratorType
from typing import Any, Protocol, TypeVar

from advisor.errors import TargetError, UsageError
from advisor.measure.meter import Meter, TimedBatch, exit_if_forked
from advisor.target.failures import target_error
from advisor.target.inputs import Call

BATCH_SECONDS = 5e-3
TWO_CALLS_SECONDS = 60.0  # the default time-out of a call
MUCH_CHEAPER = 0.5  # times the first call: a call that did not load, connect or compile again
MAX_BATCH = 100_000
LOOP_BLOCKED = 0.05  # of a call's time
LOOKING_SECONDS = 0.05  # for the line that blocks the event loop, or one call
OnProgress = Callable[[float, int, float], None]
T = TypeVar("T")


class UnfinishedCallError(Exception):
    """The first call returned what still has to do the work: an awaitable or a generator."""

    def __init__(self, result: Any) -> None:
        super().__init__(result)
        self.result = result


@dataclass(frozen=True)
class Workload:
    """What to call: a function, the arguments of its calls (None: there are none), and its name for errors."""

    function: Callable[..., Any]
    calls: Sequence[Call] | None
    name: str
    coroutine: bool  # results are awaited


@dataclass(frozen=True)
class TimeLimit:
    """When to stop: at `end` on the `clock`, but after `minimum` seconds of calls at the earliest.

    The minimum is for the calls alone, however long it took to get ready for them (a million inputs). A second call is
    made whatever the end is, if two calls as long as the first take `two_calls` seconds at most: the first call may
    load, connect or compile what the others find ready. If the second is much cheaper, the minimum starts anew.
    """

    end: float
    minimum: float = 0.0
    clock: Callable[[], float] = time.perf_counter
    two_calls: float = TWO_CALLS_SECONDS


class Inspect(Protocol):
    """Looks before and after one call, outside of what is timed; `result` returns what the call returned."""

    def __call__(
        self, call: Call, result: Callable[[], Any], *, first: bool
    ) -> contextlib.AbstractContextManager[None]: ...


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


def run_calls(
    workload: Workload,
    meter: Meter,
    limit: TimeLimit,
    *,
    inspect_call: Inspect | None = None,
    on_progress: OnProgress | None = None,
) -> list[Any]:
    """Make calls until the time is up, at least one and mostly two (see `TimeLimit`); return the results of a few.

    Inputs are taken in a shuffled order, since files sorted by size would mislead, and reused when they run out. A call
    that fails for an input that worked before (a file that the first call removed) ends the measuring quietly.
    `inspect_call` wraps each of the first two calls; `on_progress` gets the fraction of the time that is over, the
    number of calls and the seconds of one. Raises TargetError if a call raised, and says which.
    """
    calls, clock = workload.calls, limit.clock
    runner = _AsyncRunner(workload) if workload.coroutine else _Runner(workload)
    began = clock()
    ends = max(limit.end, began + limit.minimum)
    has_time = began < ends
    done = 0
    results: list[Any] = []
    try:
        with runner.inspected(0, inspect_call):
            first = runner.run(1, meter)
        results.append(runner.result)
        if is_generator(runner.result) or (not workload.coroutine and is_awaitable(runner.result)):
            raise UnfinishedCallError(runner.result)
        done = 1
        size, mean = 1, first.elapsed.wall
        needs_second = has_time and 2 * mean <= limit.two_calls
        if on_progress:
            on_progress((clock() - began) / max(ends - began, 1e-9), done, mean)
        while clock() + mean * size <= ends or (done == 1 and needs_second):
            count = _within_round(size, done, calls)
            with runner.inspected(done, inspect_call if done == 1 else None):
                batch = runner.run(count, meter)
            done += count
            seconds = batch.elapsed.wall / count * size
            if len(results) < 3:
                results.append(runner.result)
            mean = seconds / size if done < 10 else 0.7 * mean + 0.3 * seconds / size
            if done == 2 and mean < MUCH_CHEAPER * first.elapsed.wall:
                ends = max(ends, clock() + limit.minimum)
            if seconds < BATCH_SECONDS / 2:
                size = min(size * 2, MAX_BATCH)
            elif seconds > BATCH_SECONDS * 2 and size > 1:
                size = max(1, int(size * BATCH_SECONDS / seconds))
            if on_progress:
                on_progress((clock() - began) / max(ends - began, 1e-9), done, mean)
        if mean <= limit.minimum:
            runner.look_for_blocking(meter)
        return results
    except BaseException as error:
        meter.discard(error)
        if isinstance(error, (KeyboardInterrupt, TargetError, UnfinishedCallError)):
            raise
        number = done + runner.started  # of the call that raised, which may be any of its batch
        if calls is not None and number > len(calls):
            return results
        raise target_error(error, f"call {number} of {workload.name}{runner.where(number)}") from error
    finally:
        runner.close()


class _Runner:
    """Makes a number of calls in the tightest loop that their arguments allow."""

    def __init__(self, workload: Workload) -> None:
        self.function = workload.function
        self.result: Any = None
        self._order = _shuffled(workload.calls)
        self._calls: Iterator[Call] = cycle(self._order)
        self._loop = self._choose_loop(workload.calls)
        self._size = 0
        self._remaining: Iterator[Any] = iter(())  # of the current batch

    def _choose_loop(self, calls: Sequence[Call] | None) -> Callable[[list[Call], Meter], None]:
        if calls is None:
            return self._without_arguments
        if all(len(call.args) == 1 and not call.kwargs for call in calls):
            return self._with_one_argument
        return self._with_any_arguments

    @property
    def started(self) -> int:
        """How many calls of the last batch were started: asked of its iterator, so that no call pays for it."""
        return self._size - length_hint(self._remaining)

    def where(self, number: int) -> str:
        """Return the source of a call's input, as a suffix for errors; the first call has the number 1."""
        where = self._order[(number - 1) % len(self._order)].where
        return f" ({where})" if where else ""

    def inspected(self, index: int, inspect_call: Inspect | None) -> contextlib.AbstractContextManager[None]:
        if inspect_call is None:
            return contextlib.nullcontext()
        return inspect_call(self._order[index % len(self._order)], lambda: self.result, first=index == 0)

    def run(self, size: int, meter: Meter) -> TimedBatch:
        self._loop(list(islice(self._calls, size)), meter)
        return meter.stop(size)

    def _without_arguments(self, batch: list[Call], meter: Meter) -> None:
        function, result = self.function, None
        times = self._tracked(repeat(None, len(batch)))
        meter.start()
        for _ in times:
            result = function()
        self.result = result

    def _with_one_argument(self, batch: list[Call], meter: Meter) -> None:
        function, result = self.function, None
        arguments = self._tracked(iter([call.args[0] for call in batch]))
        meter.start()
        for argument in arguments:
            result = function(argument)
        self.result = result

    def _with_any_arguments(self, batch: list[Call], meter: Meter) -> None:
        function, result = self.function, None
        pairs = self._tracked(iter([(call.args, call.kwargs) for call in batch]))
        meter.start()
        for args, kwargs in pairs:
            result = function(*args, **kwargs)
        self.result = result

    def _tracked(self, batch: Iterator[T]) -> Iterator[T]:
        """Keep the batch's iterator, which knows how far it came."""
        self._size, self._remaining = length_hint(batch), batch
        return batch

    def look_for_blocking(self, meter: Meter) -> None:
        """Nothing to look for: there is no event loop that a call could block."""

    def close(self) -> None:
        """Nothing to close."""


class _AsyncRunner(_Runner):
    """Awaits the calls one after the other on an event loop of its own."""

    def __init__(self, workload: Workload) -> None:
        import asyncio

        from advisor.measure import event_loop  # imports asyncio, which takes time

        with contextlib.suppress(RuntimeError):  # there is none
            asyncio.get_running_loop()
            raise UsageError("an event loop is running in this thread: profile a coroutine function in another thread")
        super().__init__(workload)
        self.function: Callable[..., Coroutine[Any, Any, Any]]
        self._runner, self.selector = event_loop.open_runner()

    def run(self, size: int, meter: Meter) -> TimedBatch:
        return self._runner.run(self._await(list(islice(self._calls, size)), meter))

    async def _await(self, batch: list[Call], meter: Meter) -> TimedBatch:
        result, selector = None, self.selector
        calls = self._tracked(iter(batch))
        waited = selector.waited if selector else 0.0
        meter.start()
        for call in calls:
            result = await self.function(*call.args, **call.kwargs)
        timed = meter.stop(len(batch), selector.waited - waited if selector else None)
        self.result = result
        return timed

    def look_for_blocking(self, meter: Meter) -> None:
        """Make more calls to find the line that blocks the event loop, if calls do; one that raises ends this."""
        from advisor.measure.event_loop import BlockingLines

        batch = meter.batches[-1]
        blocked = batch.loop_blocked
        if self.selector is None or blocked is None or blocked < LOOP_BLOCKED * batch.elapsed.wall:
            return
        owner = os.getpid()
        with contextlib.suppress(Exception), BlockingLines(self.selector) as lines:
            for call in islice(self._calls, max(1, int(LOOKING_SECONDS / batch.elapsed.wall * batch.calls))):
                self._runner.run(self._call(call))
                exit_if_forked(owner)
        meter.blocking_line = lines.most_frequent()

    async def _call(self, call: Call) -> None:
        await self.function(*call.args, **call.kwargs)

    def close(self) -> None:
        import asyncio

        self._runner.close()
        asyncio.set_event_loop(None)


def _within_round(size: int, done: int, calls: Sequence[Call] | None) -> int:
    """Return the size of the next batch; the first two rounds end with a batch, so that they can be compared."""
    inputs = 0 if calls is None else len(calls)
    return min(size, inputs - done % inputs) if done < 2 * inputs else size


def _shuffled(calls: Sequence[Call] | None) -> list[Call]:
    order = list(calls) if calls is not None else [Call()]
    random.Random(0).shuffle(order)
    return order
