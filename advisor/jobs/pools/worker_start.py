"""Start worker processes: as forks, or as new interpreters that never import the user's `__main__`."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Literal

from advisor.jobs.pools import pickles, process_worker
from advisor.jobs.pools.pool import CannotLoadError, Setup
from advisor.jobs.pools.worker_logs import levels
from advisor.target.loader import aliased_files
from advisor.target.process_tree import kill_tree
from advisor.target.python_command import command

StartMethod = Literal["fork", "spawn", "forkserver"]
_BUFFER = 256 * 1024  # bytes of a connection; the system may allow less
_connections: weakref.WeakSet[Connection] = weakref.WeakSet()  # this process's ends


@dataclass(frozen=True)
class Started:
    """A worker process, this process's end of its connection, and what to send first."""

    pid: int
    connection: Connection
    poll: Callable[[], int | None]
    first_message: bytes = b""
    forked: BaseProcess | None = None  # it holds descriptors

    def wait(self, seconds: float) -> int | None:
        """Wait until the process has ended; return its exit code, or None if it goes on or the code is unknown."""
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None and time.monotonic() < deadline:
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:  # something else has waited for it
                break
            time.sleep(0.0005)
        return code

    def kill(self) -> int | None:
        """Kill the process with its descendants, wait until it is gone and return its exit code."""
        if (code := self.poll()) is None:
            kill_tree(self.pid)
            code = self.wait(1)
        return code

    def release(self) -> None:
        """Close what belongs to a process that has ended."""
        self.connection.close()
        if self.forked is not None:
            with contextlib.suppress(ValueError):  # something else has waited for it, so it seems to go on
                self.forked.close()


def starter(setup: Setup, method: StartMethod, *, by_value: bool) -> Callable[[], Started]:
    """Return a function that starts a worker; raise CannotLoadError if the function cannot be sent to workers."""
    if sys.platform == "win32":
        raise CannotLoadError("worker processes need Linux or macOS; use threads on Windows")
    if method == "fork":
        return lambda: _fork(setup)
    environment = _environment(setup, by_value)
    return lambda: _spawn(environment)


def _fork(setup: Setup) -> Started:
    with _connected() as (ours, theirs), _interrupts_blocked():
        process = multiprocessing.get_context("fork").Process(
            target=process_worker.main_forked, args=(theirs, os.getpid(), _in_main_thread(), setup)
        )
        process.start()
        assert process.pid is not None
        return Started(process.pid, ours, lambda: process.exitcode, forked=process)


def _spawn(environment: bytes) -> Started:
    with _connected() as (ours, theirs), _interrupts_blocked():
        descriptor = theirs.fileno()
        arguments = [str(descriptor), str(os.getpid()), str(int(_in_main_thread()))]
        line = command("advisor.jobs.pools.process_worker:main", *arguments, path=sys.path)
        process = subprocess.Popen(line, pass_fds=(descriptor,), stdin=subprocess.DEVNULL)
        return Started(process.pid, ours, process.poll, environment)


def _environment(setup: Setup, by_value: bool) -> bytes:
    try:
        data = pickles.dumps_by_value(setup) if by_value else pickles.dumps_for_other_main(setup)
    except Exception as error:
        raise CannotLoadError(f"the function cannot be sent to worker processes: {error}") from error
    try:
        filters = pickle.dumps(warnings.filters, 5)
    except Exception:  # noqa: BLE001  (a category that only this process has)
        filters = b""
    aliased = aliased_files()
    module = getattr(setup.function, "__module__", None) or "of the function"
    environment = process_worker.Environment(
        sys.argv[0], aliased, levels(), filters, by_value, aliased.get(module, module), data
    )
    return pickle.dumps(environment, 5)


@contextlib.contextmanager
def _connected() -> Iterator[tuple[Connection, Connection]]:
    """Connect this process with one that is started meanwhile, which alone keeps the other end."""
    ends = socket.socketpair()
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    ours, theirs = (Connection(end.detach()) for end in ends)
    _connections.add(ours)
    with theirs:
        try:
            yield ours, theirs
        except BaseException:
            ours.close()
            raise


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C from a new process until it ignores it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _close_inherited() -> None:
    """Close the connections of workers in a fork, so that they end with this process alone."""
    for connection in list(_connections):
        connection.close()
    _connections.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)
