"""Jobs that run in a session of their own, and the processes of such a session."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import psutil

from profiles.job import ROOT


@contextlib.contextmanager
def running(module: str, *arguments: str, output: IO[str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Start `python -m module` in a session of its own; kill what is left of it at the end."""
    child = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=output or subprocess.DEVNULL,
        stderr=subprocess.STDOUT if output else subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        for process in members(child.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        child.wait()


def members(session: int) -> list[psutil.Process]:
    """Return the living processes of a session."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
