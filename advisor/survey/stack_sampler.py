"""Sample the stacks of this process from a thread, and stream them to another process while the program runs.

Only modules that the interpreter loads anyway are imported, since every other would delay the program. A sample stands
for the time since the one before: a thread that keeps the GIL in native code delays the sampler, and that time belongs
to the line that is found afterwards.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from collections.abc import Callable
from time import clock_gettime, perf_counter, process_time, sleep
from types import FrameType

MEAN_INTERVAL = 8e-3  # seconds
SEND_INTERVAL = 0.25
CHILDREN_INTERVAL = 0.05
HELD_DELAY = 1e-3  # seconds that a sleeper waits for the GIL, from which another thread must have held it
MAX_DEPTH = 400  # frames that are looked at
_SIGKILL = 9  # the module `signal` is not loaded yet
_WAITING_FILES = ("threading.py", "queue.py", "selectors.py", "subprocess.py", "socketserver.py", "popen_fork.py")
_WAITING_FOLDERS = ("/concurrent/futures/", "/multiprocessing/", "/asyncio/")

Stack = tuple[int, ...]  # numbers of frames, the outermost first


class StackSampler:
    """Samples all threads until it is stopped.

    Args:
        is_users: Tells the user's files from others by their names.
        descriptor: Where to write the samples, as lines of JSON.
    """

    def __init__(self, is_users: Callable[[str], bool], descriptor: int) -> None:
        self._is_users = is_users
        self._descriptor = descriptor
        self._pipe = _identity(descriptor)
        self._process = os.getpid()
        self._main = threading.main_thread().ident
        self._main_clock = _cpu_clock(self._main)
        self._main_number = threading.main_thread().native_id
        self._frames: dict[tuple[str, int, str], int] = {}
        self._new_frames: list[tuple[str, int, str]] = []
        self._stacks: dict[Stack, list[float]] = {}
        self._children = 0  # started, at the most at once
        self._child_cores = 0.0
        self._stopped = threading.Event()
        self._began = perf_counter()
        self._thread = threading.Thread(target=self._run, name="advisor-sampler", daemon=True)
        self._thread.start()

    def stop(self, *, is_complete: bool = True) -> None:
        """Send what was not sent; does nothing in a forked child.

        Args:
            is_complete: The program ends with its exit handlers.
        """
        if os.getpid() != self._process or self._stopped.is_set():
            return
        self._stopped.set()
        self._thread.join(timeout=1.0)
        self._send(is_last=is_complete)

    def _run(self) -> None:
        draw = random.Random().uniform  # the program's own random stream stays as it is
        last = self._began
        last_cpu, last_process = self._main_cpu(), process_time()
        sent = looked = last
        while not self._stopped.is_set():
            pause = draw(0.5 * MEAN_INTERVAL, 1.5 * MEAN_INTERVAL)
            asleep = perf_counter()
            sleep(pause)
            now = perf_counter()
            cpu, process = self._main_cpu(), process_time()
            held = now - asleep - pause > HELD_DELAY
            self._sample(now - last, cpu - last_cpu, process - last_process, held)
            last, last_cpu, last_process = now, cpu, process
            if now - looked > CHILDREN_INTERVAL:
                self._look_at_children(now - looked)
                looked = now
            if now - sent > SEND_INTERVAL:
                self._send()
                sent = now

    def _sample(self, seconds: float, cpu: float, process: float, held: bool) -> None:
        """Add the time since the last sample to the stack of the main thread."""
        own = threading.get_ident()
        stack: Stack = ()
        active = 0
        for ident, frame in sys._current_frames().items():
            if ident == self._main:
                stack = self._stack_of(frame)
            if ident != own and self._is_active(frame):
                active += 1
        counts = self._stacks.setdefault(stack, [0.0] * 6)
        computing = min(cpu, seconds)
        for index, value in enumerate(
            (
                1.0,
                seconds,
                computing,
                computing if held else 0.0,
                process + self._child_cores * seconds,
                active * seconds,
            )
        ):
            counts[index] += value

    def _stack_of(self, frame: FrameType | None) -> Stack:
        found: list[int] = []
        depth = 0
        while frame is not None and depth < MAX_DEPTH:
            code = frame.f_code
            if self._is_users(code.co_filename):
                found.append(self._number(code.co_filename, frame.f_lineno or code.co_firstlineno, code.co_qualname))
            frame = frame.f_back
            depth += 1
        return tuple(reversed(found))

    def _number(self, file: str, line: int, function: str) -> int:
        key = (file, line, function)
        number = self._frames.get(key)
        if number is None:
            number = self._frames[key] = len(self._frames)
            self._new_frames.append(key)
        return number

    def _is_active(self, frame: FrameType | None) -> bool:
        """Return True if a thread is at work in the user's code, and does not wait for another thread."""
        if frame is None:
            return False
        file = frame.f_code.co_filename
        if file.endswith(_WAITING_FILES) or any(folder in file for folder in _WAITING_FOLDERS):
            return False
        depth = 0
        while frame is not None and depth < MAX_DEPTH:
            if self._is_users(frame.f_code.co_filename):
                return True
            frame = frame.f_back
            depth += 1
        return False

    def _look_at_children(self, seconds: float) -> None:
        """Note the child processes, and how many cores they have kept busy since the last look."""
        pids = _children()
        self._children = max(self._children, len(pids))
        cpus = {pid: _cpu_of(pid) for pid in pids}
        before = getattr(self, "_child_cpus", {})
        busy = sum(max(0.0, cpu - before.get(pid, 0.0)) for pid, cpu in cpus.items())
        self._child_cpus = cpus
        self._child_cores = min(busy / seconds, float(len(pids)))

    def _main_cpu(self) -> float:
        """Return the seconds that the main thread has computed, or had to wait for a core to do so."""
        cpu = clock_gettime(self._main_clock) if self._main_clock is not None else process_time()
        return cpu + _run_queue(self._main_number)

    def _send(self, *, is_last: bool = False) -> None:
        """Write what was sampled since the last message; end the program if whoever reads it has gone."""
        if os.getpid() != self._process:
            return
        message = {
            "frames": self._new_frames,
            "stacks": [[list(stack), counts] for stack, counts in self._stacks.items()],
            "seconds": perf_counter() - self._began,
            "cpu": process_time() + _children_cpu(),
            "children": self._children,
            "last": is_last,
        }
        self._new_frames, self._stacks = [], {}
        data = json.dumps(message).encode() + b"\n"
        try:
            if _identity(self._descriptor) != self._pipe:  # the program has closed it, and maybe opened another file
                raise OSError
            while data:
                data = data[os.write(self._descriptor, data) :]
        except BrokenPipeError:
            os.kill(os.getpid(), _SIGKILL)
        except OSError:
            self._stopped.set()


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _cpu_clock(thread: int | None) -> int | None:
    import time

    if thread is None or not hasattr(time, "pthread_getcpuclockid"):  # Windows, macOS
        return None
    return time.pthread_getcpuclockid(thread)


def _run_queue(thread: int | None) -> float:
    """Return the seconds that a thread of this process has waited for a core; 0 where the kernel does not say."""
    try:  # opened each time: a program may close all files that it does not know
        with open(f"/proc/self/task/{thread}/schedstat", "rb", buffering=0) as file:  # noqa: PTH123
            return int(file.read(200).split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def _children() -> list[int]:
    """Return the ids of the child processes, where the kernel lists them."""
    found: list[int] = []
    try:
        for task in os.listdir("/proc/self/task"):  # noqa: PTH208  (pathlib is not loaded yet)
            with open(f"/proc/self/task/{task}/children", "rb", buffering=0) as file:  # noqa: PTH123
                found += map(int, file.read(65536).split())
    except OSError:
        return found
    return found


def _cpu_of(pid: int) -> float:
    try:
        return clock_gettime((~pid << 3) | 2)  # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of the kernel
    except OSError:
        return 0.0


def _children_cpu() -> float:
    """Return the CPU seconds of children that have ended."""
    times = os.times()
    return times.children_user + times.children_system
