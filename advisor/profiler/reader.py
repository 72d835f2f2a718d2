"""The GIL's lock word read from inside, where nobody may read this process from outside.

A thread sleeps until an instant of a Poisson schedule and copies the lock word, `LOOKS` times over, all in one foreign
call: it looks without the GIL, and takes it only to count what it saw. So its looks are as true as the observer's, and
the few hand-overs hardly disturb the target; but there are no bursts of them, and none at other threads.

The schedule is absolute. If the next instant were drawn after the GIL was obtained, the looks would lock on to the
target's own releases. The GIL was taken at the instants that pass while the thread waits for it; those that pass while
the thread has it itself are no observations.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

from advisor.profiler import chain
from advisor.profiler.observer import Tally
from advisor.profiler.place import QUEUED, Place, seconds_queued
from advisor.profiler.timeline import Timeline

if TYPE_CHECKING:
    from advisor.profiler.lockword import LockWord

LOOKS = 16
MEAN_INTERVAL = 1e-3
_CLOCK_MONOTONIC, _TIMER_ABSTIME = 1, 1  # <time.h>; the clock that perf_counter reads


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))

    @property
    def value(self) -> float:
        return float(self.seconds + self.nanoseconds / 1e9)


class _State(ctypes.Structure):
    _fields_ = (("last_holder", ctypes.c_uint64), ("locked", ctypes.c_int))


@dataclass(frozen=True, slots=True)
class _Look:
    """What was seen and when. By then this thread had `queued` for a core and the target `computed` for so long."""

    when: float
    locked: int
    holder: int
    queued: float
    computed: float


class _Looks:
    """One foreign call that sleeps until an instant, copies the lock word and reads clocks, `LOOKS` times over."""

    def __init__(self, word: LockWord, place: Place, target_clock: int) -> None:
        libc = ctypes.CDLL(None)
        self._due, self._when, self._computed = (_Time * LOOKS)(), (_Time * LOOKS)(), (_Time * LOOKS)()
        self._states = (_State * LOOKS)()
        self._schedstats = [ctypes.create_string_buffer(64) for _ in range(LOOKS)]
        steps: list[chain.Step] = []
        for parts in zip(self._due, self._when, self._computed, self._states, self._schedstats, strict=True):
            due, when, computed, state, schedstat = map(ctypes.addressof, parts)
            steps += [
                (libc.clock_nanosleep, _CLOCK_MONOTONIC, _TIMER_ABSTIME, due, 0),
                (libc.memcpy, state, word.address, ctypes.sizeof(_State)),
                (libc.clock_gettime, _CLOCK_MONOTONIC, when),
                (libc.clock_gettime, target_clock, computed),
                (libc.pread, place.schedstat, schedstat, 63, 0),
            ]
        self._run = chain.Chain(steps)

    def __call__(self, instants: Sequence[float]) -> tuple[list[_Look], float]:
        """What was seen, and when the thread had the GIL again."""
        for due, instant in zip(self._due, instants, strict=True):
            due.seconds, due.nanoseconds = int(instant), int(instant % 1 * 1e9)
        self._run()
        obtained = perf_counter()
        seen = [
            _Look(when.value, state.locked, state.last_holder, seconds_queued(schedstat.value), computed.value)
            for when, computed, state, schedstat in zip(
                self._when, self._computed, self._states, self._schedstats, strict=True
            )
        ]
        return seen, obtained


class Reader:
    """A running reader of the lock word, for the thread that made it; `window` numbers are ours to choose."""

    def __init__(self, word: LockWord) -> None:
        """Start reading; raises OSError where the platform does not allow for it."""
        self.cpu = 0.0
        self._word = word
        self._target = threading.get_native_id()
        self._timeline = Timeline()
        self._tallies: dict[int, list[float]] = {}
        self._draw = Random().expovariate
        self._stopped = False
        if not chain.is_possible():
            raise OSError("C functions cannot be chained here")
        Place(self._target).close()
        self._target_clock = time.pthread_getcpuclockid(threading.get_ident())
        self._thread = threading.Thread(target=self._read, name="advisor-reader", daemon=True)
        self._thread.start()

    def begin(self, window: int) -> None:
        """From now on, what is seen counts for `window`."""
        self._timeline.begin(window)

    def pause(self) -> None:
        """From now on, what is seen counts for nothing."""
        self._timeline.begin(None)

    def finish(self) -> dict[int, Tally]:
        """End the thread and return what it saw, by window."""
        self.stop()
        return {window: Tally(*values) for window, values in self._tallies.items()}

    def stop(self) -> None:
        """End the thread; it comes back after `LOOKS` instants."""
        self._stopped = True
        self._thread.join(timeout=1)

    def _read(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # a chain's stack is too small for handlers
        with Place(self._target) as place, contextlib.suppress(ValueError, IndexError):  # the target closed our files
            looks = _Looks(self._word, place, self._target_clock)
            due = perf_counter()
            while not self._stopped:
                instants = [due := due + self._draw(1 / MEAN_INTERVAL) for _ in range(LOOKS)]
                began = _Look(perf_counter(), 0, 0, place.queued(), time.clock_gettime(self._target_clock))
                seen, obtained = looks(instants)
                if self._count(instants, [began, *seen]):
                    place.keep_away()
                due = self._count_waiting(due, seen[-1], obtained)
                self.cpu = thread_time()

    def _count(self, instants: Sequence[float], seen: Sequence[_Look]) -> bool:
        """Count the looks of one call, from what was so before it on; returns whether instants were missed.

        An instant is missed when the thread stood in line for a core while the target computed. Others that it slept
        through tell nothing.
        """
        missed_any = missed = late = False
        before = seen[0]
        for instant, look in zip(instants, seen[1:], strict=True):
            overdue = instant <= before.when
            if not overdue:
                queued = look.queued - before.queued
                late = queued > QUEUED
                missed = late and look.computed - before.computed > queued / 2
                before = look
            tally = self._tally(instant)
            if missed:
                missed_any = True
                tally[3] += 1
            elif not (overdue or late):
                tally[0] += 1
                tally[1] += look.locked
                tally[2] += look.locked and look.holder == self._word.thread
        return missed_any

    def _count_waiting(self, due: float, last: _Look, obtained: float) -> float:
        """Count the instants that passed while the thread waited for the GIL, and return the last of them."""
        due = max(due, last.when)
        while (following := due + self._draw(1 / MEAN_INTERVAL)) <= obtained:
            due = following
            tally = self._tally(due)
            tally[0] += 1
            tally[1] += 1
            tally[2] += last.holder == self._word.thread
        return due

    def _tally(self, instant: float) -> list[float]:
        """The tally of the window that the instant lay in; one to throw away when it lay in none."""
        window = self._timeline.window(instant)
        return [0.0] * 8 if window is None else self._tallies.setdefault(window, [0.0] * 8)
