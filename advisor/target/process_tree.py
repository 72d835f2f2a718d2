"""End every process that a target started, also those with a session or an environment of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
_ROUNDS = 100  # rounds of looking for processes that were started or orphaned meanwhile
_PAUSE = 0.005  # seconds between two rounds


def children(pid: int) -> frozenset[int]:
    """Return the ids of a process's children, those that ended but were not waited for included."""
    if sys.platform != "linux":
        import psutil

        return frozenset(child.pid for child in psutil.Process(pid).children())
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found.update(map(int, (thread / "children").read_text().split()))
    return frozenset(found)


def kill_tree(pid: int) -> None:
    """Kill a process and its descendants, which are stopped first so that none of them starts another."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGSTOP)
        for child in _known_children(pid):
            kill_tree(child)
        os.kill(pid, signal.SIGKILL)


def kill_descendants() -> None:
    """Kill and wait for every process that descends from this one.

    On Linux this process must be a subreaper: the children of a process that was killed then become children of this
    one, to be killed in the next round.
    """
    for _ in range(_ROUNDS):
        _kill(_descendants())
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_PAUSE)


@contextmanager
def ending_orphans() -> Iterator[None]:
    """Kill what the processes that are started in the block leave behind; children from before it live on.

    Only Linux gives this process its orphaned descendants.
    """
    if sys.platform != "linux":
        yield
        return
    import ctypes

    before = children(os.getpid())
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        for _ in range(_ROUNDS):
            left = children(os.getpid()) - before
            if not left:
                break
            _kill(left)
            for pid in left:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            time.sleep(_PAUSE)
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 0)


def kill_marked(variable: str, value: str) -> None:
    """Kill every process that has this environment variable with this value."""
    for _ in range(_ROUNDS):
        found = list(_marked(variable, value))
        if not found:
            return
        _kill(found)
        time.sleep(_PAUSE)


def _known_children(pid: int) -> frozenset[int]:
    if sys.platform == "linux":
        return children(pid)
    import psutil

    with contextlib.suppress(psutil.Error):
        return children(pid)
    return frozenset()


def _kill(processes: Iterable[int]) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _descendants() -> Iterable[int]:
    if sys.platform == "linux":
        return children(os.getpid())
    import psutil

    return [child.pid for child in psutil.Process().children(recursive=True)]


def _marked(variable: str, value: str) -> Iterator[int]:
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(variable) == value:
                yield process.pid
