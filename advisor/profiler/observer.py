"""The GIL read from outside: a small process reads this one's lock word at random instants, without taking the GIL.

The observer runs this very file as a script. Some 2,000 times a second it copies, in one system call
(`process_vm_readv`), the *window* number that the observed process sets when a stretch of measuring begins, and the
lock word: the share of taken locks is the share of time the GIL is held. Every fourth time it copies the word `BURST`
times over, 0.3 µs apart: changes within a burst are the rate at which the GIL is released, which no counter shows.

The scheduler likes to stack a sleeper that wakes on the core of the one it watches, behind it, and such a late look
finds the GIL released more often than it is. So the observer asks for real-time priority and moves to another core;
where it may not, it tells the instants that it missed for this reason, and `summary` makes up for them.
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
import threading
import time
from dataclasses import astuple, dataclass
from itertools import count, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.profiler.lockword import LockWord

BURST = 16
MEAN_INTERVAL = 0.5e-3
MEAN_INTERVAL_ONE_CORE = 4e-3
LATE = 0.2e-3  # seconds after which an instant counts as missed
BURST_EVERY, THREADS_EVERY, CORE_EVERY = 4, 8, 32  # instants: what costs more than the lock word is read less often
PAUSED, FINISHED = -1, -2
_STATE = struct.Struct("=qi")  # last_holder, locked
_START_LIMIT = 1.0


@dataclass(frozen=True)
class Tally:
    """What was seen in one window: instants looked at, and how many of them found the GIL taken.

    `own`: taken by the thread that started the observer. `missed`: instants that passed while the observer stood in
    line for the core on which that thread was computing. `changes`: taken or released within the bursts, which together
    lasted `watched` seconds. `looks`: how often the states of all threads were read, and `idle`: how often none of them
    was running.
    """

    instants: float
    taken: float
    own: float
    missed: float
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
                str(threading.get_native_id()),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._permitted = _permit(self.process.pid)
        if not self._is_ready():
            self.stop()
            raise OSError("this process may not be read from outside")

    def _is_ready(self) -> bool:
        import select

        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # it may begin: by now it has been permitted to read
        self.process.stdin = None
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
        if self._permitted:
            self._permitted = _permit(0)


def _permit(process: int) -> bool:
    """Where only ancestors may read a process (Yama), let that one read this one; 0 takes it back."""
    try:
        if Path("/proc/sys/kernel/yama/ptrace_scope").read_text().strip() != "1":
            return False
    except OSError:
        return False
    set_ptracer = 0x59616D61  # PR_SET_PTRACER, <linux/prctl.h>
    return ctypes.CDLL(None).prctl(set_ptracer, ctypes.c_ulong(process), 0, 0, 0) == 0  # type: ignore[no-any-return]


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


def _stat(process: int, thread: str) -> list[bytes]:
    """The fields of /proc/PID/task/TID/stat after the name: the state is first."""
    with open(f"/proc/{process}/task/{thread}/stat", "rb", buffering=0) as stat:  # noqa: PTH123  (often: no objects)
        return stat.read(1024).rpartition(b") ")[2].split()


def _any_thread_runs(process: int) -> bool:
    """Whether a thread of `process` has a core or queues for one."""
    for task in os.listdir(f"/proc/{process}/task"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            if _stat(process, task)[0] == b"R":
                return True
    return False


class _Place:
    """Where this process runs, and how urgently: not on the core of the thread that it watches, if there is another."""

    def __init__(self, process: int, thread: int) -> None:
        self._process, self._thread = process, str(thread)
        self._allowed = os.sched_getaffinity(0)
        self._libc = ctypes.CDLL(None)
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))

    @property
    def is_only_core(self) -> bool:
        return len(self._allowed) == 1

    def _watched_core(self) -> int:
        return int(_stat(self._process, self._thread)[36])  # field 39, `processor`

    def keep_away(self) -> None:
        core = self._watched_core()
        if core == self._libc.sched_getcpu() and len(self._allowed) > 1:
            os.sched_setaffinity(0, self._allowed - {core})

    def is_behind(self) -> bool:
        """Whether the thread last ran on the core that this process has got now."""
        return self._watched_core() == int(self._libc.sched_getcpu())


def _observe(process: int, window_at: int, word_at: int, thread: int, thread_id: int) -> None:
    libc = ctypes.CDLL(None)
    set_death_signal, set_timer_slack = 1, 29  # <linux/prctl.h>
    libc.prctl(set_death_signal, 9)
    libc.prctl(set_timer_slack, 1)
    if os.getppid() != process:
        return
    os.read(0, 1)
    seconds = _seconds_a_burst(process, window_at, word_at)
    one, many = (_Reader(process, window_at, word_at, words) for words in (1, BURST))
    place = _Place(process, thread_id)
    os.write(1, b"+")
    tallies: dict[int, list[float]] = {}
    draw = random.Random().expovariate
    rate = 1 / (MEAN_INTERVAL_ONE_CORE if place.is_only_core else MEAN_INTERVAL)
    due = time.perf_counter()
    for look in count():
        now = time.perf_counter()
        is_burst = look % BURST_EVERY == 0
        window, *words = many() if is_burst else one()
        if window == FINISHED:
            break
        if window >= 0:
            tally = tallies.setdefault(window, [0.0] * 8)
            if now - due > LATE:  # the state at `due` is not known; others' cores tell nothing about it
                tally[3] += 1 + (now - due) * rate if place.is_behind() else 0
            else:
                tally[0] += 1
                tally[1] += words[1]
                tally[2] += words[1] and words[0] == thread
            if is_burst:
                tally[4] += sum(1 for earlier, later in pairwise(words[1::2]) if earlier != later)
                tally[5] += seconds
            if look % THREADS_EVERY == 1:
                tally[6] += 1
                tally[7] += not _any_thread_runs(process)
        if look % CORE_EVERY == 0:
            place.keep_away()
        # The schedule is absolute: instants that pass while this process is not running are passed over.
        now = time.perf_counter()
        due += draw(rate)
        while due <= now:
            due += draw(rate)
        time.sleep(due - now)
    sys.stdout.write(json.dumps(tallies))
    sys.stdout.flush()


if __name__ == "__main__":
    with contextlib.suppress(OSError, KeyboardInterrupt):
        _observe(*(int(argument) for argument in sys.argv[1:]))
