"""Measure a watching thread's time in the run queue, and keep it off the watched thread's core.

The scheduler tends to put a sleeper that wakes on the core of the thread that it watches, behind it. When it runs at
last, the GIL is more likely to be free than at the instant in question. Lateness alone does not tell this from a core
that was slow to wake up; the kernel's account of the run queue does.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

QUEUED = 20e-6  # seconds in the run queue after which the GIL may not be as it was at the instant


class ThreadPlacement:
    """Watch the cores of the calling thread and of `thread`. Linux only, an OSError elsewhere. Close it when done.

    Nothing here releases the GIL, as reading a file normally does: to get it back may take long.
    """

    def __init__(self, thread: int) -> None:
        if sys.platform != "linux":
            raise OSError("this platform has no schedstat")
        self._schedstat = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._watched = os.open(f"/proc/self/task/{thread}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.close(self._schedstat)
            raise
        self._allowed = os.sched_getaffinity(0)
        self._libc = ctypes.PyDLL(None)
        self._buffer = ctypes.create_string_buffer(1024)

    def queued_seconds(self) -> float:
        """Return how long this thread has been in the run queue so far: schedstat's second field, in nanoseconds."""
        return int(self._read(self._schedstat).split()[1]) / 1e9

    def keep_away(self) -> None:
        """Move to another core than the watched thread's, if there is one."""
        core = int(self._read(self._watched).rpartition(b") ")[2].split()[36])  # field 39, `processor`
        other_cores = self._allowed - {core}
        if other_cores:
            os.sched_setaffinity(0, other_cores)

    def _read(self, file: int) -> bytes:
        size: int = self._libc.pread(file, self._buffer, len(self._buffer), 0)
        return self._buffer.raw[: max(size, 0)]

    def close(self) -> None:
        for file in (self._schedstat, self._watched):
            with contextlib.suppress(OSError):
                os.close(file)
