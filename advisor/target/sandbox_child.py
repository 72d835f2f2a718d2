"""The sandbox's child process: read the request, call the function, answer, exit."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys

from advisor.errors import TargetError, UsageError
from advisor.target import process_tree
from advisor.target.sandbox_supervisor import CLOSED_CHANNEL, Message

_SET_DEATH_SIGNAL, _SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
_HIGH_DESCRIPTOR = 200  # out of the way of targets that close or reuse the low ones


def main() -> None:
    """Serve one request; the arguments are the socket's descriptor and the parent's process id."""
    import faulthandler

    descriptor, parent = map(int, sys.argv[1:])
    if sys.platform == "linux":
        _fork_from_guard(descriptor, parent)
    channel = _Channel(descriptor)
    faulthandler.enable()
    channel.send(_answer(channel))
    # Exit handlers may run, but threads that the target left must not keep the process alive.
    _run_exit_handlers()
    if sys.platform != "linux":  # elsewhere there is no guard to do it
        with contextlib.suppress(Exception):
            process_tree.kill_descendants()
    os._exit(0)


def _answer(channel: _Channel) -> Message:
    """Call the requested function; return its answer or error as a message."""
    request = channel.read_request()
    module, _, name = request.pop("entry").partition(":")
    answer: Message
    try:
        entry = getattr(importlib.import_module(module), name)
        channel.send({})  # started: the time-out counts from now on
        answer = {"answer": entry(request, channel.send)}
    except UsageError as error:
        answer = {"error": "usage", "text": str(error)}
    except BaseException as error:  # noqa: BLE001  (the process ends after this, and the parent reports it)
        from advisor.target.failures import target_error

        failure = error if isinstance(error, TargetError) else target_error(error, "the target")
        answer = {"error": "target", "text": str(failure), "traceback": failure.traceback}
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    return answer


class _Channel:
    """The child's end of the socket, safe from a target that closes or reuses descriptors."""

    def __init__(self, descriptor: int) -> None:
        import fcntl

        self.descriptor = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
        os.close(descriptor)
        self.identity = self._identity()
        self.owner = os.getpid()

    def _identity(self) -> tuple[int, int]:
        status = os.fstat(self.descriptor)
        return status.st_dev, status.st_ino

    def send(self, message: Message) -> None:
        if os.getpid() != self.owner:
            os._exit(0)  # a fork made by the target, which returned from the call too
        try:
            if self._identity() != self.identity:
                raise OSError
            data = memoryview(json.dumps(message).encode() + b"\n")
            while data:
                data = data[os.write(self.descriptor, data) :]
        except OSError:
            os._exit(CLOSED_CHANNEL)

    def read_request(self) -> Message:
        received = b""
        while not received.endswith(b"\n"):
            received += os.read(self.descriptor, 1 << 16)
        request: Message = json.loads(received)
        return request


def _run_exit_handlers() -> None:
    import atexit

    # There is no public way to run them without waiting for threads that are still alive.
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()


def _fork_from_guard(descriptor: int, parent: int) -> None:
    """Continue in a fork; this process stays as the guard and kills the processes that the fork leaves.

    A process of its own, since a target that was a subreaper itself would find children that it never started. The
    guard exits as the fork did. It kills everything on SIGTERM too, which the kernel sends it when the parent is gone.
    """
    guard = os.getpid()
    _prctl(_SET_CHILD_SUBREAPER, 1)
    worker = os.fork()
    if not worker:
        _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(0)
        return
    try:
        signal.signal(signal.SIGTERM, lambda *_: os.kill(worker, signal.SIGKILL))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.closerange(0, descriptor + 1)  # they are the fork's
        _prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(worker, signal.SIGKILL)
        ended = status = 0
        while ended != worker:
            ended, status = os.wait()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        process_tree.kill_descendants()
        _exit_like(os.waitstatus_to_exitcode(status))
    finally:
        os._exit(1)


def _exit_like(code: int) -> None:
    """Exit with a status, or by a signal if the code is negative."""
    import resource

    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the fork has dumped its core already
        with contextlib.suppress(OSError):  # SIGKILL has no handler to reset
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _prctl(option: int, value: int) -> None:
    import ctypes

    ctypes.CDLL(None).prctl(option, value)
