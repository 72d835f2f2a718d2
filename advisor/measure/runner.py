"""Call the target within a budget, one call at a time; short calls run in batches between two clock readings."""

from __future__ import annotations

import contextlib
import inspect
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, repeat
from operator import length_hint
from types import CoroutineType, GeneratorType
from typing import Any, Protocol, TypeVar

from advisor.errors import TargetError, UsageError
from advisor.measure.meter import Meter, TimedBatch
from advisor.target.failures import target_error
from advisor.target.inputs import Call

BATCH_SECONDS = 5e-3
OVERTIME = 0.1
MAX_BATCH = 100_000
OnProgress = Callable[[float, int, float], None]
T = TypeVar("T")


class UnfinishedCallError(Exception):
    """The first call returned an awaitable or a generator, which has not done the work yet."""

    def __init__(self, result: Any) -> None:
        super().__init__(result)
        self.result = result


@dataclass(frozen=True)
class Workload:
    """A function to call, the arguments of its calls (None: there are none), and its name for errors."""

    function: Callable[..., Any]
    calls: Sequence[Call] | None
    name: str
    coroutine: bool  # results are awaited


@dataclass(frozen=True)
class TimeLimit:
    """When to stop: at `end` on the `clock`, but after `minimum` seconds of calls at the earliest.

    The minimum is for the calls alone, however long it took to get ready for them (a million inputs).
    """

    end: float
    minimum: float = 0.0
    clock: Callable[[], float] = time.perf_counter


class Inspect(Protocol):
    """A context around one call, outside the timed part; `result` gives the call's return value."""

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
    """Make calls until the time is up, at least one, and return the results of a few.

    Inputs are taken in a shuffled order, since files sorted by size would mislead, and reused when they run out. A call
    that fails for an input that worked before (a file that the first call removed) ends the measuring quietly.
    `inspect_call` wraps each of the first two calls; `on_progress` gets the fraction of the time that is over, the
    number of calls and the seconds of one. Raises TargetError if a call raised, and says which.
    """
    calls, clock = workload.calls, limit.clock
    runner = _AsyncRunner(workload) if workload.coroutine else _Runner(workload)
    began = clock()
    late = began + limit.minimum > limit.end
    ends = max(limit.end, began + limit.minimum)
    # A second call is worth some overtime, since the first is unlike the rest.
    overtime = max(OVERTIME, limit.minimum if late else 0.0) if began < ends else 0.0
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
        while clock() + mean * size <= ends + (overtime if done == 1 else 0.0):
            count = _within_round(size, done, calls)
            with runner.inspected(done, inspect_call if done == 1 else None):
                batch = runner.run(count, meter)
            done += count
            seconds = batch.elapsed.wall / count * size
            if len(results) < 3:
                results.append(runner.result)
            mean = seconds / size if done < 10 else 0.7 * mean + 0.3 * seconds / size
            if seconds < BATCH_SECONDS / 2:
                size = min(size * 2, MAX_BATCH)
            elif seconds > BATCH_SECONDS * 2 and size > 1:
                size = max(1, int(size * BATCH_SECONDS / seconds))
            if on_progress:
                on_progress((clock() - began) / max(ends - began, 1e-9), done, mean)
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
        """The number of calls started in the last batch, read from its iterator at no cost per call."""
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

    def close(self) -> None:
        """Nothing to close."""


class _AsyncRunner(_Runner):
    """Awaits the calls one after the other on an event loop of its own."""

    def __init__(self, workload: Workload) -> None:
        import asyncio

        with contextlib.suppress(RuntimeError):  # there is none
            asyncio.get_running_loop()
            raise UsageError("an event loop is running in this thread: profile a coroutine function in another thread")
        super().__init__(workload)
        self.function: Callable[..., Coroutine[Any, Any, Any]]
        self._runner = asyncio.Runner()

    def run(self, size: int, meter: Meter) -> TimedBatch:
        return self._runner.run(self._await(list(islice(self._calls, size)), meter))

    async def _await(self, batch: list[Call], meter: Meter) -> TimedBatch:
        result = None
        calls = self._tracked(iter(batch))
        meter.start()
        for call in calls:
            result = await self.function(*call.args, **call.kwargs)
        timed = meter.stop(len(batch))
        self.result = result
        return timed

    def close(self) -> None:
        self._runner.close()


def _within_round(size: int, done: int, calls: Sequence[Call] | None) -> int:
    """Return the size of the next batch; the first two rounds end with a batch, so that they can be compared."""
    inputs = 0 if calls is None else len(calls)
    return min(size, inputs - done % inputs) if done < 2 * inputs else size


def _shuffled(calls: Sequence[Call] | None) -> list[Call]:
    order = list(calls) if calls is not None else [Call()]
    random.Random(0).shuffle(order)
    return order
