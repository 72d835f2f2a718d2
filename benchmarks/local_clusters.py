"""Real clusters on this host: schedulers and workers as processes of their own, which end with the benchmark."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from advisor.models.cluster import EngineName
from benchmarks.networks import Network
from benchmarks.sessions import members, running_command
from profiles.job import ROOT

START_SECONDS: Final = 60.0
NAMESPACE_PORT: Final = 8786  # no other process listens in the namespace
RAY_STARTED: Final = b"Ray runtime started"
RAY_MEMORY: Final = 200_000_000  # bytes of shared memory for arguments and results
PACKAGES: Final[dict[EngineName, str]] = {"dask": "distributed", "ray": "ray"}
SHOWN_OUTPUT: Final = 500  # characters


class ClusterStartError(Exception):
    """A cluster did not start; the text is the end of its output."""


@dataclass(frozen=True)
class Layout:
    """Worker processes, and threads of each."""

    processes: int
    threads_each: int

    def __str__(self) -> str:
        return f"{self.processes} × {self.threads_each}"

    @property
    def slots(self) -> int:
        """Calls that run at once."""
        return self.processes * self.threads_each


class LocalCluster(ABC):
    """A cluster that is running.

    Attributes:
        engine: "dask" or "ray".
        address: Of the scheduler or the head node; for Dask with "tcp://".
        folder: The working directory of its processes, with their output.
    """

    engine: EngineName
    address: str
    variables: Mapping[str, str] = {}  # of the environment of its processes and of its clients

    def __init__(self, layout: Layout, network: Network | None, folder: Path) -> None:
        self._layout = layout
        self._prefix = network.prefix if network else ()
        self._host = network.address if network else "127.0.0.1"
        self._port = NAMESPACE_PORT if network else _free_port()
        self.folder = folder
        self._running = contextlib.ExitStack()
        self._children: list[subprocess.Popen[bytes]] = []

    @abstractmethod
    def start(self) -> None:
        """Start the processes and wait until they can be used."""

    def kill(self) -> None:
        """Kill all processes."""
        self._signal(signal.SIGCONT)  # a tracker of semaphores that is stopped cannot remove them
        self._running.close()
        self._children.clear()

    def pause(self) -> None:
        """Stop all processes: an idle Dask cluster takes several per cent of a core."""
        self._signal(signal.SIGSTOP)

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Let the processes of a paused cluster go on, and pause them again at the end."""
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self.pause()

    def _signal(self, number: signal.Signals) -> None:
        for process in itertools.chain.from_iterable(members(child.pid) for child in self._children):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def restart(self) -> None:
        """Kill all processes at once, and start them again at the same address."""
        self.kill()
        self.start()

    def _run(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = self._running.enter_context(self._log(module).open("wb"))
        child = self._running.enter_context(
            running_command(
                (*self._prefix, sys.executable, "-m", module, *arguments),
                environment={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
                folder=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        )
        self._children.append(child)
        return child

    def _log(self, module: str) -> Path:
        return self.folder / f"{module}.log"

    def _failure(self) -> ClusterStartError:
        output = "".join(path.read_text("utf-8", "replace") for path in self.folder.glob("*.log"))
        return ClusterStartError(output[-SHOWN_OUTPUT:])


class DaskCluster(LocalCluster):
    """A scheduler, and one `dask worker` command, which starts a nanny and a process for each worker."""

    engine = "dask"
    SCHEDULER: Final = "distributed.cli.dask_scheduler"
    WORKER: Final = "distributed.cli.dask_worker"

    def start(self) -> None:
        self.address = f"tcp://{self._host}:{self._port}"
        shared = ("--host", self._host, "--no-dashboard", "--dashboard-address", ":0")
        sizes = ("--nworkers", str(self._layout.processes), "--nthreads", str(self._layout.threads_each))
        self._run(self.SCHEDULER, *shared, "--port", str(self._port))
        self._run(self.WORKER, self.address, *shared, *sizes, "--local-directory", str(self.folder))
        self._await_workers()

    def _await_workers(self) -> None:
        from distributed import Client

        try:
            with Client(self.address, timeout=START_SECONDS) as client:
                client.wait_for_workers(self._layout.processes, timeout=START_SECONDS)
        except (OSError, TimeoutError):
            raise self._failure() from None


class RayCluster(LocalCluster):
    """A head node with a processor for each slot; Ray starts its worker processes when they are needed."""

    engine = "ray"
    # Ray listens on all interfaces, and by default demands a token only if this user happens to have one.
    variables: Final = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    MODULE: Final = "ray.scripts.scripts"

    def start(self) -> None:
        self.address = f"{self._host}:{self._port}"
        child = self._run(
            *(self.MODULE, "start", "--head", "--block", f"--port={self._port}"),
            *(f"--num-cpus={self._layout.slots}", f"--object-store-memory={RAY_MEMORY}", f"--temp-dir={self.folder}"),
            *("--include-dashboard=false", "--disable-usage-stats"),
        )
        deadline = time.monotonic() + START_SECONDS
        while RAY_STARTED not in self._log(self.MODULE).read_bytes():
            if child.poll() is not None or time.monotonic() > deadline:
                raise self._failure()
            time.sleep(0.05)

    def pause(self) -> None:
        """Do nothing: idle, it takes one per cent of a core, and it gives up nodes that do not answer."""


_KINDS: Final[dict[EngineName, type[LocalCluster]]] = {"dask": DaskCluster, "ray": RayCluster}


def is_installed(engine: EngineName) -> bool:
    return importlib.util.find_spec(PACKAGES[engine]) is not None


@contextlib.contextmanager
def cluster(engine: EngineName, layout: Layout, network: Network | None = None) -> Iterator[LocalCluster]:
    """Start a cluster, yield it when its workers are there, and kill all of its processes at the end.

    Args:
        engine: "dask" or "ray".
        layout: Processes and threads of the workers.
        network: The scheduler and the workers run at its other end, if given. Only for Dask: without the package
            ray[client], a program that uses Ray runs on a host of its cluster.

    Raises:
        ClusterStartError: It did not start.
    """
    with tempfile.TemporaryDirectory(prefix="cluster-", ignore_cleanup_errors=True) as folder:
        made = _KINDS[engine](layout, network, Path(folder))
        with _environment(made.variables):
            try:
                made.start()
                yield made
            finally:
                made.kill()


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables, which processes that are started meanwhile inherit."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
