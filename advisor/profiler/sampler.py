"""The GIL sampled from inside, where nobody may read this process from outside: a thread wakes at random instants.

Was the GIL taken at the instant the sampler woke? A sleeper that finds it free makes one voluntary context switch, its
sleep; one that finds it taken sleeps again on the GIL's condition variable, and makes two or more. Where the kernel
does not count switches for each thread, a wake-up that comes late tells instead, which is weaker.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import deque
from dataclasses import astuple, dataclass
from time import perf_counter, thread_time

MEAN_INTERVAL = 2e-3
LATE = 0.2e-3  # seconds after which a wake-up without a second switch was spent in the run queue
PAUSED = -1


@dataclass(frozen=True)
class Tally:
    """Instants of one window: in all; GIL taken; passed over in the run queue; target on a CPU with the GIL free."""

    instants: float
    taken: float
    dropped: float
    computing: float

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


class Sampler:
    """A running sampler of the thread that made it."""

    def __init__(self, *, mean_interval: float = MEAN_INTERVAL, seed: int | None = None) -> None:
        self.cpu = 0.0
        self._events: deque[tuple[float, int]] = deque()  # when a window began or a pause did
        self._tallies: dict[int, list[float]] = {}
        self._stopped = False
        self._random = random.Random(seed)
        self._rate = 1 / mean_interval
        self._target_clock = _cpu_clock(threading.get_ident())
        self.counts_switches = _switches() is not None
        self._thread = threading.Thread(target=self._sample, name="advisor-sampler", daemon=True)
        self._thread.start()

    def begin(self, window: int) -> None:
        """From now on, instants count for `window`."""
        self._tallies.setdefault(window, [0.0] * 4)
        self._events.append((perf_counter(), window))

    def pause(self) -> None:
        """From now on, instants count for nothing."""
        self._events.append((perf_counter(), PAUSED))

    def finish(self) -> dict[int, Tally]:
        """End the thread and return what it saw, by window."""
        self.stop()
        return {window: Tally(*values) for window, values in self._tallies.items() if values[0]}

    def stop(self) -> None:
        """End the thread; it wakes within a few mean intervals."""
        self._stopped = True
        self._thread.join(timeout=1)

    def _draw(self) -> float:
        """Seconds from one instant of the Poisson schedule to the next."""
        return self._random.expovariate(self._rate)

    def _sample(self) -> None:
        clock = perf_counter
        due = clock() + self._draw()
        while not self._stopped:
            switches = _switches()
            time.sleep(max(0.0, due - clock()))
            woke = clock()
            again = _switches()
            found = self._found(woke - due, None if switches is None or again is None else again - switches)
            self._count(due, found)
            # The schedule never shifts: the instants that passed meanwhile found the same.
            due += self._draw()
            while due <= woke:
                self._count(due, found)
                due += self._draw()
            self.cpu = thread_time()

    def _found(self, late: float, switches: int | None) -> int:
        """What a wake-up tells, as an index into a tally: 1 taken, 2 dropped, 3 computing without the GIL; or 0."""
        if switches is None:
            return 1 if late > LATE else 0
        if switches >= 2:
            return 1
        if late > LATE:
            return 2
        # We hold the GIL: if the target's clock goes on now, it computes without.
        before = self._target_cpu()
        if before is None:
            return 0
        for _ in range(40):
            pass
        return 3 if (self._target_cpu() or 0.0) > before else 0

    def _count(self, instant: float, found: int) -> None:
        """Count an instant for the window that it lay in, and drop the events before it."""
        while len(self._events) > 1 and self._events[1][0] <= instant:
            self._events.popleft()
        if not self._events or self._events[0][0] > instant:
            return
        window = self._events[0][1]
        if window != PAUSED:
            tally = self._tallies[window]
            tally[0] += 1
            if found:
                tally[found] += 1

    def _target_cpu(self) -> float | None:
        return None if self._target_clock is None else time.clock_gettime(self._target_clock)


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
