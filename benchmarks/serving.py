"""Start `advise serve` or the bare view in processes of its own, and stop it at the end of the block."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import psutil

Application = Literal["service", "bare view"]

ROOT: Final = Path(__file__).resolve().parent.parent
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    process: psutil.Process
    log: Path

    def workers(self) -> list[psutil.Process]:
        return self.process.children()

    def cpu_seconds(self) -> dict[int, float]:
        """Return the CPU seconds of each worker so far, by process id."""
        times = {process.pid: process.cpu_times() for process in self.workers()}
        return {pid: time.user + time.system for pid, time in times.items()}

    def memory(self) -> int:
        """Return the bytes of all processes, shared memory counted once."""
        processes = (self.process, *self.process.children(recursive=True))
        return sum(process.memory_full_info().pss for process in processes)


def command(application: Application, workers: int, threads: int) -> list[str]:
    if application == "service":
        options = ["--workers", str(workers), "--threads", str(threads)]
        return [sys.executable, "-m", "advisor", "serve", "--port", "0", *options]
    return [sys.executable, "-m", "benchmarks.bare_view", str(workers), str(threads)]


@contextmanager
def serving(
    application: Application, *, workers: int, threads: int, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Serve until the block ends. The journal is off unless the environment names one."""
    with tempfile.TemporaryDirectory(prefix="served-") as folder:
        log = Path(folder) / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                command(application, workers, threads),
                cwd=ROOT,
                env={**os.environ, "ADVISOR_JOURNAL": "off", **(environment or {})},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield Server(_wait_for_address(process, log), psutil.Process(process.pid), log)
        finally:
            _stop(process)


def _wait_for_address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server answers at the address that it prints first."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        address = re.search(r"http://\S+", log.read_text())
        if address and _answers(address[0]):
            return address[0]
        time.sleep(0.1)
    raise SystemExit(f"the server did not start:\n{log.read_text()[-2000:]}")


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True  # a response, whatever its status
    except OSError:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # workers that survived their master
    process.wait()
