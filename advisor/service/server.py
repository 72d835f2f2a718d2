"""`advise serve`: the application under gunicorn, with as many workers and threads as the advisor itself advises.

The listening socket is opened before gunicorn starts, so that an address in use is a one-line error, and the port that
the system chose for port 0 can be printed.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import struct
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor import api
from advisor.errors import MissingExtraError, UsageError
from advisor.host import machine
from advisor.models import Advice, Profile

if TYPE_CHECKING:
    from flask import Flask

    from advisor.service.settings import Settings

OWN_PROFILE = Path(__file__).with_name("request_profile.json")  # of answering: half descriptions, half profiles
MIN_THREADS = 4  # the profile does not show that a client that sends slowly occupies a thread
MAX_THREADS = 32
READ_SECONDS = 30  # without a byte from the client, until its connection is given up
GRACEFUL_SECONDS = 40  # for requests in progress when a worker stops: longer than a batch takes by default
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class ServerOptions:
    """Address, and numbers of workers and threads; None means as many as the advisor advises."""

    host: str
    port: int
    workers: int | None = None
    threads: int | None = None


def serve(
    options: ServerOptions,
    *,
    read_settings: Callable[[], Settings],
    create_app: Callable[[Settings], Flask],
    on_message: Callable[[str], None],
) -> None:
    """Serve until a signal ends the process.

    Args:
        options: Where to listen, and how many workers and threads to run.
        read_settings: Returns the settings; called at the start and at each reload.
        create_app: Makes the WSGI application, once in each worker.
        on_message: Receives the lines for the operator.

    Raises:
        UsageError: The settings are wrong, the address cannot be used, or the platform has no gunicorn.
        MissingExtraError: The extra "service" is not installed.
    """
    _require_packages()
    from advisor.service.gunicorn_app import Application  # gunicorn is optional

    settings = read_settings()
    listener = _listen(options.host, options.port)
    workers, threads = advised_concurrency()
    workers, threads = options.workers or workers, options.threads or threads
    name = f"[{options.host}]" if ":" in options.host else options.host
    on_message(f"Listening on http://{name}:{listener.getsockname()[1]} (press Ctrl-C to stop)")
    on_message(f"{workers} workers with {threads} threads each")
    if options.host not in LOOPBACK and not settings.tokens:
        on_message("Warning: anyone who can reach this address can use the service; --token-file restricts it")
    metrics_directory = tempfile.mkdtemp(prefix="advisor-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_directory  # before a worker imports prometheus_client
    gunicorn_options = {
        "bind": f"fd://{listener.detach()}",
        "worker_class": "gthread",
        "workers": workers,
        "threads": threads,
        "timeout": 60,
        "graceful_timeout": GRACEFUL_SECONDS,
        "keepalive": 5,
        "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # the heartbeat must not wait for a disk
        "logconfig_dict": LOGGING,
        "on_exit": lambda _: shutil.rmtree(metrics_directory, ignore_errors=True),
    }
    Application(gunicorn_options, settings, read_settings, create_app).run()


def advised_concurrency() -> tuple[int, int]:
    """Return the workers and threads that the advisor advises for its own request handler on this host.

    As many processes as for the strategy multiprocessing, each with as many threads as for threading on one core.
    """
    handler, host = Profile.model_validate_json(OWN_PROFILE.read_bytes()), machine.unmeasured_machine()
    processes = _advised_workers(api.advise(handler, machine=host), "multiprocessing")
    threads = _advised_workers(api.advise(handler, machine=host.model_copy(update={"cores": 1})), "threading")
    return processes, max(MIN_THREADS, min(threads, MAX_THREADS))


def _advised_workers(advice: Advice, strategy: str) -> int:
    feasible = (each.workers for each in advice.alternatives if each.strategy == strategy and each.feasible)
    return next(feasible, 1)


def _require_packages() -> None:
    if sys.platform == "win32":
        raise UsageError(
            "advise serve needs gunicorn, which does not run on Windows: there, "
            "`pip install waitress` and `waitress-serve --listen=127.0.0.1:8000 --call advisor.service:create_app`"
        )
    if not all(importlib.util.find_spec(package) for package in ("flask", "gunicorn")):
        raise MissingExtraError("the HTTP service", "service")


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise UsageError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    # A gthread worker waits for the rest of a request without a time limit, so a client that vanishes would occupy a
    # thread for ever. Accepted sockets inherit these limits from the listening one.
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", READ_SECONDS, 0))
    return listener


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "advisor.service.json_logs.JSONFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},  # every request is logged once
    },
}
