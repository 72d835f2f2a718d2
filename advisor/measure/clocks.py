"""Read the exact clocks: wall time, CPU time of the thread, the process and its children, time in the run queue.

What the operating system does not report is None.
"""

from __future__ import annotations

import os
import sys
import threading

# By name, since a target may replace those in `time`, as freezegun does.
from time import perf_counter, process_time, thread_time
from typing import NamedTuple


class ClockReading(NamedTuple):
    """Seconds on every clock at one moment, or between two.

    `switches` counts voluntary context switches, after which a thread waits; `preemptions` counts involuntary ones.
    """

    wall: float
    thread: float
    process: float
    children: float | None
    run_queue: float | None
    switches: float | None
    preemptions: float | None

    def since(self, earlier: ClockReading) -> ClockReading:
        """Return how far each clock went."""
        pairs = zip(self, earlier, strict=True)
        return ClockReading(*(None if a is None or b is None else a - b for a, b in pairs))  # type: ignore[arg-type]


class ThreadClocks:
    """The clocks of the thread that made this object. Close it when done.

    `read_before` and `read_after` read them in opposite orders, so that the reading itself is not measured.
    """

    def __init__(self) -> None:
        self._schedstat: int | None = None
        if sys.platform == "linux":
            try:
                path = f"/proc/self/task/{threading.get_native_id()}/schedstat"
                self._schedstat = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                self._schedstat = None

    def read_before(self) -> ClockReading:
        """Read the clocks at the start of what is measured."""
        children, *switches = _resource_usage()
        run_queue = self._run_queue()
        process, thread = process_time(), thread_time()
        return ClockReading(perf_counter(), thread, process, children, run_queue, *switches)

    def read_after(self) -> ClockReading:
        """Read the clocks at the end of what is measured."""
        wall = perf_counter()
        thread, process = thread_time(), process_time()
        run_queue = self._run_queue()
        children, *switches = _resource_usage()
        return ClockReading(wall, thread, process, children, run_queue, *switches)

    def _run_queue(self) -> float | None:
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


def _resource_usage() -> tuple[float | None, float | None, float | None]:
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
