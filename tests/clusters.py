"""Real clusters for tests: started once in a session, as processes of their own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

WORKERS = 2
_START_SECONDS = 60


class DaskCluster:
    """A scheduler and workers with one thread each, which a nanny starts again when they die."""

    def __init__(self, folder: Path, workers: int = WORKERS) -> None:
        self._folder = folder
        self._programs: list[subprocess.Popen[bytes]] = []
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._scheduler = self.start_scheduler()
        if workers:
            self.start_worker(workers)

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        port = self.address.rpartition(":")[2]
        options = ["--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show"]
        self._scheduler = self._start("distributed.cli.dask_scheduler", *options)
        await_port(int(port))
        return self._scheduler

    def start_worker(self, processes: int = 1) -> subprocess.Popen[bytes]:
        options = ["--nthreads", "1", "--nworkers", str(processes), "--no-dashboard"]
        folder = ["--local-directory", str(self._folder)]
        worker = self._start("distributed.cli.dask_worker", self.address, *options, *folder)
        await_text(self._log, b"Registered to", processes)
        return worker

    def kill_scheduler(self) -> None:
        end_program(self._scheduler, signal.SIGKILL)

    def close(self) -> None:
        for program in reversed(self._programs):
            end_program(program, signal.SIGTERM)

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        self._log = self._folder / f"{len(self._programs)}.log"
        program = start_program([sys.executable, "-m", module, *arguments], self._log)
        self._programs.append(program)
        return program


class RayCluster:
    """A head node with two cores."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        options = {
            "--port": port,
            "--num-cpus": WORKERS,
            "--object-store-memory": 100_000_000,
            "--include-dashboard": "false",
            "--min-worker-port": 0,
            "--max-worker-port": 0,
            "--temp-dir": folder,
        }
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--disable-usage-stats"]
        self._program = start_program([*command, *(f"{key}={value}" for key, value in options.items())], folder / "log")
        try:
            await_port(port)
            await_text(folder / "log", b"Ray runtime started")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        end_program(self._program, signal.SIGTERM)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder with a short name, since Ray's sockets lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def dask_cluster() -> Iterator[DaskCluster]:
    """A Dask cluster for tests that leave it as it was."""
    require("distributed")
    with temporary_folder() as folder:
        cluster = DaskCluster(folder)
        yield cluster
        cluster.close()


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[RayCluster]:
    """A Ray cluster for tests that leave it as it was."""
    require("ray")
    with temporary_folder() as folder:
        try:
            cluster = RayCluster(folder)
        except AssertionError as error:  # such as where shared memory is too small
            pytest.skip(f"Ray does not start on this host: {str(error)[-500:]}")
        yield cluster
        cluster.close()


def require(package: str) -> None:
    """Skip a test unless a package is installed; the package is not imported, since advisor decides how to."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")


def start_program(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a program that can be ended with all that it starts."""
    # Warnings are errors in the tests, not in programs of others.
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONWARNINGS", "RAY_ADDRESS")}
    environment["PYTHONPATH"] = ""  # workers have nothing of the tests
    environment["RAY_AUTH_MODE"] = "disabled"  # it would depend on a token in the user's home folder
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, env=environment, start_new_session=True)


def end_program(program: subprocess.Popen[bytes], how: int) -> None:
    """End a program and everything that it has started."""
    children = []
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(program.pid).children(recursive=True)
    program.send_signal(how)
    with suppress(subprocess.TimeoutExpired):
        program.wait(15)
    for left in [program, *children]:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            left.kill()
    program.wait()
    psutil.wait_procs(children, timeout=15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_port(port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        assert time.monotonic() < end, f"nothing listens at port {port}"
        time.sleep(0.05)


def await_text(log: Path, text: bytes, times: int = 1) -> None:
    end = time.monotonic() + _START_SECONDS
    while log.read_bytes().count(text) < times:
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
