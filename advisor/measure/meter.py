"""Measure batches of calls: read the clocks and watch the GIL from each `start` to the `stop` that follows it."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from typing import Literal

from advisor.host.cores_and_memory import free_threaded
from advisor.measure.clocks import ClockReading, ThreadClocks
from advisor.measure.gil import locate, observer_process, sampler_thread

Watch = Literal["outside", "inside", "nothing"]
BY_ASYNCIO = "asyncio"  # instead of a line of the code


@dataclass(frozen=True, slots=True)
class TimedBatch:
    """The time on every clock during `calls` calls.

    `awaited`: seconds in which an event loop waited for events; None without a loop, or if unknown.
    """

    calls: int
    elapsed: ClockReading
    awaited: float | None = None

    @property
    def loop_blocked(self) -> float | None:
        """Seconds in which the event loop's thread neither computed nor waited for events: a task blocked it.

        While other threads compute, it may have waited for the GIL, which is not counted.
        """
        if self.awaited is None:
            return None
        elapsed = self.elapsed
        return elapsed.wall - elapsed.process - (elapsed.run_queue or 0.0) - self.awaited


@dataclass(frozen=True)
class Measurement:
    """Everything measured: the batches and, by their indices, what was seen of the GIL.

    `only_thread`: there was no other Python thread at the start, so the calls used all CPU time of the process.
    `sampler_cpu`: CPU seconds used by the sampler. `blocking_line`: the line in which a coroutine
    blocks its event loop, if that was looked for, or BY_ASYNCIO.
    """

    batches: tuple[TimedBatch, ...]
    observed: dict[int, observer_process.Observations]
    sampled: dict[int, sampler_thread.Samples]
    counts_switches: bool
    free_threaded: bool
    only_thread: bool
    sampler_cpu: float
    blocking_line: str | None = None


class Meter:
    """A meter of the thread that creates it; its context manager leaves no thread or process behind."""

    def __init__(self, watch: Watch = "outside", observer: observer_process.Observer | None = None) -> None:
        """Start to watch the GIL from outside, or from inside if asked to or if the platform refuses the other.

        With "nothing", only the clocks are read, and all computing in this thread counts as holding the GIL. An
        `observer` that observes already is used.
        """
        self.free_threaded = free_threaded()
        self.only_thread = threading.active_count() == 1
        self.observer = observer
        self._sampler: sampler_thread.Sampler | None = None
        if observer is None and watch != "nothing" and not self.free_threaded:
            self._watch_gil(watch)
        self._watcher = self.observer or self._sampler
        self._clocks = ThreadClocks()
        self._before: ClockReading | None = None
        self._owner = os.getpid()
        self.batches: list[TimedBatch] = []
        self.blocking_line: str | None = None  # in which a coroutine blocks its event loop
        self._window = 0

    @staticmethod
    def start_observer() -> observer_process.Observer | None:
        """Start an observer of this thread without waiting for it; None where the platform refuses one."""
        lock_word = locate.find_lock_word()
        if lock_word is None:
            return None
        try:
            return observer_process.Observer(lock_word, wait=False)
        except OSError:
            return None

    def _watch_gil(self, watch: Watch) -> None:
        lock_word = locate.find_lock_word() if watch == "outside" else None
        if lock_word is not None:
            with contextlib.suppress(OSError):
                self.observer = observer_process.Observer(lock_word)
                return
        self._sampler = sampler_thread.Sampler()

    @property
    def own_children(self) -> frozenset[int]:
        """Ids of child processes that are not the target's."""
        return frozenset([self.observer.process.pid] if self.observer else [])

    def start(self) -> None:
        self._owner = os.getpid()
        if self._watcher:
            self._watcher.begin(self._window)
        self._before = self._clocks.read_before()

    def stop(self, calls: int, awaited: float | None = None) -> TimedBatch:
        """End the batch of so many calls, during which an event loop waited for events for `awaited` seconds."""
        after = self._clocks.read_after()
        if self._watcher:
            self._watcher.pause()
        exit_if_forked(self._owner)
        assert self._before is not None
        batch = TimedBatch(calls, after.since(self._before), awaited)
        self._before = None
        if not self.batches:
            self._clocks.follow_children(self.own_children)
        self.batches.append(batch)
        self._window += 1
        return batch

    def discard(self, error: BaseException | None = None) -> None:
        """End the batch and forget it; `error` is what ended it."""
        exit_if_forked(self._owner, error)
        if self._watcher:
            self._watcher.pause()
        self._before = None
        self._window += 1
        self.batches.append(_NO_CALLS)

    def forget_last(self) -> None:
        """Forget the batch that ended last."""
        self.batches[-1] = _NO_CALLS

    def finish(self) -> Measurement:
        """Stop watching and return the measurement."""
        observed = self.observer.finish() if self.observer else {}
        sampled = self._sampler.finish() if self._sampler else {}
        self._clocks.close()
        return Measurement(
            tuple(self.batches),
            observed,
            sampled,
            counts_switches=self._sampler.counts_switches if self._sampler else True,
            free_threaded=self.free_threaded,
            only_thread=self.only_thread,
            sampler_cpu=self._sampler.cpu if self._sampler else 0.0,
            blocking_line=self.blocking_line,
        )

    def close(self) -> None:
        """Stop watching at once."""
        if self._watcher:
            self._watcher.stop()
        self._clocks.close()

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def exit_if_forked(owner: int, error: BaseException | None = None) -> None:
    """Exit if this process is a fork, made by the target, of the `owner`: only the owner returns to our code.

    The fork exits as it would have by itself, with `error` or without, but prints no traceback.
    """
    if os.getpid() == owner:
        return
    if isinstance(error, SystemExit):
        os._exit(error.code if isinstance(error.code, int) else int(error.code is not None))
    os._exit(0 if error is None else 1)


_NO_CALLS = TimedBatch(0, ClockReading(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
