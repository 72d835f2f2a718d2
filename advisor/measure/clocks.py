"""Read the exact clocks: wall time, CPU time of the thread, the process and its children, time in the run queue.

What the operating system does not report is None.
"""

from __future__ import annotations

import os
import sys
import threading
import time

# By name, since a target may replace those in `time`, as freezegun does.
from time import perf_counter, process_time, thread_time
from typing import NamedTuple

from advisor.target.process_tree import children


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
        self._others: frozenset[int] | None = None  # if living children count, those that do not
        self._schedstat: int | None = None
        if sys.platform == "linux":
            try:
                path = f"/proc/self/task/{threading.get_native_id()}/schedstat"
                self._schedstat = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                self._schedstat = None

    def follow_children(self, others: frozenset[int]) -> None:
        """Count the CPU time of living children from now on, if there are any, such as the workers of a pool.

        Args:
            others: Ids of children that do not belong to what is measured.
        """
        living = children(os.getpid()) - others if hasattr(time, "clock_gettime") else frozenset()
        self._others = others if living else None

    def read_before(self) -> ClockReading:
        """Read the clocks at the start of what is measured."""
        ended, *switches = _resource_usage()
        children_cpu = self._with_living_children(ended)
        run_queue = self.run_queue()
        process, thread = process_time(), thread_time()
        return ClockReading(perf_counter(), thread, process, children_cpu, run_queue, *switches)

    def read_after(self) -> ClockReading:
        """Read the clocks at the end of what is measured."""
        wall = perf_counter()
        thread, process = thread_time(), process_time()
        run_queue = self.run_queue()
        ended, *switches = _resource_usage()
        return ClockReading(wall, thread, process, self._with_living_children(ended), run_queue, *switches)

    def _with_living_children(self, ended: float | None) -> float | None:
        if self._others is None or ended is None:
            return ended
        return ended + sum(map(_cpu_of, children(os.getpid()) - self._others))

    def run_queue(self) -> float | None:
        """Return the seconds that this thread has waited for a core: schedstat's second field, in nanoseconds."""
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


def _cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process, 0 if it has ended: Linux has a clock for each process id."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of the kernel
    except OSError:
        return 0.0


def _resource_usage() -> tuple[float | None, float | None, float | None]:
    """Return CPU seconds of the children waited for, and this thread's voluntary and involuntary context switches."""
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
