"""Time the iterations of loops while the program runs, and inspect what a few of them change."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from operator import itemgetter
from time import perf_counter
from types import FrameType
from typing import Any

from advisor.measure.clocks import ClockReading, ThreadClocks
from advisor.measure.gil.observer_process import Observer
from advisor.survey.iteration_effects import IterationEffects

SHORTEST_SLICE = 2e-3  # seconds between two readings of the clocks
MAX_LENGTHS = 2_000  # iterations whose lengths are kept, evenly over the loop
FIRST_TIMED = 1_000  # iterations of a loop, after which those that are very short are only counted
TIGHT = 5e-6  # seconds of such an iteration
FIRST_WATCHED = 200  # executions of a loop, after which only some are watched if they are short
SHORT_EXECUTION = 200e-6  # seconds
LEAST_SKIPPED = 16  # between two that are watched, and more and more as there are more


@dataclass
class Slice:
    """A stretch of time in which the same loops ran."""

    window: int
    elapsed: ClockReading


@dataclass
class WatchedLoop:
    """The counts and times of a loop.

    Attributes:
        slices: Stretches of time in the loop, with the iterations that ended in each.
    """

    number: int
    effects: IterationEffects
    executions: int = 0
    watched: int = 0  # executions; the other figures are of these only
    iterations: int = 0
    seconds: float = 0.0
    header_seconds: float = 0.0
    ended_early: int = 0
    other_threads: int = 0
    lengths: list[float] = field(default_factory=list)
    slices: list[tuple[int, Slice]] = field(default_factory=list)
    keep_every: int = 1
    unfinished: int = 0  # iterations that have ended since the last slice
    seconds_so_far: float = 0.0  # of the iterations that were timed

    @property
    def is_tight(self) -> bool:
        """True if iterations are so short that timing each would take longer than they do."""
        return self.iterations >= FIRST_TIMED and self.seconds_so_far < TIGHT * self.iterations

    @property
    def is_skipped(self) -> bool:
        """True if the execution that begins is not to be watched, since there are many short ones."""
        if self.watched < FIRST_WATCHED:
            return False
        if self.executions % max(LEAST_SKIPPED, self.executions >> 7) == 0:
            return False
        return self.seconds < SHORT_EXECUTION * self.watched

    def ended(self, seconds: float) -> None:
        """Count an iteration."""
        self.seconds_so_far += seconds
        self.iterations += 1
        self.unfinished += 1
        if self.iterations % self.keep_every == 0:
            self.lengths.append(seconds)
            if len(self.lengths) >= MAX_LENGTHS:
                self.lengths = self.lengths[1::2]
                self.keep_every *= 2


class LoopWatch:
    """Watches the loops of the main thread; those of other threads and of forked children run as they are."""

    def __init__(self, effects: dict[int, IterationEffects], observer: Observer | None) -> None:
        self.loops = {number: WatchedLoop(number, each) for number, each in effects.items()}
        self._observer = observer
        self._clocks = ThreadClocks()
        self._thread = threading.get_ident()
        self._process = os.getpid()
        self._active: list[WatchedLoop] = []
        self._began: ClockReading | None = None
        self._slice_at = 0.0
        self._windows = 0
        self._turn_at: dict[int, float | None] = {}
        self._tight_turns = -1  # the `while` loop that runs now, if its iterations are very short

    def watch(self, number: int, items: Iterable[Any]) -> Iterable[Any]:
        """Return the items of a loop, in a form that times what is done with each."""
        loop = self.loops[number]
        if not self._is_watched():
            loop.other_threads += 1
            return items
        loop.executions += 1
        loop.effects.look_at(items)
        return items if loop.is_skipped else self._watched(loop, items)

    def _watched(self, loop: WatchedLoop, items: Iterable[Any]) -> Iterator[Any]:
        self._enter(loop)
        is_complete = False
        try:
            iterator = iter(items)
            while not loop.is_tight:
                asked = perf_counter()
                try:
                    item = next(iterator)
                except StopIteration:
                    is_complete = True
                    return
                began = perf_counter()
                loop.header_seconds += began - asked
                effects = loop.effects
                if effects.is_due(loop.iterations, began):
                    began = effects.before(_consumer(), item)
                yield item
                ended = perf_counter()
                if effects.is_inspecting:
                    effects.after(_consumer())
                loop.ended(ended - began)
                self._look(loop)
            yield from self._counted(loop, iterator)
            is_complete = True
        finally:
            self._leave(loop, is_complete=is_complete)

    def _counted(self, loop: WatchedLoop, iterator: Iterator[Any]) -> Iterator[Any]:
        """Yield the items that are left, and count them; how long each takes is known from others."""
        counter = count()
        try:
            yield from map(itemgetter(0), zip(iterator, counter))  # noqa: B905  (in C, as fast as it gets)
        finally:
            ended = next(counter)
            loop.iterations += ended
            loop.unfinished += ended

    def begin(self, number: int) -> None:
        """Begin an execution of a `while` loop."""
        if self._is_watched():
            self.loops[number].executions += 1
            self._enter(self.loops[number])
            self._turn_at[number] = None

    def turn(self, number: int) -> bool:
        """Begin an iteration of a `while` loop, which ends the one before; return True."""
        if self._tight_turns == number:
            self.loops[number].iterations += 1
            return True
        if self._is_watched() and self._active and self._active[-1].number == number:
            loop, now = self._active[-1], perf_counter()
            before = self._turn_at.get(number)
            if before is not None:
                if loop.effects.is_inspecting:
                    loop.effects.after(sys._getframe(1))
                loop.ended(now - before)
                self._look(loop)
                if loop.is_tight:
                    self._tight_turns = number
            if loop.effects.is_due(loop.iterations, now):
                loop.effects.before(sys._getframe(1), None)
            self._turn_at[number] = perf_counter()
        return True

    def end(self, number: int) -> None:
        """End an execution of a `while` loop."""
        if self._is_watched() and self._active and self._active[-1].number == number:
            self._tight_turns = -1
            self._leave(self._active[-1], is_complete=True)

    def apply(self, number: int, method: Callable[..., Any], function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a method that calls a function for each item, such as `DataFrame.apply`, and time these calls."""
        loop = self.loops[number]
        if not callable(function) or not self._is_watched():
            return method(function, *args, **kwargs)

        caller, effects = sys._getframe(1), loop.effects

        def timed(*call_args: Any, **call_kwargs: Any) -> Any:
            began = perf_counter()
            if effects.is_due(loop.iterations, began):
                began = effects.before(caller, call_args[0] if call_args else None)
            result = function(*call_args, **call_kwargs)
            ended = perf_counter()
            if effects.is_inspecting:
                effects.after(caller)
            loop.ended(ended - began)
            self._look(loop)
            return result

        loop.executions += 1
        self._enter(loop)
        try:
            return method(timed, *args, **kwargs)
        finally:
            self._leave(loop, is_complete=True)

    def finish(self) -> None:
        """End what still runs, for a program that exits within a loop."""
        if self._is_watched():
            while self._active:
                self._leave(self._active[-1], is_complete=False)

    def _is_watched(self) -> bool:
        return threading.get_ident() == self._thread and os.getpid() == self._process

    def _enter(self, loop: WatchedLoop) -> None:
        self._cut(perf_counter())
        loop.watched += 1
        loop.seconds -= perf_counter()
        self._active.append(loop)

    def _leave(self, loop: WatchedLoop, *, is_complete: bool) -> None:
        if loop not in self._active:  # a generator that is closed late
            return
        loop.seconds += perf_counter()
        loop.ended_early += not is_complete
        loop.effects.forget()
        self._cut(perf_counter())
        self._active.remove(loop)

    def _look(self, loop: WatchedLoop) -> None:
        """Close the slice when an iteration of the innermost loop has ended and it is long enough."""
        if self._active and self._active[-1] is loop:
            now = perf_counter()
            if now - self._slice_at >= SHORTEST_SLICE:
                self._cut(now)

    def _cut(self, now: float) -> None:
        """Close the slice, and begin the next one; a short one goes on, whatever loop it is of."""
        if self._began is not None and now - self._slice_at < SHORTEST_SLICE:
            return
        if self._began is not None and self._active:
            part = Slice(self._windows, self._clocks.read_after().since(self._began))
            for loop in self._active:
                loop.slices.append((loop.unfinished, part))
                loop.unfinished = 0
        self._windows += 1
        if self._observer is not None:
            self._observer.begin(self._windows)
        self._slice_at = perf_counter()
        self._began = self._clocks.read_before()


def _consumer() -> FrameType:
    """Return the frame that runs the body of the loop."""
    return sys._getframe(2)
