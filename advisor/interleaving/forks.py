"""Run a function in a fork of this process, for a limited time and in limited memory."""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.interleaving import originals

_MEMORY = 2 << 30  # bytes that a fork may use in addition
_MAX_ANSWER = 64 << 20
_CLOSED, _TOO_LARGE = "closed", "left more state than can be compared"
_HEADER = 8  # bytes of a message's length, which come first: other processes may keep the pipe open
_LAST = 1  # first byte of the last message
_HIGH_DESCRIPTOR = 900
_END_LOOKS, _END_SECONDS = 20, 0.0005  # until a fork that has answered is killed


@dataclass(frozen=True, slots=True)
class ForkEnd:
    """The end of a fork.

    Attributes:
        value: What its function returned; None if it did not return.
        failure: Why it did not return: "time", or how the process ended. Empty if it did.
        sent: What its function sent before, if it did not return.
    """

    value: Any = None
    failure: str = ""
    sent: Sequence[Any] = ()


def run_in_fork(function: Callable[[Callable[[Any], None]], Any], ends_at: float) -> ForkEnd:
    """Run a function in a fork of this process and return what it returned there.

    The fork's output is discarded, and all that it started is ended. The function is called with another one, `send`:
    what it passes to `send` arrives even if the process crashes later.
    """
    reader, writer = _pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        _serve(function, writer)
    os.close(writer)
    try:
        messages, why = _read(reader, ends_at)
    finally:
        os.close(reader)
        status, ended_itself = _end(pid)
    received = [value for data in messages if (value := _unpickled(data)) is not None]
    if received and received[-1][0]:
        return ForkEnd(received[-1][1])
    if why == _CLOSED and not ended_itself:
        why = "closed file descriptors that belong to advisor"
    failure = _ending(why, os.waitstatus_to_exitcode(status))
    return ForkEnd(failure=failure, sent=[value for _, value in received])


def _unpickled(data: bytes) -> tuple[bool, Any] | None:
    """Return what a fork sent, and True if it was the end; None if it cannot be read."""
    with contextlib.suppress(Exception):
        is_end, value = pickle.loads(data)
        return is_end, value
    return None


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


def _end(pid: int) -> tuple[int, bool]:
    """End a fork and what it started, after a moment to end by itself.

    Return its status, and True if it ended by itself.
    """
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
    return status, bool(ended)


def _ending(why: str, code: int) -> str:
    """Return why a fork with this exit code gave no answer."""
    if why != _CLOSED:
        return why
    if code == -signal.SIGKILL:
        return "was killed (SIGKILL), perhaps because memory ran out"
    if code >= 0:
        return f"ended the process with status {code}"
    with contextlib.suppress(ValueError):
        return f"crashed the process with {signal.Signals(-code).name}"
    return f"crashed the process with signal {-code}"


def _read(reader: int, ends_at: float) -> tuple[list[bytes], str]:
    """Return the messages of a fork up to the last one, and why the reading ended."""
    received = bytearray()
    messages: list[bytes] = []
    while True:
        while (message := _next_message(received)) is not None:
            messages.append(message[1:])
            if message[0] == _LAST:
                return messages, _CLOSED
        left = ends_at - originals.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return messages, "time"
        block = os.read(reader, 1 << 16)
        if not block:
            return messages, _CLOSED
        if len(received) > _MAX_ANSWER:
            return messages, _TOO_LARGE
        received += block


def _next_message(received: bytearray) -> bytes | None:
    """Take the first message from what was received; None if it is not complete."""
    end = _HEADER + int.from_bytes(received[:_HEADER], "big")
    if len(received) < _HEADER or len(received) < end:
        return None
    message = bytes(received[_HEADER:end])
    del received[:end]
    return message


def _serve(function: Callable[[Callable[[Any], None]], Any], writer: int) -> None:
    """Write the function's result to the pipe, and end this process."""
    owner = os.getpid()

    def send(value: Any, *, is_end: bool = False) -> None:
        data = bytes([_LAST if is_end else 0]) + pickle.dumps((is_end, value), protocol=pickle.HIGHEST_PROTOCOL)
        view = memoryview(len(data).to_bytes(_HEADER, "big") + data)
        while view and os.getpid() == owner:
            view = view[os.write(writer, view) :]

    try:
        os.setpgid(0, 0)
        _silence(writer)
        _limit_memory()
        send(function(send), is_end=True)
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
