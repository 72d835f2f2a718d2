"""Call the target within a budget, one call at a time; short calls run in batches between two clock readings."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice, repeat
from operator import length_hint
from typing import Any, NoReturn, Protocol, TypeVar

from advisor.errors import TargetError
from advisor.measure.deferred_results import is_awaitable, is_generator
from advisor.measure.failed_inputs import MIN_TRIED, Failures
from advisor.measure.input_order import shuffled
from advisor.measure.meter import Meter, TimedBatch, exit_if_forked
from advisor.measure.shared_state.order_dependence import depends_on_earlier_calls
from advisor.models import FailedInputs
from advisor.target.failures import target_error
from advisor.target.inputs import Call

BATCH_SECONDS = 5e-3
TWO_CALLS_SECONDS = 60.0  # the default time-out of a call
MUCH_CHEAPER = 0.5  # times the first call: a call that did not load, connect or compile again
MAX_BATCH = 100_000
FAILED = object()  # in the place of a result, if all calls of a batch raised
LOOP_BLOCKED = 0.05  # of a call's time
LOOKING_SECONDS = 0.05  # for the line that blocks the event loop, or one call
OnProgress = Callable[[float, int, float], None]
T = TypeVar("T")


class UnfinishedCallError(Exception):
    """The first call returned an awaitable or a generator, which has not done the work yet."""

    def __init__(self, result: Any) -> None:
        super().__init__(result)
        self.result = result


class _FailedCallError(Exception):
    """An inspected call raised."""


@dataclass(frozen=True)
class Workload:
    """A function to call, the arguments of its calls (None: there are none), and its name for errors."""

    function: Callable[..., Any]
    calls: Sequence[Call] | None
    name: str
    coroutine: bool  # results are awaited
    import_seconds: float | None = None  # of its module; None if it was loaded before
    in_notebook: bool = False  # worker processes cannot import it


@dataclass(frozen=True)
class TimeLimit:
    """The time to stop: at `end` on the `clock`, but after `minimum` seconds of calls at the earliest.

    The minimum is for the calls alone, however long it took to get ready for them (a million inputs). A second call is
    made whatever the end is, if two calls as long as the first take `two_calls` seconds at most: the first call may
    load, connect or compile what later calls use. If the second is much cheaper, the minimum starts again.
    """

    end: float
    minimum: float = 0.0
    clock: Callable[[], float] = time.perf_counter
    two_calls: float = TWO_CALLS_SECONDS


@dataclass(frozen=True)
class CallsMade:
    """The results of a few calls, the failed inputs, and the calls with the other inputs (None without inputs)."""

    results: list[Any]
    failed_inputs: FailedInputs | None
    working: Sequence[Call] | None
    order_dependent: bool = False  # repeating the first call gives another result


class Inspect(Protocol):
    """A context around one call, outside the timed part; `result` gives the call's return value."""

    def __call__(
        self, call: Call, result: Callable[[], Any], *, first: bool
    ) -> contextlib.AbstractContextManager[None]: ...


def run_calls(
    workload: Workload,
    meter: Meter,
    limit: TimeLimit,
    *,
    inspect_call: Inspect | None = None,
    on_progress: OnProgress | None = None,
    has_changed: Callable[[], bool] | None = None,
) -> CallsMade:
    """Make calls until the time is up, at least one and usually two (see `TimeLimit`); return a few results.

    Inputs are taken in a shuffled order, since files sorted by size would mislead, and reused when they run out. A call
    that fails for an input that worked before (a file that the first call removed) ends the measuring without an error.
    Inputs that raise are counted, and the time of their calls is included, unless most inputs raise.
    `inspect_call` wraps each call until two have worked; `on_progress` gets the fraction of the time that is over, the
    number of calls and the seconds of one. If `has_changed` says that the calls change what they share, the first call
    is repeated, to see whether its result depends on the others. Raises TargetError if a call without inputs or most of
    the first calls raised, and says which.
    """
    calls, clock = workload.calls, limit.clock
    runner = _AsyncRunner(workload) if workload.coroutine else _Runner(workload)
    began = clock()
    ends = max(limit.end, began + limit.minimum)
    has_time = began < ends
    done = 0
    results: list[Any] = []
    try:
        first = runner.run_first(meter, inspect_call, has_time=lambda: clock() < ends)
        results.append(runner.result)
        if is_generator(runner.result) or (not workload.coroutine and is_awaitable(runner.result)):
            raise UnfinishedCallError(runner.result)
        done = 1
        size, mean, needs_second = 1, first.elapsed.wall, has_time
        if on_progress:
            on_progress((clock() - began) / max(ends - began, 1e-9), done, mean)
        while clock() + mean * size <= ends or (needs_second and clock() - began + mean <= limit.two_calls):
            count = _within_round(size, done, calls)
            batch = runner.run(count, meter) if len(results) > 1 else runner.run_inspected(meter, inspect_call)
            done += count
            seconds = batch.elapsed.wall / count * size
            mean = seconds / size if done < 10 else 0.7 * mean + 0.3 * seconds / size
            if len(results) < 3 and runner.result is not FAILED:
                results.append(runner.result)
                needs_second = False
                if len(results) == 2 and mean < MUCH_CHEAPER * first.elapsed.wall:
                    ends = max(ends, clock() + limit.minimum)
            if seconds < BATCH_SECONDS / 2 and len(results) > 1:
                size = min(size * 2, MAX_BATCH)
            elif seconds > BATCH_SECONDS * 2 and size > 1:
                size = max(1, int(size * BATCH_SECONDS / seconds))
            if on_progress:
                on_progress((clock() - began) / max(ends - began, 1e-9), done, mean)
        if mean <= limit.minimum:
            runner.look_for_blocking(meter)
        made = runner.calls_made(results)
        if 2 * mean <= limit.minimum and has_changed and has_changed():
            return replace(made, order_dependent=depends_on_earlier_calls(results[0], runner.call_again))
        return made
    except BaseException as error:
        meter.discard(error)
        if isinstance(error, (KeyboardInterrupt, TargetError, UnfinishedCallError)):
            raise
        number = runner.number  # of the call that raised, which may be any of its batch
        if calls is not None and number > len(calls):
            return runner.calls_made(results)
        raise target_error(error, runner.where(number)) from error
    finally:
        runner.close()


class _Runner:
    """Makes a number of calls in the tightest loop that their arguments allow."""

    def __init__(self, workload: Workload) -> None:
        self.function = workload.function
        self.result: Any = None
        self._workload = workload
        self._order = shuffled(workload.calls or [Call()])
        self._calls: Iterator[Call] = cycle(self._order)
        self._loop = self._choose_loop(workload.calls)
        self._skipped = 0  # inputs at the beginning of the order that failed before any worked
        self._done = 0  # calls before the current batch
        self._size = 0
        self._remaining: Iterator[Any] = iter(())  # of the current batch
        self._failures = Failures()
        self._owner = os.getpid()

    def _choose_loop(self, calls: Sequence[Call] | None) -> Callable[[list[Call], Meter], None]:
        if calls is None:
            return self._without_arguments
        if all(len(call.args) == 1 and not call.kwargs for call in calls):
            return self._with_one_argument
        return self._with_any_arguments

    @property
    def number(self) -> int:
        """The number of the call that was started last, read from the batch's iterator at no cost per call."""
        return self._done + self._size - length_hint(self._remaining)

    def _position(self, number: int) -> int:
        return (self._skipped + number - 1) % len(self._order)

    def where(self, number: int) -> str:
        """Return the name of a call for errors, with the source of its input; the first call has the number 1."""
        where = self._order[self._position(number)].where
        return f"call {number} of {self._workload.name}" + (f" ({where})" if where else "")

    def _raise_first(self) -> NoReturn:
        """Raise the TargetError for the first call that failed."""
        assert self._failures.first is not None
        position, error = self._failures.first
        self._skipped = 0
        raise target_error(error, self.where(position + 1)) from error

    def run_inspected(self, meter: Meter, inspect_call: Inspect | None, *, first: bool = False) -> TimedBatch:
        """Make one call and inspect it; if the call fails, the inspection gets the exception and records nothing."""
        if inspect_call is None:
            return self.run(1, meter)
        call = self._order[self._position(self._done + 1)]
        with contextlib.suppress(_FailedCallError), inspect_call(call, lambda: self.result, first=first):
            self.run(1, meter)
            if self.result is FAILED:
                raise _FailedCallError
        return meter.batches[-1]

    def run_first(self, meter: Meter, inspect_call: Inspect | None, has_time: Callable[[], bool]) -> TimedBatch:
        """Make calls until one works; inputs that fail go to the end, so that the first round begins with this call."""
        while True:
            batch = self.run_inspected(meter, inspect_call, first=True)
            if self.result is not FAILED:
                return batch
            meter.forget_last()
            if self._skipped + 1 == len(self._order) or not has_time():
                self._raise_first()
            self._skipped += 1
            self._done = 0
            self._calls = islice(cycle(self._order), self._skipped, None)

    def run(self, size: int, meter: Meter) -> TimedBatch:
        self._loop(list(islice(self._calls, size)), meter)
        batch = meter.stop(size)
        self._done += size
        return batch

    def calls_made(self, results: list[Any]) -> CallsMade:
        """Return a summary of the calls; raise TargetError if most inputs failed."""
        self._failures.tried = min(len(self._order), self._skipped + self._done)
        if self._failures.first and self._failures.are_most:
            self._raise_first()
        calls = self._workload.calls
        working = calls and [call for position, call in enumerate(self._order) if position not in self._failures]
        return CallsMade(results, self._failures.record(self._order, calls), working)

    def _can_go_on(self, error: Exception) -> bool:
        """Return True if measuring can continue after a call that raised, and record the failure.

        Raises TargetError for the first of the failures if they are most of the calls so far.
        """
        exit_if_forked(self._owner, error)
        if self._workload.calls is None:
            return False
        number = self.number
        position = self._position(number)
        if position in self._failures:
            return True
        if number > len(self._order):  # the input worked before
            return False
        self._failures.add(position, error)
        self._failures.tried = min(len(self._order), self._skipped + number)
        if self._failures.tried >= MIN_TRIED and self._failures.are_most:
            self._raise_first()
        return True

    def _without_arguments(self, batch: list[Call], meter: Meter) -> None:
        function, result = self.function, None
        times = self._tracked(repeat(None, len(batch)))
        meter.start()
        for _ in times:
            result = function()
        self.result = result

    def _with_one_argument(self, batch: list[Call], meter: Meter) -> None:
        function, result = self.function, FAILED
        arguments = self._tracked(iter([call.args[0] for call in batch]))
        more = True
        meter.start()
        while more:  # again after a call that raised; a `try` costs the others nothing
            try:
                for argument in arguments:
                    result = function(argument)
                more = False
            except Exception as error:  # the user's
                if not self._can_go_on(error):
                    raise
        self.result = result

    def _with_any_arguments(self, batch: list[Call], meter: Meter) -> None:
        function, result = self.function, FAILED
        pairs = self._tracked(iter([(call.args, call.kwargs) for call in batch]))
        more = True
        meter.start()
        while more:
            try:
                for args, kwargs in pairs:
                    result = function(*args, **kwargs)
                more = False
            except Exception as error:
                if not self._can_go_on(error):
                    raise
        self.result = result

    def _tracked(self, batch: Iterator[T]) -> Iterator[T]:
        """Keep the batch's iterator, which knows how far it came."""
        self._size, self._remaining = length_hint(batch), batch
        return batch

    def call_again(self) -> Any:
        """Repeat the first call that worked."""
        call = self._order[self._skipped]
        return self.function(*call.args, **call.kwargs)

    def look_for_blocking(self, meter: Meter) -> None:
        """Do nothing: there is no event loop that a call could block."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class _AsyncRunner(_Runner):
    """Awaits the calls one after the other on an event loop of its own."""

    def __init__(self, workload: Workload) -> None:
        from advisor.measure import event_loop  # imports asyncio, which takes time

        super().__init__(workload)
        self.function: Callable[..., Coroutine[Any, Any, Any]]
        self._runner, self.selector = event_loop.open_runner()

    def run(self, size: int, meter: Meter) -> TimedBatch:
        batch = self._runner.run(self._await(list(islice(self._calls, size)), meter))
        self._done += size
        return batch

    async def _await(self, batch: list[Call], meter: Meter) -> TimedBatch:
        result, selector = FAILED, self.selector
        calls = self._tracked(iter(batch))
        more = True
        waited = selector.waited if selector else 0.0
        meter.start()
        while more:
            try:
                for call in calls:
                    result = await self.function(*call.args, **call.kwargs)
                more = False
            except Exception as error:
                if not self._can_go_on(error):
                    raise
        timed = meter.stop(len(batch), selector.waited - waited if selector else None)
        self.result = result
        return timed

    def look_for_blocking(self, meter: Meter) -> None:
        """Make more calls to find the line that blocks the event loop, if any; stop at a call that raises."""
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

    def call_again(self) -> Any:
        return self._runner.run(self._call(self._order[self._skipped]))

    async def _call(self, call: Call) -> Any:
        return await self.function(*call.args, **call.kwargs)

    def close(self) -> None:
        self._runner.close()


def _within_round(size: int, done: int, calls: Sequence[Call] | None) -> int:
    """Return the size of the next batch; the first two rounds end with a batch, so that they can be compared."""
    inputs = 0 if calls is None else len(calls)
    return min(size, inputs - done % inputs) if done < 2 * inputs else size
