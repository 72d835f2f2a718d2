"""Run a function in a fork of this process, for a limited time and in limited memory."""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.races import originals

_MEMORY = 2 << 30  # bytes that a fork may use in addition
_MAX_ANSWER = 64 << 20
_HEADER = 8  # bytes of the length, which come first: other processes may keep the pipe open
_HIGH_DESCRIPTOR = 900
_END_LOOKS, _END_SECONDS = 20, 0.0005  # until a fork that has answered is killed


@dataclass(frozen=True, slots=True)
class ForkEnd:
    """What a fork returned, or why there is nothing: "time", or the signal or status by which it ended."""

    value: Any = None
    failure: str = ""


def run_in_fork(function: Callable[[], Any], ends_at: float) -> ForkEnd:
    """Return what the function returns in a fork, whose output is discarded; nothing that it starts is left."""
    reader, writer = _pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        _serve(function, writer)
    os.close(writer)
    try:
        data, in_time = _read(reader, ends_at)
    finally:
        os.close(reader)
        status = _end(pid)
    if data:
        with contextlib.suppress(Exception):
            return ForkEnd(pickle.loads(data))
    if not in_time:
        return ForkEnd(failure="time")
    return ForkEnd(failure=_ending(os.waitstatus_to_exitcode(status)))


def _pipe() -> tuple[int, int]:
    """Return the ends of a pipe, the writing end out of the way of targets that close low descriptors."""
    import fcntl

    reader, low = os.pipe()
    try:
        writer = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
    except OSError:  # the limit is lower
        return reader, low
    os.close(low)
    return reader, writer


def _end(pid: int) -> int:
    """End a fork and what it started, after a moment to end by itself; return its status."""
    ended = status = 0
    for _ in range(_END_LOOKS):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        originals.sleep(_END_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    if not ended:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    return status


def _ending(code: int) -> str:
    if code == -signal.SIGKILL:
        return "closed file descriptors that belong to advisor"
    if code >= 0:
        return f"ended the process with status {code}"
    with contextlib.suppress(ValueError):
        return f"crashed the process with {signal.Signals(-code).name}"
    return f"crashed the process with signal {-code}"


def _read(reader: int, ends_at: float) -> tuple[bytes, bool]:
    """Return what the fork wrote, and True if it ended in time."""
    received = bytearray()
    while len(received) < _HEADER or len(received) < _HEADER + int.from_bytes(received[:_HEADER], "big"):
        left = ends_at - originals.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return b"", False
        block = os.read(reader, 1 << 16)
        if not block or len(received) > _MAX_ANSWER:
            return b"", True
        received += block
    return bytes(received[_HEADER:]), True


def _serve(function: Callable[[], Any], writer: int) -> None:
    """Write the function's result to the pipe, and end this process."""
    owner = os.getpid()
    try:
        os.setpgid(0, 0)
        _silence(writer)
        _limit_memory()
        data = pickle.dumps(function(), protocol=pickle.HIGHEST_PROTOCOL)
        view = memoryview(len(data).to_bytes(_HEADER, "big") + data)
        while view and os.getpid() == owner:
            view = view[os.write(writer, view) :]
    except BaseException:  # noqa: BLE001  (the parent sees the status)
        os._exit(70)
    finally:
        os._exit(0)


def _silence(writer: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        if descriptor != writer:
            os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, used + _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
