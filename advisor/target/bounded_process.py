"""Run a command for a limited time, and leave nothing of its process group behind."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess  # takes time to import


@dataclass(frozen=True, slots=True)
class Ended:
    """The standard output of a command, and its exit status: negative for a signal, None if the time was up."""

    output: bytes
    status: int | None


_END_SECONDS = 1.0  # for what a killed process printed


def run_bounded(command: Sequence[str], seconds: float, *, text: bytes = b"") -> Ended | None:
    """Run a command with `text` on its standard input until it ends or the time is up; None if it does not start."""
    import subprocess

    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if text else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None
    with child:
        try:
            return Ended(child.communicate(text or None, timeout=seconds)[0], child.returncode)
        except subprocess.TimeoutExpired:
            _kill_group(child)
            with contextlib.suppress(subprocess.TimeoutExpired):  # a process that left the group holds the pipe
                return Ended(child.communicate(timeout=_END_SECONDS)[0], None)
            return Ended(b"", None)
        finally:
            # After an orderly end nothing is left, and the process id may belong to another process by now.
            if child.returncode != 0:
                _kill_group(child)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    import signal

    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
