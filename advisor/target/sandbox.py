"""A function of ours in a child process of its own, so that what the user's code does there harms nobody.

The child has its own session, nothing on standard input, and one socket on which it answers in lines of JSON. The
parent reads what the child prints, ends it when it is silent for too long, and afterwards ends whatever it left behind:
every process that it started carries a token in its environment. On Linux the child is two: a guard, to which the
kernel gives every process that loses its parent, and which ends them all; and a copy of it, which runs the function.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from advisor.errors import TargetError, UsageError

Message = dict[str, Any]
OUTPUT_KEPT = 16 * 1024
_TOKEN = "ADVISOR_SANDBOX"
_OWN_FOLDER = str(Path(__file__).parent.parent)
_START = 30.0  # seconds for our own start, which is none of the target's, on a busy host
_GOODBYE = 0.5  # seconds for the target's exit handlers
_GUARD_ENDS = 2.0  # seconds for the guard to end everything when it is told to
_SET_DEATH_SIGNAL, _SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
_CHANNEL_GONE = 113  # exit status
_HIGH_DESCRIPTOR = 200  # out of the way of targets that close or reuse the low ones


class EntryPoint(Protocol):
    """What runs in the child: gets the request, may send messages, returns the answer; all of it JSON."""

    def __call__(self, request: Message, send: Callable[[Message], None]) -> Message: ...


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while the child ran; its text says what had been done so far."""


def run(
    entry: str,
    request: Mapping[str, Any],
    *,
    timeout: float,
    on_message: Callable[[Message], None] | None = None,
    on_start: Callable[[int], None] | None = None,
) -> Message:
    """Call `entry` ('package.module:function') with `request` in a child process and return its answer.

    `timeout` is the seconds of silence after which the child is ended; each message that it sends starts them anew. A
    message may carry 'doing', a phrase that says in errors what the child was at. The answer gets 'output_bytes': how
    much the child printed.

    Raises UsageError or TargetError as the entry did; TargetError when the child crashed, left or hung; Interrupted on
    Ctrl-C. In every case nothing that the child started is left running.
    """
    if sys.platform == "win32":
        raise UsageError(
            "running a target in a process of its own needs Linux or macOS: call advisor.profile() in a script"
        )
    token = secrets.token_hex(16)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = subprocess.Popen(
            [
                sys.executable,
                *subprocess._args_from_interpreter_flags(),  # type: ignore[attr-defined]
                "-P",
                "-c",
                _bootstrap(),
                str(theirs.fileno()),
                str(os.getpid()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            env={**os.environ, _TOKEN: token},
            start_new_session=True,
        )
        theirs.close()
        talk = _Conversation(child, ours, timeout, on_message)
        try:
            ours.sendall(json.dumps({"entry": entry, **request}).encode() + b"\n")
            if on_start:
                on_start(child.pid)
            answer = talk.until_answered()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=_GOODBYE)
            return answer
        except KeyboardInterrupt as error:
            raise Interrupted(talk.so_far) from error
        finally:
            _end(child, token)
            assert child.stdout is not None
            child.stdout.close()


def _bootstrap() -> str:
    """The child finds this very package, and nothing of the current folder before it."""
    folder = str(Path(__file__).parent.parent.parent)
    return f"import sys; sys.path.append({folder!r}); from advisor.target.sandbox import serve; serve()"


class _Conversation:
    """The parent's side: reads messages and output until the answer, the child's end, or the time-out."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        channel: socket.socket,
        timeout: float,
        on_message: Callable[[Message], None] | None,
    ) -> None:
        self.child = child
        self.channel = channel
        self.timeout = timeout
        self.on_message = on_message
        self.doing = "starting"
        self.so_far = ""
        self.answer: Message | None = None
        self.partial = b""
        self.output = b""
        self.output_bytes = 0

    def until_answered(self) -> Message:
        assert self.child.stdout is not None
        printed = self.child.stdout.fileno()
        os.set_blocking(printed, False)
        self.channel.setblocking(False)
        deadline = time.monotonic() + max(self.timeout, _START)
        gone_since: float | None = None
        while self.answer is None:
            ready = select.select([self.channel.fileno(), printed], [], [], 0.05)[0]
            if printed in ready:
                self._read_output(printed)
            heard = self.channel.fileno() in ready and self._read_messages()
            if heard:
                deadline = time.monotonic() + self.timeout
                continue
            if self.child.poll() is not None:
                # What it sent just before it ended may still be under way.
                gone_since = gone_since or time.monotonic()
                if time.monotonic() - gone_since > 0.1:
                    self._read_output(printed)
                    raise self._left()
            elif time.monotonic() > deadline:
                self._read_output(printed)
                raise TargetError(
                    f"{self.doing} was not done after {self.timeout:g} s, so it was ended "
                    "(a longer limit: --timeout SECONDS)",
                    output=self._tail(),
                )
        self._read_output(printed)
        return self._judged(self.answer)

    def _read_output(self, descriptor: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while block := os.read(descriptor, 1 << 16):
                self.output_bytes += len(block)
                self.output = (self.output + block)[-OUTPUT_KEPT:]
            time.sleep(0.001)  # closed by the child: readable for ever, so do not spin

    def _read_messages(self) -> bool:
        try:
            block = self.channel.recv(1 << 16)
        except (BlockingIOError, ConnectionResetError):
            return False
        if not block:
            time.sleep(0.01)
            return False
        *lines, self.partial = (self.partial + block).split(b"\n")
        for line in lines:
            self._take(json.loads(line))
        return True

    def _take(self, message: Message) -> None:
        if not message:
            return
        if "answer" in message or "error" in message:
            self.answer = message
            return
        self.doing = message.get("doing", self.doing)
        self.so_far = message.get("so_far", self.so_far)
        if self.on_message:
            self.on_message(message)

    def _judged(self, message: Message) -> Message:
        if "error" not in message:
            answer: Message = message["answer"]
            return {**answer, "output_bytes": self.output_bytes}
        if message["error"] == "usage":
            raise UsageError(message["text"])
        raise TargetError(message["text"], traceback=message.get("traceback", ""), output=self._tail())

    def _left(self) -> TargetError:
        code = self.child.returncode
        if code < 0:
            with contextlib.suppress(ValueError):
                name = signal.Signals(-code).name
                likely = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
                return TargetError(f"{self.doing} crashed the process with {name}{likely}", output=self._tail())
        if code == _CHANNEL_GONE:
            return TargetError(f"{self.doing} closed file descriptors that were not its own, advisor's among them")
        return TargetError(f"{self.doing} ended the process with status {code} (os._exit?)", output=self._tail())

    def _tail(self) -> str:
        """The end of what was printed; where the interpreter printed a traceback in a crash, without our own frames."""
        lines = self.output.decode(errors="replace").splitlines(keepends=True)
        return "".join(line for line in lines if f'File "{_OWN_FOLDER}' not in line and 'File "<string>"' not in line)


def _end(child: subprocess.Popen[bytes], token: str) -> None:
    """End the child and every process it started, its own session or not."""
    if sys.platform == "linux" and child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=_GUARD_ENDS)
    for _ in range(5):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.kill()
        child.wait()
        left = list(_marked(token))
        for process in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        if not left:
            return
        time.sleep(0.01)


def _marked(token: str) -> Iterator[int]:
    """Ids of living processes with our token in their environment."""
    mark = f"{_TOKEN}={token}".encode()
    if sys.platform == "linux":
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if mark in Path(f"/proc/{entry.name}/environ").read_bytes():
                        yield int(entry.name)
        return
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(_TOKEN) == token:
                yield process.pid


class _Channel:
    """The child's side of the socket, kept safe from a target that closes or reuses descriptors."""

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
            os._exit(0)  # a fork of the target that came back here: not the process that was asked
        try:
            if self._identity() != self.identity:
                raise OSError
            data = memoryview(json.dumps(message).encode() + b"\n")
            while data:
                data = data[os.write(self.descriptor, data) :]
        except OSError:
            os._exit(_CHANNEL_GONE)

    def request(self) -> Message:
        received = b""
        while not received.endswith(b"\n"):
            received += os.read(self.descriptor, 1 << 16)
        request: Message = json.loads(received)
        return request


def serve() -> None:
    """The child's life: read the request, run the entry, answer, leave at once."""
    import faulthandler

    _guard()
    channel = _Channel(int(sys.argv[1]))
    faulthandler.enable()
    request = channel.request()
    module, _, name = request.pop("entry").partition(":")
    answer: Message
    try:
        entry: EntryPoint = getattr(importlib.import_module(module), name)
        channel.send({})  # started: from now on its silence counts
        answer = {"answer": entry(request, channel.send)}
    except UsageError as error:
        answer = {"error": "usage", "text": str(error)}
    except TargetError as error:
        answer = {"error": "target", "text": str(error), "traceback": error.traceback}
    except BaseException as error:  # noqa: BLE001  (the process ends here; the parent tells)
        from advisor.target.loader import failure

        failed = failure(error, "the target")
        answer = {"error": "target", "text": str(failed), "traceback": failed.traceback}
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    channel.send(answer)
    # Threads that the target left behind must not keep the process alive; its own exit handlers may run.
    _run_exit_handlers()
    if sys.platform != "linux":  # there the guard does
        with contextlib.suppress(Exception):
            _end_descendants()
    os._exit(0)


def _run_exit_handlers() -> None:
    import atexit

    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()


def _guard() -> None:
    """On Linux a copy of this process goes on, and this one stays to end what the copy leaves, and to end as it did.

    A guard of its own, since a target that adopted processes would find children that it never had. It also ends
    everything when it gets SIGTERM, which the kernel sends when the process that asked is gone.
    """
    if sys.platform != "linux":
        return
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
        os.closerange(0, int(sys.argv[1]) + 1)  # the copy's
        _prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != int(sys.argv[2]):
            os.kill(worker, signal.SIGKILL)
        ended = status = 0
        while ended != worker:
            ended, status = os.wait()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end_descendants()
        _end_as(os.waitstatus_to_exitcode(status))
    finally:
        os._exit(1)


def _end_as(code: int) -> None:
    """Leave with a status, or by a signal where it is negative."""
    import resource

    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # there is one of the copy
        with contextlib.suppress(OSError):  # SIGKILL has no other
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _end_descendants() -> None:
    """End every process that descends from this one, also those that lose their parents meanwhile."""
    for _ in range(100):
        left = _descendants(os.getpid())
        if not left:
            return
        for process in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.005)


def _descendants(process: int) -> list[int]:
    """Ids of the living children of a process, and of theirs."""
    if sys.platform != "linux":
        import psutil

        return [child.pid for child in psutil.Process(process).children(recursive=True)]
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = Path(f"/proc/{entry.name}/stat").read_bytes().rpartition(b") ")[2].split()[:2]
                if state not in (b"Z", b"X"):
                    children.setdefault(int(parent), []).append(int(entry.name))
    found = [process]
    for one in found:  # grows meanwhile
        found += children.get(one, [])
    return found[1:]


def _prctl(option: int, value: int) -> None:
    import ctypes

    ctypes.CDLL(None).prctl(option, value)
