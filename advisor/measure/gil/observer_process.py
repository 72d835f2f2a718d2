"""Read the GIL from outside: a small process reads this one's lock word at random instants, without taking the GIL.

The observer runs this very file as a script. Some 2,000 times a second it copies two things: the number of the
*window*, which the observed process sets when a batch begins, and the lock word. The share of taken locks is the share
of time in which the GIL is held. Every fourth time it copies the word `BURST` times over: changes within a burst give
the rate of GIL releases, which no counter shows. One system call (`process_vm_readv`) copies it all, the words 0.3 µs
apart. Where that is refused, as in some containers, the observer reads the file of this process's memory, which this
process opened for it: that needs no permission, but one call per word, 1 µs apart.

The scheduler tends to put a sleeper that wakes on the core of the process that it watches, behind it, and such a late
look finds the GIL free more often than it is. So the observer asks for real-time priority and moves to another core;
where it may not, it counts the instants that it missed for this reason, and `summarize` makes up for them.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import os
import random
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from advisor.measure.gil.locate import LockWord

BURST = 16
MEAN_INTERVAL = 0.5e-3  # seconds
MEAN_INTERVAL_ONE_CORE = 4e-3
LATE = 0.2e-3  # seconds after which an instant counts as missed
BURST_EVERY, THREADS_EVERY, CORE_EVERY = 4, 8, 32  # instants: what costs more is read less often
PAUSED, FINISHED = -1, -2
BY_CALL = True  # use the system call where it is permitted, else the file
_STATE = struct.Struct("=qi")  # last_holder, locked
_START_SECONDS = 1.0


class Observations(NamedTuple):
    """Counts of one window: instants, and how many of them found the GIL taken.

    `own`: taken by the thread that started the observer. `missed`: instants that passed while the observer waited for
    the core on which that thread was computing. `changes`: takings and releases within the bursts, which together
    lasted `watched` seconds. `looks`: how often the states of all threads were read. `idle`: how often none was
    running.
    """

    instants: float
    taken: float
    own: float
    missed: float
    changes: float
    watched: float
    looks: float
    idle: float


class Observer:
    """A running observer of this process. The caller numbers the windows, from 0 up."""

    def __init__(self, word: LockWord, *, wait: bool = True) -> None:
        """Start observing; raise OSError where the platform does not let this process be read.

        Without `wait`, return at once: `is_ready` tells when it observes.
        """
        self._window = ctypes.c_int64(PAUSED)
        self._deadline = time.monotonic() + _START_SECONDS
        memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.process = self._start_process(word, memory)
        finally:
            os.close(memory)
        self._is_permitted = _permit(self.process.pid)
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # the signal to begin: by now it is permitted to read
        self.process.stdin = None
        if wait:
            self.is_ready(_START_SECONDS)

    def _start_process(self, word: LockWord, memory: int) -> subprocess.Popen[bytes]:
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

    def is_ready(self, seconds: float) -> bool:
        """Return True when it observes; wait so many seconds at most, and raise OSError after `_START_SECONDS`."""
        import select

        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        if ready and os.read(self.process.stdout.fileno(), 1) == b"+":
            return True
        if not ready and time.monotonic() < self._deadline:
            return False
        self.stop()
        raise OSError("another process must not read the memory of this one")

    def begin(self, window: int) -> None:
        """Count observations for this window from now on."""
        self._window.value = window

    def pause(self) -> None:
        """Count nothing from now on."""
        self._window.value = PAUSED

    def finish(self) -> dict[int, Observations]:
        """End the observer and return its observations by window; empty if another process ended it."""
        self._window.value = FINISHED
        output = b""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            output = self.process.communicate(timeout=_START_SECONDS)[0]
        self.stop()
        if not output:
            return {}
        return {int(window): Observations(*counts) for window, counts in json.loads(output).items()}

    def stop(self) -> None:
        """End the observer at once."""
        self.process.kill()
        with contextlib.suppress(OSError):
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        if self._is_permitted:
            self._is_permitted = _permit(0)


def _permit(process: int) -> bool:
    """Let that process read this one where only ancestors may (Yama); 0 takes it back. Return True if it was needed."""
    try:
        if Path("/proc/sys/kernel/yama/ptrace_scope").read_text().strip() != "1":
            return False
    except OSError:
        return False
    set_ptracer = 0x59616D61  # PR_SET_PTRACER, <linux/prctl.h>
    return ctypes.CDLL(None).prctl(set_ptracer, ctypes.c_ulong(process), 0, 0, 0) == 0  # type: ignore[no-any-return]


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class SystemCallReader:
    """Copies the window number and a burst of lock words out of another process with one system call."""

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
            raise ProcessLookupError(ctypes.get_errno(), "the observed process is gone or refuses to be read")
        return self._unpack(self.buffer.raw)


class FileReader:
    """Does the same through the open file of that process's memory, word by word."""

    def __init__(self, memory: int, window: int, word: int, burst: int) -> None:
        self._window = (memory, 8, window)
        self._words = [(memory, _STATE.size, word)] * burst
        self._unpack = _window_and(burst).unpack

    def __call__(self) -> tuple[int, ...]:
        read = b"".join([os.pread(*self._window), *itertools.starmap(os.pread, self._words)])
        if len(read) != 8 + _STATE.size * len(self._words):
            raise ProcessLookupError("the observed process is gone")
        return self._unpack(read)


Reader = Callable[[], tuple[int, ...]]


def _window_and(words: int) -> struct.Struct:
    return struct.Struct("=q" + "qi" * words)


class _Observed(NamedTuple):
    """The observer's command-line arguments, which name the process to observe."""

    process: int
    window_address: int
    word_address: int
    thread_state: int  # address of the PyThreadState whose takings are counted as `own`
    thread: int
    memory: int  # descriptor of the file of the process's memory
    by_call: int


def _readers(observed: _Observed) -> tuple[Reader, Reader, float]:
    """Return the best readers that work, of one word and of a burst, and the seconds that a burst lasts."""
    by_call, by_file = (SystemCallReader, observed.process), (FileReader, observed.memory)
    for reader, source in (by_call, by_file) if observed.by_call else (by_file,):
        with contextlib.suppress(OSError, AttributeError):  # refused, or unknown to this C library
            one, many = (reader(source, observed.window_address, observed.word_address, words) for words in (1, BURST))
            return one, many, _burst_seconds(one, many)
    raise PermissionError("the observed process may not be read")


def _burst_seconds(one: Reader, many: Reader) -> float:
    """Return the time from the first to the last word of a burst: that of a burst less that of a single word."""

    def median(read: Reader) -> float:
        times = []
        for _ in range(41):
            began = time.perf_counter()
            read()
            times.append(time.perf_counter() - began)
        return sorted(times)[20]

    return max(median(many) - median(one), 1e-7)


def _stat(process: int, thread: str) -> list[bytes]:
    """Return the fields of /proc/PID/task/TID/stat after the name: the state is first."""
    with open(f"/proc/{process}/task/{thread}/stat", "rb", buffering=0) as stat:  # noqa: PTH123  (called often)
        return stat.read(1024).rpartition(b") ")[2].split()


def _any_thread_runs(process: int) -> bool:
    """Return True if a thread of the process has a core or waits for one."""
    for task in os.listdir(f"/proc/{process}/task"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            if _stat(process, task)[0] == b"R":
                return True
    return False


class _Placement:
    """Keeps this process at real-time priority, where permitted, and off the core of the thread that it watches."""

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
        """Return True if the watched thread last ran on the core that this process runs on now."""
        return self._watched_core() == int(self._libc.sched_getcpu())


def _observe(observed: _Observed) -> None:
    libc = ctypes.CDLL(None)
    set_death_signal, set_timer_slack = 1, 29  # <linux/prctl.h>
    libc.prctl(set_death_signal, 9)
    libc.prctl(set_timer_slack, 1)
    if os.getppid() != observed.process:
        return
    os.read(0, 1)
    one, many, seconds = _readers(observed)
    placement = _Placement(observed.process, observed.thread)
    os.write(1, b"+")
    counts: dict[int, list[float]] = {}
    draw = random.Random().expovariate
    rate = 1 / (MEAN_INTERVAL_ONE_CORE if placement.is_only_core else MEAN_INTERVAL)
    process, thread_state = observed.process, observed.thread_state
    due = time.perf_counter()
    for look in itertools.count():
        now = time.perf_counter()
        is_burst = look % BURST_EVERY == 0
        window, *words = many() if is_burst else one()
        if window == FINISHED:
            break
        if window >= 0:
            count = counts.setdefault(window, [0.0] * 8)
            if now - due > LATE:  # the state at `due` is not known; being late on another core says nothing about it
                count[3] += 1 + (now - due) * rate if placement.is_behind() else 0
            else:
                count[0] += 1
                count[1] += words[1]
                count[2] += words[1] and words[0] == thread_state
            if is_burst:
                count[4] += sum(1 for earlier, later in itertools.pairwise(words[1::2]) if earlier != later)
                count[5] += seconds
            if look % THREADS_EVERY == 1:
                count[6] += 1
                count[7] += not _any_thread_runs(process)
        if look % CORE_EVERY == 0:
            placement.keep_away()
        # The schedule is absolute: instants that pass while this process is not running are skipped.
        now = time.perf_counter()
        due += draw(rate)
        while due <= now:
            due += draw(rate)
        time.sleep(due - now)
    sys.stdout.write(json.dumps(counts))
    sys.stdout.flush()


if __name__ == "__main__":
    with contextlib.suppress(OSError, KeyboardInterrupt):
        _observe(_Observed(*(int(argument) for argument in sys.argv[1:])))
