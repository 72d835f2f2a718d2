"""The GIL read from outside: a small process reads this one's lock word at random instants, without taking the GIL.

The observer runs this very file as a script. Some 2,000 times a second it copies the *window* number that the observed
process sets when a stretch of measuring begins, and the lock word: the share of taken locks is the share of time the
GIL is held. Every fourth time it copies the word `BURST` times over: changes within a burst are the rate at which the
GIL is released, which no counter shows. One system call (`process_vm_readv`) copies it all, the words 0.3 µs apart.
Where that is refused, as in some containers, the observer reads the file of this process's memory, which this process
opened for it: that needs nobody's leave, but a call for each word, 1 µs apart.

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
from collections.abc import Callable
from dataclasses import astuple, dataclass
from itertools import count, pairwise, starmap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.measure.gil.locate import LockWord

BURST = 16
MEAN_INTERVAL = 0.5e-3
MEAN_INTERVAL_ONE_CORE = 4e-3
LATE = 0.2e-3  # seconds after which an instant counts as missed
BURST_EVERY, THREADS_EVERY, CORE_EVERY = 4, 8, 32  # instants: what costs more than the lock word is read less often
PAUSED, FINISHED = -1, -2
BY_CALL = True  # read by one system call where that is permitted, else by the file
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
        memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.process = self._started(word, memory)
        finally:
            os.close(memory)
        self._permitted = _permit(self.process.pid)
        if not self._is_ready():
            self.stop()
            raise OSError("this process may not be read from outside")

    def _started(self, word: LockWord, memory: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
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
                str(memory),
                str(int(BY_CALL)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(memory,),
        )

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


class Calls:
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
        self._unpack = _window_and(burst).unpack

    def __call__(self) -> tuple[int, ...]:
        if self._read(*self._arguments) != len(self.buffer):
            raise ProcessLookupError(ctypes.get_errno(), "the observed process is gone or refuses")
        return self._unpack(self.buffer.raw)


class File:
    """The same through the open file of that process's memory, word by word."""

    def __init__(self, memory: int, window: int, word: int, burst: int) -> None:
        self._window = (memory, 8, window)
        self._words = [(memory, _STATE.size, word)] * burst
        self._unpack = _window_and(burst).unpack

    def __call__(self) -> tuple[int, ...]:
        read = b"".join([os.pread(*self._window), *starmap(os.pread, self._words)])
        if len(read) != 8 + _STATE.size * len(self._words):
            raise ProcessLookupError("the observed process is gone")
        return self._unpack(read)


Look = Callable[[], tuple[int, ...]]


def _window_and(words: int) -> struct.Struct:
    return struct.Struct("=q" + "qi" * words)


def _looks(process: int, memory: int, window: int, word: int, by_call: int) -> tuple[Look, Look, float]:
    """A look at one word, one at a burst of them, and the seconds that a burst lasts: in the best way there is."""
    ways = ((Calls, process), (File, memory)) if by_call else ((File, memory),)
    for way, source in ways:
        with contextlib.suppress(OSError, AttributeError):  # refused, or unknown to this C library
            one, many = (way(source, window, word, words) for words in (1, BURST))
            return one, many, _seconds_a_burst(one, many)
    raise PermissionError("the observed process may not be read")


def _seconds_a_burst(one: Look, many: Look) -> float:
    """How long the words of one burst are apart in all: the look's time less that of a look at a single word."""

    def median(look: Look) -> float:
        times = []
        for _ in range(41):
            began = time.perf_counter()
            look()
            times.append(time.perf_counter() - began)
        return sorted(times)[20]

    return max(median(many) - median(one), 1e-7)


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


def _observe(
    process: int, window_at: int, word_at: int, thread: int, thread_id: int, memory: int, by_call: int
) -> None:
    libc = ctypes.CDLL(None)
    set_death_signal, set_timer_slack = 1, 29  # <linux/prctl.h>
    libc.prctl(set_death_signal, 9)
    libc.prctl(set_timer_slack, 1)
    if os.getppid() != process:
        return
    os.read(0, 1)
    one, many, seconds = _looks(process, memory, window_at, word_at, by_call)
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
