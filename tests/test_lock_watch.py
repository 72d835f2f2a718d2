"""The watch for locks: real threads that wait for one, and threads that wait for something else."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from advisor.jobs import lock_watch
from advisor.jobs.lock_watch import LOOKS, LockWatch
from advisor.jobs.pools.pool import Chunk, Setup
from advisor.jobs.pools.threads import ThreadPool
from advisor.jobs.review import Verdict

LOCK = threading.Lock()
CONDITION = threading.Condition()
FILLED: queue.Queue[int] = queue.Queue()
EVENT = threading.Event()
PIPE = os.pipe()
WORKERS = 4


def enter(_: int) -> None:
    with LOCK:
        pass


def acquire(_: int) -> None:
    LOCK.acquire()
    LOCK.release()


def take(_: int) -> None:
    FILLED.get()


def read(_: int) -> None:
    with open(PIPE[0], "rb", buffering=0, closefd=False) as file:
        file.read(1)


def sleep(_: int) -> None:
    while not EVENT.is_set():
        time.sleep(0.001)


@contextmanager
def running(function: Callable[[int], None]) -> Iterator[ThreadPool]:
    """Run a call in each thread; they wait until the end of the block."""
    EVENT.clear()
    pool = ThreadPool(Setup(function), WORKERS)
    with LOCK:
        for number in range(WORKERS):
            pool.send(Chunk(number, [number], [((number,), {})]))
        try:
            yield pool
        finally:
            EVENT.set()
            for number in range(WORKERS):
                FILLED.put(number)
                os.write(PIPE[1], b"1")
    for _ in range(WORKERS):
        pool.receive(10.0)
    pool.close()
    while not FILLED.empty():
        FILLED.get()


def look(pool: ThreadPool, *, calls: int = 10, rest: int = 1_000_000, in_processes: float = 1e-3) -> Verdict | None:
    """Look until there is a verdict, for a while at most."""
    watch = LockWatch(pool, 1e-3, in_processes)
    end = time.monotonic() + 10.0
    while (found := watch.look(calls, rest)) is None and time.monotonic() < end and calls:
        time.sleep(0.005)
        if watch.looks > 5 * LOOKS:
            return None
    return found


@pytest.mark.parametrize("function", [enter, acquire, take])
def test_threads_that_wait_for_a_lock_are_found(function: Any) -> None:
    """A statement, a call, and a queue of the standard library; the verdict names the line."""
    with running(function) as pool:
        found = look(pool)
    assert found is not None
    line = function.__code__.co_firstlineno + 1
    assert f"threads waited for a lock of this process (test_lock_watch.py:{line})" in found.why
    assert (found.leave, found.measure) == (True, False)
    assert found.speed_up is not None


@pytest.mark.parametrize("function", [sleep, read])
def test_threads_that_wait_for_something_else_are_left_alone(function: Any) -> None:
    """Sleeping, or a service, is no lock of this process; nor is a file in a with statement."""
    with running(function) as pool:
        assert look(pool) is None


@pytest.mark.parametrize("options", [{"rest": 1}, {"in_processes": float("inf")}, {"calls": 0}])
def test_a_lock_is_no_reason_to_leave_if_nothing_is_gained(options: dict[str, Any]) -> None:
    """The job is about to end, processes cannot run it, or nothing is known about the pace."""
    with running(enter) as pool:
        assert look(pool, **options) is None


def test_a_few_threads_may_wait() -> None:
    """Most threads must wait, in several looks in a row."""
    assert lock_watch.LEAST_THREADS > 2
    pool = ThreadPool(Setup(enter), 2)
    with LOCK:
        for number in range(2):
            pool.send(Chunk(number, [number], [((number,), {})]))
        assert look(pool) is None
    for _ in range(2):
        pool.receive(10.0)
    pool.close()


def test_instruction_without_a_line():
    """A thread at an instruction that belongs to no line does not wait for a lock, as far as can be seen."""
    frame = SimpleNamespace(f_code=enter.__code__, f_lineno=None, f_lasti=0, f_back=None, f_globals=globals())
    assert lock_watch._lock_place(frame) == ""
