"""The clocks that are exact: wall time, CPU of this thread, of this process and of its children, time in the run queue.

What the operating system does not tell is None.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass

# By name: a target may put others in the place of those of `time`, as freezegun does.
from time import perf_counter, process_time, thread_time


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds on every clock at one moment, or between two.

    `switches` counts voluntary context switches, after which a thread waits; `preemptions` those it did not ask for.
    """

    wall: float
    thread: float
    process: float
    children: float | None
    run_queue: float | None
    switches: float | None
    preemptions: float | None

    def since(self, earlier: Reading) -> Reading:
        """How far each clock went."""
        return Reading(
            self.wall - earlier.wall,
            self.thread - earlier.thread,
            self.process - earlier.process,
            _difference(self.children, earlier.children),
            _difference(self.run_queue, earlier.run_queue),
            _difference(self.switches, earlier.switches),
            _difference(self.preemptions, earlier.preemptions),
        )


def _difference(later: float | None, earlier: float | None) -> float | None:
    return None if later is None or earlier is None else later - earlier


class ThreadClocks:
    """The clocks of the thread that made this object. Close it when done.

    `opening` and `closing` read them in opposite orders, so that the reading itself is not measured.
    """

    def __init__(self) -> None:
        self._schedstat: int | None = None
        if sys.platform == "linux":
            try:
                path = f"/proc/self/task/{threading.get_native_id()}/schedstat"
                self._schedstat = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                self._schedstat = None

    def opening(self) -> Reading:
        children, *switches = _usage()
        queued = self._queued()
        process, thread = process_time(), thread_time()
        return Reading(perf_counter(), thread, process, children, queued, *switches)

    def closing(self) -> Reading:
        wall = perf_counter()
        thread, process = thread_time(), process_time()
        queued = self._queued()
        children, *switches = _usage()
        return Reading(wall, thread, process, children, queued, *switches)

    def _queued(self) -> float | None:
        """Seconds that this thread has been ready without a core: the second field of schedstat, in nanoseconds."""
        if self._schedstat is None:
            return None
        try:
            return int(os.pread(self._schedstat, 128, 0).split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return None

    def close(self) -> None:
        if self._schedstat is not None:
            os.close(self._schedstat)
            self._schedstat = None


def _usage() -> tuple[float | None, float | None, float | None]:
    """CPU seconds of the children waited for, and this thread's voluntary and involuntary context switches."""
    try:
        import resource
    except ImportError:  # Windows
        return None, None, None
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = children.ru_utime + children.ru_stime
    if not hasattr(resource, "RUSAGE_THREAD"):  # macOS
        return cpu, None, None
    thread = resource.getrusage(resource.RUSAGE_THREAD)
    return cpu, thread.ru_nvcsw, thread.ru_nivcsw
