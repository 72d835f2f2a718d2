"""Servers to be measured: an application under gunicorn, in processes of its own, gone when the block ends."""

from __future__ import annotations

import os
import signal
import socket
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
from typing import Final

import psutil

SERVICE: Final = "advisor.service:create_app()"
BARE: Final = "benchmarks.bare_view:app"
ROOT: Final = Path(__file__).resolve().parent.parent
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Server:
    """The address, and the processes behind it."""

    url: str
    process: psutil.Process
    log: Path

    def workers(self) -> list[psutil.Process]:
        return self.process.children()

    def cpu_seconds(self) -> float:
        """Of all its processes so far."""
        times = [process.cpu_times() for process in (self.process, *self.workers())]
        return sum(time.user + time.system for time in times)

    def memory(self) -> int:
        """Bytes of all its processes, with what they share counted once."""
        processes = (self.process, *self.process.children(recursive=True))
        return sum(process.memory_full_info().pss for process in processes)


@contextmanager
def serving(
    application: str, *, workers: int, threads: int, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The application, once it takes connections."""
    with tempfile.TemporaryDirectory(prefix="served-") as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        log = Path(folder) / "log"
        command = [sys.executable, "-m", "gunicorn", application, "--bind", f"fd://{listener.fileno()}"]
        command += ["--workers", str(workers), "--threads", str(threads), "--worker-class", "gthread"]
        command += ["--no-control-socket"]
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdout=output,
                stderr=output,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        server = Server(f"http://127.0.0.1:{listener.getsockname()[1]}", psutil.Process(process.pid), log)
        try:
            _wait_for(server, process)
            yield server
        finally:
            _end(process)


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(server.url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return  # an answer, if not to this question
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the server did not start:\n{server.log.read_text()[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # workers that their server left behind
    process.wait()
