"""How long a watching thread stands in line for a core, and how it keeps away from that of the thread it watches.

The scheduler likes to stack a sleeper that wakes on the core of the thread it watches, behind it. By the time it runs,
the GIL has been released more often than at the instant that it was to look at. How late it was does not tell this
from a core that was slow to wake up; the kernel's account of the run queue does.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

QUEUED = 20e-6  # seconds in line after which the GIL may not be as it was at the instant


class Place:
    """Of the thread that makes it, which watches `thread`; Linux only, an OSError elsewhere. Close it when done.

    Nothing here lets go of the GIL, as reading a file does otherwise: to take it again may be a long wait.
    """

    def __init__(self, thread: int) -> None:
        if sys.platform != "linux":
            raise OSError("nothing tells how long a thread stands in line")
        self.schedstat = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._watched = os.open(f"/proc/self/task/{thread}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.close(self.schedstat)
            raise
        self._allowed = os.sched_getaffinity(0)
        self._libc = ctypes.PyDLL(None)
        self._buffer = ctypes.create_string_buffer(1024)

    def queued(self) -> float:
        """Seconds that this thread has ever stood in line for a core."""
        return seconds_queued(self._read(self.schedstat))

    def keep_away(self) -> None:
        """Leave the core of the watched thread, if there is another."""
        core = int(self._read(self._watched).rpartition(b") ")[2].split()[36])  # field 39, `processor`
        elsewhere = self._allowed - {core}
        if elsewhere:
            os.sched_setaffinity(0, elsewhere)

    def _read(self, file: int) -> bytes:
        size: int = self._libc.pread(file, self._buffer, len(self._buffer), 0)
        return self._buffer.raw[: max(size, 0)]

    def close(self) -> None:
        for file in (self.schedstat, self._watched):
            with contextlib.suppress(OSError):
                os.close(file)

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def seconds_queued(schedstat: bytes) -> float:
    """The second field of schedstat, which is in nanoseconds."""
    return int(schedstat.split()[1]) / 1e9
