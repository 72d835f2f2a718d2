"""Jobs that run in a session of their own, and the processes of such a session."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import psutil

from profiles.job import ROOT

TRACKER: Final = "multiprocessing.resource_tracker"
TRACKER_SECONDS: Final = 2.0


@contextlib.contextmanager
def running(module: str, *arguments: str, output: IO[str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Start `python -m module` in a session of its own; kill what is left of it at the end."""
    outputs = (output, subprocess.STDOUT) if output else (subprocess.DEVNULL, subprocess.DEVNULL)
    with running_command((sys.executable, "-m", module, *arguments), stdout=outputs[0], stderr=outputs[1]) as child:
        yield child


@contextlib.contextmanager
def running_command(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[str] | None = subprocess.DEVNULL,
    stderr: int | None = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command in a session of its own; kill what is left of it at the end."""
    child = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
    )
    try:
        yield child
    finally:
        end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a session, and what it starts meanwhile.

    The resource trackers of multiprocessing are given a moment: they remove semaphores when the others have gone.
    """
    trackers_until = time.monotonic() + TRACKER_SECONDS
    while living := members(child.pid):
        patient = time.monotonic() < trackers_until
        for process in living:
            with contextlib.suppress(psutil.NoSuchProcess):
                if not (patient and TRACKER in " ".join(process.cmdline())):
                    process.kill()
        time.sleep(0.02)
    child.wait()


def members(session: int) -> list[psutil.Process]:
    """Return the living processes of a session."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
