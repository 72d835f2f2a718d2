"""The GIL sampled from inside, where nobody can read its lock word: a thread wakes at random instants.

Was the GIL taken at the instant the sampler woke? A sleeper that finds it free makes one voluntary context switch, its
sleep; one that finds it taken sleeps again on the GIL's condition variable, and makes two or more. What is held for
less than the microsecond that falling asleep takes goes unseen. Where the kernel does not count switches for each
thread, a wake-up that comes late tells instead, which is weaker.
"""

from __future__ import annotations

import contextlib
import random
import sys
import threading
import time
from collections import deque
from dataclasses import astuple, dataclass
from time import perf_counter, thread_time

from advisor.measure.gil.affinity import QUEUED, Place

MEAN_INTERVAL = 2e-3
LATE = 0.2e-3  # seconds after which a wake-up is late, where nothing tells how long it stood in line for a core
_FREE, _TAKEN, _DROPPED, _COMPUTING = range(4)  # what an instant found; the last three are indices into a tally


@dataclass(frozen=True)
class Tally:
    """Instants of one window: in all; GIL taken; passed over in the run queue; target on a CPU with the GIL free."""

    instants: float
    taken: float
    dropped: float
    computing: float

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


class Timeline:
    """Which window an instant lay in: asked after the event, and in the order of time."""

    def __init__(self) -> None:
        self._events: deque[tuple[float, int | None]] = deque()

    def begin(self, window: int | None) -> None:
        """From now on, instants lie in `window`, or in none."""
        self._events.append((perf_counter(), window))

    def window(self, instant: float) -> int | None:
        """The window of `instant`; what was before it is forgotten."""
        while len(self._events) > 1 and self._events[1][0] <= instant:
            self._events.popleft()
        return self._events[0][1] if self._events and self._events[0][0] <= instant else None


class Sampler:
    """A running sampler of the thread that made it."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self._timeline = Timeline()
        self._tallies: dict[int, list[float]] = {}
        self._stopped = False
        self._draw = random.Random().expovariate
        self._target = threading.get_native_id()
        self._target_clock = _cpu_clock(threading.get_ident())
        self.counts_switches = _switches() is not None
        self._thread = threading.Thread(target=self._sample, name="advisor-sampler", daemon=True)
        self._thread.start()

    def begin(self, window: int) -> None:
        """From now on, instants count for `window`."""
        self._timeline.begin(window)

    def pause(self) -> None:
        """From now on, instants count for nothing."""
        self._timeline.begin(None)

    def finish(self) -> dict[int, Tally]:
        """End the thread and return what it saw, by window."""
        self.stop()
        return {window: Tally(*values) for window, values in self._tallies.items()}

    def stop(self) -> None:
        """End the thread; it wakes within a few mean intervals."""
        self._stopped = True
        self._thread.join(timeout=1)

    def _sample(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.suppress(ValueError, IndexError))  # the target closed our files
            place = None
            with contextlib.suppress(OSError):
                place = stack.enter_context(Place(self._target))
            due = perf_counter()
            while not self._stopped:
                due = self._wake(due, place)
                self.cpu = thread_time()

    def _wake(self, due: float, place: Place | None) -> float:
        """Sleep until the next instant, count it and those that passed meanwhile, and return the last of them."""
        now = perf_counter()
        while due <= now:  # the sampler held the GIL itself: no observations
            due += self._draw(1 / MEAN_INTERVAL)
        queued, computed = place.queued() if place else 0.0, self._target_cpu()
        switches = _switches()
        time.sleep(max(1e-6, due - perf_counter()))
        woke = perf_counter()
        again = _switches()
        found: int | None  # None: late for a reason that has nothing to do with the target
        if switches is None or again is None:
            found = _TAKEN if woke - due > LATE else _FREE
        elif again - switches >= 2:
            found = _TAKEN
        elif place and place.queued() - queued > QUEUED:
            found = _DROPPED if self._target_cpu() - computed > (place.queued() - queued) / 2 else None
            place.keep_away()
        elif not place and woke - due > LATE:
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
        """Whether the target's clock goes on now: we hold the GIL, so it computes without."""
        before = self._target_cpu()
        for _ in range(40):
            pass
        return self._target_cpu() > before

    def _target_cpu(self) -> float:
        return 0.0 if self._target_clock is None else time.clock_gettime(self._target_clock)

    def _count(self, instant: float, found: int) -> None:
        window = self._timeline.window(instant)
        if window is not None:
            tally = self._tallies.setdefault(window, [0.0] * 4)
            tally[0] += 1
            if found != _FREE:
                tally[found] += 1


def _cpu_clock(thread: int) -> int | None:
    if sys.platform == "win32" or not hasattr(time, "pthread_getcpuclockid"):
        return None
    return time.pthread_getcpuclockid(thread)


def _switches() -> int | None:
    """Voluntary context switches of the calling thread."""
    try:
        import resource
    except ImportError:
        return None
    if not hasattr(resource, "RUSAGE_THREAD"):
        return None
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def held_share(tally: Tally, cpu_share: float) -> float:
    """The share of wall time in which the GIL was held by a thread on a CPU, given the exact share on a CPU.

    phi = H / max(c·N − D, H + F): the instants that found the GIL taken, out of those at which the target was on a
    CPU, of which the clock tells exactly how many there were.
    """
    on_cpu = max(cpu_share * tally.instants - tally.dropped, tally.taken + tally.computing)
    return min(1.0, tally.taken / on_cpu) * cpu_share if on_cpu > 0 else 0.0
