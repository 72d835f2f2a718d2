"""The GIL read from outside: a small process reads this one's lock word at random instants, without taking the GIL.

The observer runs this very file as a script. Some 2,000 times a second it copies, in one system call
(`process_vm_readv`), the *window* number that the observed process sets when a stretch of measuring begins, and the
lock word `BURST` times over, 0.3 µs apart: the share of taken locks is the share of time the GIL is held, and the
changes within a burst are the rate at which it is released, which no counter of the kernel shows.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import struct
import subprocess
import sys
import time
from dataclasses import astuple, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.profiler.lockword import LockWord

BURST = 16
MEAN_INTERVAL = 0.5e-3
THREADS_EVERY = 8  # instants: the states of all threads cost more to read than the lock word
PAUSED, FINISHED = -1, -2
_STATE = struct.Struct("=qi")  # last_holder, locked
_START_LIMIT = 1.0


@dataclass(frozen=True)
class Tally:
    """What was seen in one window: instants looked at, and how many of them found the GIL taken.

    `own`: taken by the thread that started the observer. `changes`: taken or released within the bursts, which
    together lasted `watched` seconds. `looks`: how often the states of all threads were read, and `idle`: how often
    none of them was running.
    """

    instants: float
    taken: float
    own: float
    changes: float
    watched: float
    looks: float
    idle: float

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


class Observer:
    """A running observer of this process. `window` numbers are ours to choose, from 0 up."""

    def __init__(self, word: LockWord) -> None:
        """Start observing; raises OSError where the platform refuses to be read."""
        self._window = ctypes.c_int64(PAUSED)
        _permit_children()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                __file__,
                str(os.getpid()),
                str(ctypes.addressof(self._window)),
                str(word.address),
                str(word.thread),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            close_fds=True,
        )
        if not self._is_ready():
            self.stop()
            raise OSError("this process may not be read from outside")

    def _is_ready(self) -> bool:
        import select

        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], _START_LIMIT)
        return bool(ready) and os.read(self.process.stdout.fileno(), 1) == b"+"

    def begin(self, window: int) -> None:
        """From now on, what is seen counts for `window`."""
        self._window.value = window

    def pause(self) -> None:
        """From now on, what is seen counts for nothing."""
        self._window.value = PAUSED

    def finish(self) -> dict[int, Tally]:
        """End the observer and return what it saw, by window; nothing when it was ended by somebody else."""
        self._window.value = FINISHED
        told = b""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            told = self.process.communicate(timeout=_START_LIMIT)[0]
        self.stop()
        if not told:
            return {}
        return {int(window): Tally(*values) for window, values in json.loads(told).items()}

    def stop(self) -> None:
        """End the observer at once."""
        self.process.kill()
        with contextlib.suppress(OSError):
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def _permit_children() -> None:
    """Where only ancestors may read a process (Yama), let the processes we start read this one."""
    set_ptracer, any_process = 0x59616D61, ctypes.c_ulong(-1)  # PR_SET_PTRACER, PR_SET_PTRACER_ANY, <linux/prctl.h>
    ctypes.CDLL(None).prctl(set_ptracer, any_process, 0, 0, 0)


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Reader:
    """One system call that copies the window number and a burst of lock words out of another process."""

    def __init__(self, process: int, window: int, word: int, burst: int) -> None:
        self.buffer = ctypes.create_string_buffer(8 + _STATE.size * burst)
        remote = [_Vector(window, 8)] + [_Vector(word, _STATE.size)] * burst
        self._remote = (_Vector * len(remote))(*remote)
        self._local = _Vector(ctypes.addressof(self.buffer), len(self.buffer))
        read = ctypes.CDLL(None, use_errno=True).process_vm_readv
        read.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
        read.restype = ctypes.c_ssize_t
        self._read = read
        self._arguments = (process, ctypes.addressof(self._local), 1, ctypes.addressof(self._remote), len(remote), 0)
        self._unpack = struct.Struct("=q" + "qi" * burst).unpack

    def __call__(self) -> tuple[int, ...]:
        if self._read(*self._arguments) != len(self.buffer):
            raise ProcessLookupError(ctypes.get_errno(), "the observed process is gone or refuses")
        return self._unpack(self.buffer.raw)


def _seconds_a_burst(process: int, window: int, word: int) -> float:
    """How long the words of one burst are apart in all: the call's time less that of a call for a single word."""

    def median(burst: int) -> float:
        read = _Reader(process, window, word, burst)
        times = []
        for _ in range(41):
            began = time.perf_counter()
            read()
            times.append(time.perf_counter() - began)
        return sorted(times)[20]

    return max(median(BURST) - median(1), 1e-7)


def _any_thread_runs(process: int) -> bool:
    """Whether a thread of `process` has a core or queues for one (state R in /proc/PID/task/TID/stat)."""
    for task in os.listdir(f"/proc/{process}/task"):  # noqa: PTH208  (2,000 times a second: no objects)
        with contextlib.suppress(OSError), open(f"/proc/{process}/task/{task}/stat", "rb", buffering=0) as stat:  # noqa: PTH123
            if stat.read(512).rpartition(b") ")[2][:1] == b"R":
                return True
    return False


def _observe(process: int, window_at: int, word_at: int, thread: int) -> None:
    libc = ctypes.CDLL(None)
    set_death_signal, set_timer_slack = 1, 29  # <linux/prctl.h>
    libc.prctl(set_death_signal, 9)
    libc.prctl(set_timer_slack, 1)
    if os.getppid() != process:
        return
    burst = _seconds_a_burst(process, window_at, word_at)
    read = _Reader(process, window_at, word_at, BURST)
    os.write(1, b"+")
    tallies: dict[int, list[float]] = {}
    draw = random.Random().expovariate
    rate = 1 / MEAN_INTERVAL
    due = time.perf_counter()
    while True:
        window, *words = read()
        now = time.perf_counter()
        if window == FINISHED:
            break
        if window >= 0:
            tally = tallies.get(window)
            if tally is None:
                tally = tallies[window] = [0.0] * 7
            locks = words[1::2]
            tally[0] += 1
            tally[1] += sum(locks) / BURST
            tally[2] += (
                sum(1 for holder, lock in zip(words[::2], locks, strict=True) if lock and holder == thread) / BURST
            )
            tally[3] += sum(1 for one, other in pairwise(locks) if one != other)
            tally[4] += burst
            if tally[0] % THREADS_EVERY == 0:
                tally[5] += 1
                tally[6] += not _any_thread_runs(process)
        # The schedule is absolute: instants that pass while this process is not running are passed over.
        while due <= now:
            due += draw(rate)
        time.sleep(due - now)
    sys.stdout.write(json.dumps(tallies))
    sys.stdout.flush()


if __name__ == "__main__":
    with contextlib.suppress(ProcessLookupError, BrokenPipeError, KeyboardInterrupt):
        _observe(*(int(argument) for argument in sys.argv[1:]))
