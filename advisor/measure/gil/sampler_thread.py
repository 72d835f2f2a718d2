"""Sample the GIL from inside, where its lock word cannot be read: a thread wakes up at random instants.

Was the GIL taken at the instant the sampler woke up? A sleeper that finds it free makes one voluntary context switch,
its sleep; one that finds it taken sleeps again on the GIL's condition variable, and makes two or more. A GIL held for
less than the microsecond that falling asleep takes goes unseen. Where the kernel does not count switches by thread,
late wake-ups count as a taken GIL, which is less exact.
"""

from __future__ import annotations

import contextlib
import random
import sys
import threading
import time
from collections import deque
from time import perf_counter, thread_time
from typing import NamedTuple

from advisor.measure.gil.affinity import QUEUED, ThreadPlacement

MEAN_INTERVAL = 2e-3  # seconds
LATE = 0.2e-3  # seconds after which a wake-up is late, where the time in the run queue is not known
_FREE, _TAKEN, _DROPPED, _COMPUTING = range(4)  # what an instant found; the last three are indices into counts


class Samples(NamedTuple):
    """Instants of one window: in all; GIL taken; spent in the run queue; target on a CPU with the GIL free."""

    instants: float
    taken: float
    dropped: float
    computing: float


class Timeline:
    """Maps instants to windows; asked after the event, and in the order of time."""

    def __init__(self) -> None:
        self._events: deque[tuple[float, int | None]] = deque()

    def begin(self, window: int | None) -> None:
        """Start a window now, or a pause (None)."""
        self._events.append((perf_counter(), window))

    def window(self, instant: float) -> int | None:
        """Return the window of an instant, and forget what was before it."""
        while len(self._events) > 1 and self._events[1][0] <= instant:
            self._events.popleft()
        return self._events[0][1] if self._events and self._events[0][0] <= instant else None


class Sampler:
    """A running sampler of the thread that made it."""

    def __init__(self) -> None:
        self.cpu = 0.0  # seconds
        self._timeline = Timeline()
        self._counts: dict[int, list[float]] = {}
        self._stopped = False
        self._draw = random.Random().expovariate
        self._target = threading.get_native_id()
        self._target_clock = _cpu_clock(threading.get_ident())
        self.counts_switches = _switches() is not None
        self._thread = threading.Thread(target=self._sample, name="advisor-sampler", daemon=True)
        self._thread.start()

    def begin(self, window: int) -> None:
        """Count instants for this window from now on."""
        self._timeline.begin(window)

    def pause(self) -> None:
        """Count no instants from now on."""
        self._timeline.begin(None)

    def finish(self) -> dict[int, Samples]:
        """End the thread and return its samples by window."""
        self.stop()
        return {window: Samples(*counts) for window, counts in self._counts.items()}

    def stop(self) -> None:
        """End the thread; it wakes up within a few mean intervals."""
        self._stopped = True
        self._thread.join(timeout=1)

    def _sample(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.suppress(ValueError, IndexError))  # the target closed our files
            placement = None
            with contextlib.suppress(OSError):
                placement = stack.enter_context(contextlib.closing(ThreadPlacement(self._target)))
            due = perf_counter()
            while not self._stopped:
                due = self._wake(due, placement)
                self.cpu = thread_time()

    def _wake(self, due: float, placement: ThreadPlacement | None) -> float:
        """Sleep until the next instant, count it and those that passed meanwhile, and return the last of them."""
        now = perf_counter()
        while due <= now:  # the sampler itself held the GIL: no observations
            due += self._draw(1 / MEAN_INTERVAL)
        queued, computed = placement.queued_seconds() if placement else 0.0, self._target_cpu()
        switches = _switches()
        time.sleep(max(1e-6, due - perf_counter()))
        woke = perf_counter()
        again = _switches()
        found: int | None  # None: late for a reason that has nothing to do with the target
        if switches is None or again is None:
            found = _TAKEN if woke - due > LATE else _FREE
        elif again - switches >= 2:
            found = _TAKEN
        elif placement and placement.queued_seconds() - queued > QUEUED:
            found = _DROPPED if self._target_cpu() - computed > (placement.queued_seconds() - queued) / 2 else None
            placement.keep_away()
        elif not placement and woke - due > LATE:
            found = _DROPPED
        else:
            found = _COMPUTING if self._target_computes() else _FREE
        # The schedule never shifts: the instants that passed meanwhile found the same.
        while due <= woke:
            if found is not None:
                self._count(due, found)
            due += self._draw(1 / MEAN_INTERVAL)
        return due

    def _target_computes(self) -> bool:
        """Return True if the target's CPU clock goes on now: we hold the GIL, so it computes without."""
        before = self._target_cpu()
        for _ in range(40):
            pass
        return self._target_cpu() > before

    def _target_cpu(self) -> float:
        return 0.0 if self._target_clock is None else time.clock_gettime(self._target_clock)

    def _count(self, instant: float, found: int) -> None:
        window = self._timeline.window(instant)
        if window is not None:
            counts = self._counts.setdefault(window, [0.0] * 4)
            counts[0] += 1
            if found != _FREE:
                counts[found] += 1


def _cpu_clock(thread: int) -> int | None:
    if sys.platform == "win32" or not hasattr(time, "pthread_getcpuclockid"):
        return None
    return time.pthread_getcpuclockid(thread)


def _switches() -> int | None:
    """Return the voluntary context switches of the calling thread."""
    try:
        import resource
    except ImportError:
        return None
    if not hasattr(resource, "RUSAGE_THREAD"):
        return None
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def held_share(samples: Samples, cpu_share: float) -> float:
    """Return the share of wall time in which a thread on a CPU held the GIL, given the exact share on a CPU.

    phi = H / max(c·N − D, H + F): the instants that found the GIL taken, out of those at which the target was on a
    CPU, of which the clock tells exactly how many there were.
    """
    on_cpu = max(cpu_share * samples.instants - samples.dropped, samples.taken + samples.computing)
    return min(1.0, samples.taken / on_cpu) * cpu_share if on_cpu > 0 else 0.0
