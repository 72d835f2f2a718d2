"""Run calls in a pool, and functions to call there."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from advisor.jobs.pools.pool import Chunk, Done, Pool, Report


def collect(pool: Pool, arguments: Iterable[Any], size: int = 1) -> tuple[dict[int, Done], list[Report]]:
    """Run a call for each argument, in chunks; return the ended calls by their keys, and the reports of losses."""
    inputs = list(enumerate(arguments))
    chunks = [
        Chunk(number, [key for key, _ in part], [((value,), {}) for _, value in part])
        for number, part in enumerate(inputs[i : i + size] for i in range(0, len(inputs), size))
    ]
    done: dict[int, Done] = {}
    lost = []
    open_chunks = len(chunks)
    while open_chunks:
        while chunks and pool.room():
            pool.send(chunks.pop(0))
        for report in pool.receive(30):
            done.update({call.key: call for call in report.done})
            open_chunks -= report.finished
            if report.lost:
                lost.append(report)
    return done, lost


def results(pool: Pool, arguments: Iterable[Any], size: int = 1) -> list[Any]:
    """Return the results of calls that succeed, in order."""
    done, lost = collect(pool, arguments, size)
    assert not lost
    assert not any(call.failed for call in done.values())
    return [done[key].value for key in sorted(done)]


def failure(pool: Pool, argument: Any) -> BaseException:
    """Return the exception of a call that fails."""
    done, lost = collect(pool, [argument])
    assert not lost
    assert done[0].failed
    error = done[0].value
    assert isinstance(error, BaseException)
    return error


def double(value: Any) -> Any:
    return value * 2


def call(function: Any) -> Any:
    return function()


def pid(_: Any = None) -> int:
    return os.getpid()


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def note_and_sleep(folder: Path, number: int) -> int:
    (folder / str(number)).touch()
    time.sleep(0.2)
    return number


def refuse(value: Any) -> None:
    raise ValueError(f"no {value} here")


def die(way: str) -> str:
    if way == "SIGSEGV":
        os.kill(os.getpid(), signal.SIGSEGV)
    if way == "null pointer":
        ctypes.string_at(0)
    if way == "SIGKILL":
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "late":
        time.sleep(0.1)
    if way in ("exit", "late"):
        os._exit(3)
    return way


def make_lock(_: Any) -> Any:
    return threading.Lock()


def start_program(path: str) -> None:
    """Start a program that writes its process id into a file, and wait for it."""
    subprocess.run(
        [sys.executable, "-c", f"import os, time; open({path!r}, 'w').write(str(os.getpid())); time.sleep(60)"]
    )


def fork_and_die(seconds: float) -> None:
    """Leave a fork behind, which keeps what it has inherited."""
    if not os.fork():
        time.sleep(seconds)
        os._exit(0)
    os._exit(3)


def surroundings(_: Any) -> tuple[list[str], Path, list[str], Any]:
    return sys.argv, Path.cwd(), sys.path, signal.getsignal(signal.SIGTERM)


def random_numbers(_: Any) -> tuple[int, float, float]:
    import random

    import numpy as np

    time.sleep(0.05)  # so that another worker gets the next call
    return os.getpid(), random.random(), float(np.random.random())


def hold_the_gil(seconds: int) -> None:
    ctypes.PyDLL(None).sleep(seconds)


def use_program(seconds: float) -> None:
    code = f"import time\nwhile time.process_time() < {seconds}: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
