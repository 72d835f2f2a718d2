"""Time the iterations of loops while the program runs, and inspect what a few of them change."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, compress
from statistics import median
from time import perf_counter, thread_time
from types import FrameType
from typing import Any

from advisor.measure.clocks import ClockReading, ThreadClocks
from advisor.measure.gil.observer_process import Observer
from advisor.survey.file_use import Use
from advisor.survey.instrument import APPLY, BEGIN, END, GATE, ITER, RESULTS, TURN, WATCH, name_for
from advisor.survey.iteration_effects import IterationEffects
from advisor.survey.watched_loop import FIRST_WATCHED, Counter, Execution, Overhead, Slice, WatchCosts, WatchedLoop

SHORTEST_SLICE = 2e-3  # seconds between two readings of the clocks
_FREE = WatchCosts(0.0, 0.0, 0.0, 0.0)
_TRIAL_ITERATIONS = 150
_COUNTED_SHARE = 0.03  # of what timing an iteration costs
_COLD_FACTOR = 2.0  # times as long as in a trial, since the program's own code and data fill the caches


class LoopWatch:
    """Watches the loops of the main thread; those of other threads and of forked children run as they are.

    Args:
        effects: By the numbers of the loops.
        observer: Tells when the GIL is held.
        costs: What watching takes; measured if not given.
    """

    def __init__(
        self, effects: dict[int, IterationEffects], observer: Observer | None, costs: WatchCosts | None = None
    ) -> None:
        costs = costs or measured_costs()
        overhead = Overhead()
        self.loops = {number: WatchedLoop(number, each, costs, overhead) for number, each in effects.items()}
        self._namespace: dict[str, Any] = {}
        self._observer = observer
        self._clocks = ThreadClocks()
        self._thread = threading.get_ident()
        self._process = os.getpid()
        self._active: list[Execution] = []
        self._began: ClockReading | None = None
        self._slice_at = 0.0
        self._windows = 0

    def publish(self, namespace: dict[str, Any]) -> None:
        """Make the functions that instrumented code calls known to it."""
        self._namespace = namespace
        namespace.update({APPLY: self.apply, ITER: iter})
        methods: dict[str, Callable[..., object]] = {
            WATCH: self.watch,
            BEGIN: self.begin,
            TURN: self.turn,
            END: self.end,
            RESULTS: self.results,
        }
        for number, loop in self.loops.items():
            namespace[name_for(GATE, number)] = loop.schedule.gate()
            namespace.update({name_for(name, number): partial(method, number) for name, method in methods.items()})

    def use_file(self, use: Use, is_open: bool) -> None:
        """Note that the iterations that go on use a file, which may be open for writing since before."""
        for execution in self._active:
            files, loop = execution.files, execution.loop
            if is_open and not files.wrote(use[1], execution.iterations):
                files.shared = files.shared or use[1]
            files.note(use, execution.iterations, is_early=execution.is_in_header)
            loop.effects.note_file(use[0] in ("write", "make"), files.shared, loop.is_tight or files.is_full)

    def is_using(self) -> bool:
        """Return True if the use of a file may be that of an iteration."""
        return bool(self._active) and self._is_watched()

    def watch(self, number: int, items: Iterable[Any]) -> Iterator[Any]:
        """Return the items of a loop, in a form that times what is done with each."""
        iterator = iter(items)
        if not self._is_watched():
            return iterator
        loop = self.loops[number]
        iterator = loop.effects.look_at(items, iterator)
        return chain.from_iterable(self._parts(loop, iterator))

    def _parts(self, loop: WatchedLoop, iterator: Iterator[Any]) -> Iterator[Iterator[Any]]:
        """Yield the items in two parts: those of iterations that are timed, and those that are only counted."""
        execution = self._enter(loop)
        counter = Counter()
        try:
            if not loop.is_tight:
                yield self._timed(execution, iterator)
            if not execution.is_complete:
                yield compress(iterator, counter)  # in C, as fast as it gets
                execution.is_complete = True
        finally:
            loop.count(counter.calls)
            execution.iterations += counter.calls
            self._leave(execution)

    def _timed(self, execution: Execution, iterator: Iterator[Any]) -> Iterator[Any]:
        loop, effects = execution.loop, execution.loop.effects
        while not loop.is_tight:
            asked = perf_counter()
            execution.is_in_header = True
            try:
                item = next(iterator)
            except StopIteration:
                execution.is_complete = True
                return
            finally:
                execution.is_in_header = False
            began = perf_counter()
            loop.header_seconds += began - asked
            if effects.is_due(loop.timed, began):
                began = _inspect(execution, _consumer(), item)
            yield item
            ended = perf_counter()
            if execution.is_inspected:
                _compare(execution, _consumer())
            loop.ended(ended - began)
            execution.iterations += 1
            self._look(execution)

    def begin(self, number: int) -> bool:
        """Begin an execution of a `while` loop; return True if it is to be watched."""
        if not self._is_watched():
            return False
        execution = self._enter(self.loops[number])
        execution.turns_before = execution.loop.turns.calls
        execution.other_turns = 1  # the first turn ends no iteration
        return True

    def turn(self, number: int) -> bool:
        """Begin an iteration of a `while` loop, which ends the one before; return True."""
        execution = self._innermost(number)
        if execution is None:
            return True
        now, loop, effects = perf_counter(), execution.loop, execution.loop.effects
        if execution.turn_at is None:
            execution.other_turns -= 1
        else:
            if execution.is_inspected:
                _compare(execution, sys._getframe(1))
            loop.ended(now - execution.turn_at)
            execution.iterations += 1
            self._look(execution)
            if loop.is_tight:
                self._namespace[name_for(TURN, number)] = loop.turns.call
                return True
        if effects.is_due(loop.timed, now):
            _inspect(execution, sys._getframe(1), None)
        execution.turn_at = perf_counter()
        return True

    def end(self, number: int) -> None:
        """End an execution of a `while` loop."""
        execution = self._innermost(number)
        if execution is None:
            return
        turns = execution.loop.turns.calls - execution.turns_before
        counted = max(0, turns - execution.other_turns)
        execution.iterations += counted
        execution.loop.count(counted)
        execution.is_complete = True
        self._leave(execution)
        around = self._innermost(number)
        if around is not None:  # a recursion
            around.other_turns += turns

    def _innermost(self, number: int) -> Execution | None:
        """Return the execution of a loop that goes on; others may be on top of it if it is in a generator."""
        if threading.get_ident() != self._thread:
            return None
        return next((each for each in reversed(self._active) if each.loop.number == number), None)

    def results(self, number: int, made: Any) -> Any:
        """Return what a loop in an expression has made; keep the first of it."""
        effects = self.loops[number].effects
        if effects.has_results:
            self._namespace[name_for(RESULTS, number)] = _unchanged  # costs less from now on
        return effects.results(made)

    def apply(self, number: int, method: Callable[..., Any], function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a method that calls a function for each item, such as `DataFrame.apply`, and time these calls."""
        loop = self.loops[number]
        if not callable(function) or not self._is_watched():
            return method(function, *args, **kwargs)

        caller, effects = sys._getframe(1), loop.effects

        def timed(*call_args: Any, **call_kwargs: Any) -> Any:
            began = perf_counter()
            if effects.is_due(loop.timed, began):
                began = _inspect(execution, caller, call_args[0] if call_args else None)
            result = function(*call_args, **call_kwargs)
            ended = perf_counter()
            if execution.is_inspected:
                _compare(execution, caller)
            loop.ended(ended - began)
            execution.iterations += 1
            self._look(execution)
            return result

        execution = self._enter(loop)
        execution.is_complete = True
        try:
            return method(timed, *args, **kwargs)
        finally:
            self._leave(execution)

    def finish(self) -> None:
        """End what still runs, for a program that exits within a loop."""
        if self._is_watched():
            while self._active:
                self._leave(self._active[-1])
            self.close()

    def close(self) -> None:
        """Release what watching needs."""
        self._clocks.close()

    def _is_watched(self) -> bool:
        return threading.get_ident() == self._thread and os.getpid() == self._process

    def _enter(self, loop: WatchedLoop) -> Execution:
        self._cut(perf_counter())
        loop.begin()
        execution = Execution(loop, loop.schedule.weight, perf_counter())
        self._active.append(execution)
        return execution

    def _leave(self, execution: Execution) -> None:
        if not any(each is execution for each in self._active):  # a generator that is closed late
            return
        now, loop = perf_counter(), execution.loop
        loop.weights += execution.weight
        loop.weighted_iterations += execution.weight * execution.iterations
        loop.weighted_seconds += execution.weight * (now - execution.began)
        loop.ended_early += not execution.is_complete
        if execution.is_inspected:
            loop.effects.forget()
        self._cut(now)
        self._active = [each for each in self._active if each is not execution]

    def _look(self, execution: Execution) -> None:
        """Close the slice when an iteration of the innermost loop has ended and it is long enough."""
        if self._active and self._active[-1] is execution:
            now = perf_counter()
            if now - self._slice_at >= SHORTEST_SLICE:
                self._cut(now)

    def _cut(self, now: float) -> None:
        """Close the slice, and begin the next one; a short one goes on, whatever loop it is of."""
        if self._began is not None and now - self._slice_at < SHORTEST_SLICE:
            return
        if not self._is_watched():
            return
        if self._began is not None and self._active:
            part = Slice(self._windows, self._clocks.read_after().since(self._began))
            for loop in {id(each.loop): each.loop for each in self._active}.values():
                loop.slices.append((loop.unfinished, part))
                loop.unfinished = 0
        self._windows += 1
        if self._observer is not None:
            self._observer.begin(self._windows)
        self._slice_at = perf_counter()
        self._began = self._clocks.read_before()


def measured_costs() -> WatchCosts:
    """Return the time that watching takes, measured with loops that do nothing."""
    watch = LoopWatch({0: IterationEffects(())}, None, _FREE)
    watch.close()
    gate = watch.loops[0].schedule.gate()
    executions = median(_seconds(watch, gate, ()) for _ in range(FIRST_WATCHED))
    iterations = min(_seconds(watch, gate, range(_TRIAL_ITERATIONS)) for _ in range(5)) / _TRIAL_ITERATIONS
    loop = watch.loops[0]
    return WatchCosts(
        execution=_COLD_FACTOR * executions,
        timed=iterations,
        counted=_COUNTED_SHARE * iterations,
        header=loop.header_seconds / loop.timed,
    )


def _seconds(watch: LoopWatch, gate: Callable[[], bool], items: Iterable[Any]) -> float:
    began = thread_time()
    gate()
    _ = watch.loops[0].plain_seconds  # which the schedule reads
    for _ in watch.watch(0, items):
        pass
    return thread_time() - began


def _inspect(execution: Execution, frame: FrameType, item: Any) -> float:
    """Look at the variables before an iteration, unless it is within another that is inspected; return the time."""
    if execution.loop.effects.is_inspecting or not execution.loop.may_inspect:
        return perf_counter()
    execution.is_inspected = True
    return execution.loop.effects.before(frame, item)


def _compare(execution: Execution, frame: FrameType) -> None:
    """Compare the variables after an iteration with those before it."""
    execution.is_inspected = False
    execution.loop.effects.after(frame)
    execution.loop.charge()


def _unchanged(made: Any) -> Any:
    return made


def _consumer() -> FrameType:
    """Return the frame that runs the body of the loop."""
    return sys._getframe(2)
