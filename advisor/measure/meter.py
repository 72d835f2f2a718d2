"""Stretches of measuring: clocks and the GIL watched from a `begin` to an `end`, as often as one likes."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from typing import Literal

from advisor.measure.clocks import Reading, ThreadClocks
from advisor.measure.gil import locate, observer, sampler

Watch = Literal["outside", "inside"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What passed on every clock while `calls` calls were made; its index is its window."""

    calls: int
    passed: Reading


@dataclass(frozen=True)
class Record:
    """Everything measured: stretches and, by their indices, what was seen of the GIL.

    `alone`: no other Python thread was there when measuring began, so all of the process's CPU is the calls'.
    `sampler_cpu`: seconds of process CPU that were the sampler's.
    """

    stretches: tuple[Stretch, ...]
    observed: dict[int, observer.Tally]
    sampled: dict[int, sampler.Tally]
    counts_switches: bool
    free_threaded: bool
    alone: bool
    sampler_cpu: float


class Meter:
    """Measures the thread that makes it. Used as a context manager it leaves neither thread nor process behind."""

    def __init__(self, watch: Watch = "outside") -> None:
        """`watch` says from where the GIL is watched; from inside also when outside is refused."""
        from advisor.host.platform import python

        self.free_threaded = python().free_threaded
        self.alone = threading.active_count() == 1
        self.observer: observer.Observer | None = None
        self._sampler: sampler.Sampler | None = None
        if not self.free_threaded:
            self._start(watch)
        self._watch = self.observer or self._sampler
        self._clocks = ThreadClocks()
        self._opened: Reading | None = None
        self._owner = os.getpid()
        self.stretches: list[Stretch] = []
        self._window = 0

    def _start(self, watch: Watch) -> None:
        """Watch the GIL in the best way that the platform allows."""
        word = locate.find() if watch == "outside" else None
        if word is not None:
            with contextlib.suppress(OSError):
                self.observer = observer.Observer(word)
                return
        self._sampler = sampler.Sampler()

    @property
    def own_children(self) -> frozenset[int]:
        """Ids of processes that are not the target's."""
        return frozenset([self.observer.process.pid] if self.observer else [])

    def begin(self) -> None:
        self._owner = os.getpid()
        if self._watch:
            self._watch.begin(self._window)
        self._opened = self._clocks.opening()

    def end(self, calls: int) -> Stretch:
        """End the stretch; it held `calls` calls."""
        passed = self._clocks.closing()
        if self._watch:
            self._watch.pause()
        end_fork(self._owner)
        assert self._opened is not None
        stretch = Stretch(calls, passed.since(self._opened))
        self._opened = None
        self.stretches.append(stretch)
        self._window += 1
        return stretch

    def drop(self, error: BaseException | None = None) -> None:
        """End the stretch and forget it; `error` is what ended it."""
        end_fork(self._owner, error)
        if self._watch:
            self._watch.pause()
        self._opened = None
        self._window += 1
        self.stretches.append(Stretch(0, _NOTHING))

    def finish(self) -> Record:
        """Stop watching and return what was measured."""
        observed = self.observer.finish() if self.observer else {}
        sampled = self._sampler.finish() if self._sampler else {}
        self._clocks.close()
        return Record(
            tuple(self.stretches),
            observed,
            sampled,
            self._sampler.counts_switches if self._sampler else True,
            self.free_threaded,
            self.alone,
            self._sampler.cpu if self._sampler else 0.0,
        )

    def close(self) -> None:
        """Stop watching at once."""
        if self._watch:
            self._watch.stop()
        self._clocks.close()

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def end_fork(owner: int, error: BaseException | None = None) -> None:
    """End this process if it is a fork made by the target that came back here: only the `owner` goes on.

    It ends as it would have by itself, with `error` or without, but for the traceback.
    """
    if os.getpid() == owner:
        return
    if isinstance(error, SystemExit):
        os._exit(error.code if isinstance(error.code, int) else int(error.code is not None))
    os._exit(0 if error is None else 1)


_NOTHING = Reading(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
