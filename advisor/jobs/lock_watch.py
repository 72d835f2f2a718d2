"""Watch whether the calls in threads wait for a lock of this process, which worker processes would not share."""

from __future__ import annotations

import dis
import functools
import linecache
import queue
import re
import threading
import time
from types import CodeType, FrameType

from advisor.jobs.pools.threads import ThreadPool
from advisor.jobs.review import BETTER, Verdict

LOOK_SECONDS = 0.01
PATIENCE = 1.1  # times longer until the next look, after each that saw few threads wait ...
LONGEST_PAUSE = 1.0  # ... up to so many seconds
LOOKS = 5  # in the latest of which most threads were seen to wait
BLOCKED = 0.5  # of the threads that run a call
LEAST_THREADS = 3
WORTH_LEAVING = 0.3  # seconds that the rest takes at the present rate
_ACQUIRES = re.compile(r".*\.acquire\(")
_WAITING_FILES = frozenset({threading.__file__, queue.__file__})


class LockWatch:
    """Looks at the threads of a pool from time to time.

    Attributes:
        looks: How often it has looked.
    """

    def __init__(self, pool: ThreadPool, call_seconds: float, in_processes: float) -> None:
        """Watch a pool.

        Args:
            pool: To watch.
            call_seconds: Those of a call by itself.
            in_processes: Predicted for the whole stage in worker processes; infinite if they cannot be used.
        """
        self._pool = pool
        self._in_processes = in_processes
        self._call_seconds = call_seconds
        self._looked = self._began = time.perf_counter()
        self._pause = LOOK_SECONDS
        self._blocked = 0  # looks in a row
        self.looks = 0

    def look(self, calls: int, rest: int) -> Verdict | None:
        """Return a verdict if calls wait for a lock.

        Args:
            calls: Those that have ended since the pool was opened.
            rest: Those that are left.
        """
        now = time.perf_counter()
        if now - self._looked < self._pause:
            return None
        self._looked = now
        self.looks += 1
        frames = self._pool.frames()
        places = [place for place in map(_lock_place, frames) if place]
        is_blocked = len(frames) >= LEAST_THREADS and len(places) >= BLOCKED * len(frames)
        self._blocked = self._blocked + 1 if is_blocked else 0
        self._pause = LOOK_SECONDS if is_blocked else min(LONGEST_PAUSE, PATIENCE * self._pause)
        if self._blocked < LOOKS or not calls:
            return None
        self._blocked = 0
        rate = calls / (now - self._began)
        if rest / rate < max(WORTH_LEAVING, BETTER * self._in_processes):
            return None
        place = max(set(places), key=places.count)
        why = f"{len(places)} of {len(frames)} threads waited for a lock of this process ({place})"
        return Verdict(why, leave=True, speed_up=rate * self._call_seconds)


def _lock_place(frame: FrameType) -> str:
    """Return the line in which a thread waits for a lock; empty if it does not seem to."""
    inner: FrameType | None = frame
    while inner is not None and inner.f_code.co_filename in _WAITING_FILES:
        inner = inner.f_back
    if inner is None:
        return ""
    name, line = inner.f_code.co_filename, inner.f_lineno
    if line is None:  # some instructions belong to no line
        return ""
    acquires = inner is not frame or _enters_context(inner.f_code, inner.f_lasti)
    if not (acquires or _ACQUIRES.match(linecache.getline(name, line, inner.f_globals))):
        return ""
    return f"{name.rpartition('/')[2]}:{line}"


@functools.lru_cache(maxsize=1_000)
def _enters_context(code: CodeType, offset: int) -> bool:
    """Return True if the instruction enters a context manager that is written in C, of which only locks wait there."""
    before: list[str] = []
    for instruction in dis.get_instructions(code):
        if instruction.offset == offset:
            return instruction.opname == "BEFORE_WITH" or "LOAD_SPECIAL" in before[-3:]  # since Python 3.14
        before.append(instruction.opname)
    return False
