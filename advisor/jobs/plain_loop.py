"""Make calls one after the other, in batches that cost hardly more than a plain loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from advisor.jobs.callers import Batch, Caller, DirectCaller, LoopCaller
from advisor.jobs.dispatcher import resume
from advisor.jobs.program_end import ends_program
from advisor.jobs.run_state import RunState
from advisor.measure import deferred_results

BATCH_SECONDS = 2e-3  # of calls between two looks at the clock
MAX_BATCH = 10_000

Make = Callable[[list[Any]], Batch]


class Window(NamedTuple):
    """A part of the loop: its seconds, its CPU seconds and its calls."""

    seconds: float
    cpu: float
    calls: int


class PlainLoop:
    """The loop, and what its calls took.

    Attributes:
        caller: Makes the calls.
        first_call: Seconds of the very first call.
        seconds: Of the calls since the last `reset`.
        calls: Their number.
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._inputs = state.inputs
        self._outcomes = state.outcomes
        self._reader = state.reader
        self.caller = self._open_caller()
        self.first_call: float | None = None
        self.seconds = 0.0
        self._cpu = 0.0
        self.calls = 0
        self._has_first = False  # the very first call is among them

    def _open_caller(self) -> Caller:
        if self._state.coroutine:
            return LoopCaller(self._state.function, self._inputs, self._state.open_loop())
        return DirectCaller(self._state.function, self._inputs)

    @property
    def mean(self) -> float:
        """Seconds of a call; the very first one, which may import and connect, counts only while it is the only one."""
        if self._has_first and self.calls > 1 and self.first_call is not None:
            return (self.seconds - self.first_call) / (self.calls - 1)
        return self.seconds / self.calls if self.calls else 0.0

    @property
    def computing_share(self) -> float:
        """The share of the time in which this process computed, 0 to 1."""
        return min(1.0, self._cpu / self.seconds) if self.seconds else 1.0

    def window(self) -> Window:
        """Return what has been done so far, to compare with later."""
        return Window(self.seconds, self._cpu, self.calls)

    def since(self, window: Window) -> Window:
        """Return what has been done since then."""
        return Window(self.seconds - window.seconds, self._cpu - window.cpu, self.calls - window.calls)

    def reset(self) -> None:
        """Forget how long calls took."""
        self.seconds, self._cpu, self.calls = 0.0, 0.0, 0
        self._has_first = False

    def batch_size(self) -> int:
        """Return how many calls to make at once, for results to arrive without delay."""
        if not self.calls or self._outcomes.checkpoint is not None:
            return 1
        return max(1, min(MAX_BATCH, int(BATCH_SECONDS / max(self.mean, self._inputs.seconds_each, 1e-9))))

    def run_batch(self, size: int | None = None, make: Make | None = None) -> Iterator[list[Any]]:
        """Make so many calls, by default a batch, and yield their results."""
        waits = bool(self._state.pending or self._outcomes.retries)
        if waits and (make is None or self._inputs.is_exhausted):
            yield from self._make_again()
            return
        key = self._inputs.read
        items = self._inputs.take(self.batch_size() if size is None else size)
        if self._outcomes.checkpoint is not None and items:
            if resume(self._outcomes, key, self._inputs.arguments(items[0])):
                yield from self._reader.read()
                return
            self._outcomes.checkpoint.flush()
        yield from self._make(key, items, make or self.caller.make)

    def _make(self, key: int, items: list[Any], make: Make) -> Iterator[list[Any]]:
        """Make the calls of the items; after one that fails, go on with the next."""
        while items:
            began, cpu = time.perf_counter(), time.process_time()
            results, error = make(items)
            self._note(time.perf_counter() - began, time.process_time() - cpu, len(results) + (error is not None))
            if self.calls == 1 and results and self._turns_out_deferred(results[0]):
                results, error = self.caller.make(items[:1])
            if results:
                yield from self._keep(key, items, results)
            if error is None:
                return
            if ends_program(error):
                raise error
            key += len(results)
            self._outcomes.failed(key, self._inputs.arguments(items[len(results)]), error, made=1)
            yield from self._reader.read()
            if self._outcomes.has_failed:
                return
            items = items[len(results) + 1 :]
            key += 1

    def _keep(self, key: int, items: list[Any], results: list[Any]) -> Iterator[list[Any]]:
        """Deliver results: straight to the reader if nothing else is to be done with them."""
        delivery = self._outcomes.delivery
        if self._outcomes.checkpoint is None and delivery.pass_by(key, len(results)):
            self._outcomes.tally.add(len(results))
            yield results
            self._reader.tell_progress()
            return
        for number, result in enumerate(results):
            self._outcomes.succeeded(key + number, self._inputs.arguments(items[number]), result)
        yield from self._reader.read()

    def _make_again(self) -> Iterator[list[Any]]:
        """Make a call again that an earlier stage has left, or that has failed, when it is due."""
        if self._state.pending:
            key, arguments, made = self._state.pending.pop(0)
        elif (attempt := self._outcomes.retries.take_due()) is not None:
            key, arguments, made = attempt.key, attempt.arguments, attempt.made
        else:
            time.sleep(self._outcomes.retries.seconds_to_next() or 0.0)
            return
        result, error = self.caller.make_one(arguments)
        if error is None:
            self._outcomes.succeeded(key, arguments, result)
        elif ends_program(error):
            raise error
        else:
            self._outcomes.failed(key, arguments, error, made=made + 1)
        yield from self._reader.read()

    def _note(self, seconds: float, cpu: float, calls: int) -> None:
        self._cpu += cpu
        if self.first_call is None and calls:
            self.first_call = seconds / calls
            self._has_first = True
        self.seconds += seconds
        self.calls += calls
        self._outcomes.tally.sequential_seconds += seconds

    def _turns_out_deferred(self, result: Any) -> bool:
        """Return True if the first result must be awaited: then all are, and the first call is made anew."""
        if self._state.coroutine or not deferred_results.is_awaitable(result):
            return False
        deferred_results.close_coroutine(result)  # it has not begun
        self._state.coroutine = True
        self.caller = self._open_caller()
        return True
