"""Call a function of advisor in a child process, where the user's code can crash, hang, print or exit without harm.

The child has its own session, empty standard input, and a socket on which it answers in lines of JSON. The parent
reads what the child prints, ends it when it is silent for too long, and kills every process that it left. On Linux the
child is two processes: a fork calls the function, and a guard, to which the kernel gives every orphan, cleans up (see
`sandbox_child`). Elsewhere processes are found by a token in their environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.errors import TargetError, UsageError
from advisor.target import process_tree, python_command

Message = dict[str, Any]
OUTPUT_KEPT = 16 * 1024  # bytes of what the child printed last
CLOSED_CHANNEL = 113  # exit status of a child whose socket was closed by the target
_TOKEN = "ADVISOR_SANDBOX"
_OWN_FOLDER = str(Path(__file__).parent.parent)
_START_SECONDS = 30.0  # for the interpreter to start on a busy host, which is not the target's time
_EXIT_SECONDS = 0.5  # for the target's exit handlers
_GUARD_SECONDS = 2.0  # for the guard to kill everything once it is told to


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while the child ran; the text describes the work done so far."""


def run(
    entry: str,
    request: Mapping[str, Any],
    *,
    timeout: float,
    on_message: Callable[[Message], None] | None = None,
) -> Message:
    """Call a function in a child process and return its answer.

    Nothing that the child started is left running, however the call ends.

    Args:
        entry: The function, as 'package.module:function'. It gets the request and a function that sends messages.
        request: Its argument. Requests, messages and answers are JSON.
        timeout: Seconds of silence after which the child is ended; each message starts them anew.
        on_message: Gets each message. Its 'doing' names the current step in errors, its 'so_far' in `Interrupted`.

    Returns:
        The answer, and 'output_bytes', the number of bytes that the child printed.

    Raises:
        UsageError: Raised by the function.
        TargetError: Raised by the function, or the child crashed, exited or hung.
        Interrupted: Ctrl-C.
    """
    if sys.platform == "win32":
        raise UsageError("advise TARGET needs Linux or macOS; on Windows, call advisor.profile() in a script")
    token = secrets.token_hex(16)
    parent_end, child_end = socket.socketpair()
    with parent_end, child_end:
        child = subprocess.Popen(
            python_command.command("advisor.target.sandbox_child:main", str(child_end.fileno()), str(os.getpid())),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[child_end.fileno()],
            env={**os.environ, _TOKEN: token},
            start_new_session=True,
        )
        child_end.close()
        connection = _Connection(child, parent_end, timeout, on_message)
        try:
            parent_end.sendall(json.dumps({"entry": entry, **request}).encode() + b"\n")
            answer = connection.wait_for_answer()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=_EXIT_SECONDS)
            return answer
        except KeyboardInterrupt as error:
            raise Interrupted(connection.so_far) from error
        finally:
            _end(child, token)
            assert child.stdout is not None
            child.stdout.close()


@dataclass
class _Connection:
    """The parent's end: reads messages and output until the answer, the child's end, or the time-out."""

    child: subprocess.Popen[bytes]
    channel: socket.socket
    timeout: float
    on_message: Callable[[Message], None] | None
    doing: str = "starting"
    so_far: str = ""
    answer: Message | None = None
    partial_line: bytes = b""
    output: bytes = b""
    output_bytes: int = 0

    def wait_for_answer(self) -> Message:
        assert self.child.stdout is not None
        stdout = self.child.stdout.fileno()
        os.set_blocking(stdout, False)
        self.channel.setblocking(False)
        deadline = time.monotonic() + max(self.timeout, _START_SECONDS)
        exited_at: float | None = None
        while self.answer is None:
            ready = select.select([self.channel.fileno(), stdout], [], [], 0.05)[0]
            if stdout in ready:
                self._read_output(stdout)
            if self.channel.fileno() in ready and self._read_messages():
                deadline = time.monotonic() + self.timeout
                continue
            if self.child.poll() is not None:
                # What the child sent just before it ended may still be in the socket.
                exited_at = exited_at or time.monotonic()
                if time.monotonic() - exited_at > 0.1:
                    self._read_output(stdout)
                    raise self._exit_error()
            elif time.monotonic() > deadline:
                self._read_output(stdout)
                raise TargetError(
                    f"{self.doing} did not finish within {self.timeout:g} s and was stopped "
                    f"(--timeout SECONDS raises the limit{self._import_hint()})",
                    output=self._output_tail(),
                )
        self._read_output(stdout)
        return self._result(self.answer)

    def _import_hint(self) -> str:
        if not self.doing.startswith("importing "):
            return ""
        return '; if this runs a program, put that under `if __name__ == "__main__":`'

    def _read_output(self, descriptor: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while block := os.read(descriptor, 1 << 16):
                self.output_bytes += len(block)
                self.output = (self.output + block)[-OUTPUT_KEPT:]
            time.sleep(0.001)  # closed by the child, so always readable: do not spin

    def _read_messages(self) -> bool:
        try:
            block = self.channel.recv(1 << 16)
        except (BlockingIOError, ConnectionResetError):
            return False
        if not block:
            time.sleep(0.01)
            return False
        *lines, self.partial_line = (self.partial_line + block).split(b"\n")
        for line in lines:
            message: Message = json.loads(line)
            if "answer" in message or "error" in message:
                self.answer = message
            elif message:
                self.doing = message.get("doing", self.doing)
                self.so_far = message.get("so_far", self.so_far)
                if self.on_message:
                    self.on_message(message)
        return True

    def _result(self, message: Message) -> Message:
        if "error" not in message:
            answer: Message = message["answer"]
            return {**answer, "output_bytes": self.output_bytes}
        if message["error"] == "usage":
            raise UsageError(message["text"])
        raise TargetError(message["text"], traceback=message.get("traceback", ""), output=self._output_tail())

    def _exit_error(self) -> TargetError:
        code = self.child.returncode
        if code < 0:
            with contextlib.suppress(ValueError):
                name = signal.Signals(-code).name
                reason = ", perhaps because memory ran out" if -code == signal.SIGKILL else ""
                return TargetError(f"{self.doing} crashed the process with {name}{reason}", output=self._output_tail())
        if code == CLOSED_CHANNEL:
            return TargetError(f"{self.doing} closed file descriptors that belong to advisor")
        return TargetError(f"{self.doing} ended the process with status {code} (os._exit?)", output=self._output_tail())

    def _output_tail(self) -> str:
        """Return the end of the output, without our own frames where faulthandler printed a traceback."""
        lines = self.output.decode(errors="replace").splitlines(keepends=True)
        return "".join(line for line in lines if f'File "{_OWN_FOLDER}' not in line and 'File "<string>"' not in line)


def _end(child: subprocess.Popen[bytes], token: str) -> None:
    """Kill the child and every process that it started."""
    if sys.platform == "linux" and child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=_GUARD_SECONDS)
    # A guard that was killed, or that did not end in time, may have left processes.
    has_cleaned_up = sys.platform == "linux" and child.poll() not in (None, -signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.wait()
    if not has_cleaned_up:
        process_tree.kill_marked(_TOKEN, token)
