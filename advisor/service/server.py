"""`advise serve`: the application under gunicorn, with as many workers and threads as the advisor itself advises.

Gunicorn's threads, which wait for no client (`arrival`): the master (`master`) keeps workers alive, ends them
gracefully on SIGTERM and replaces them on SIGHUP, once it has read the settings and the token file again. The socket is
opened here first, so that an address that is taken is one line, and port 0 is told.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.errors import MissingExtraError, UsageError
from advisor.models import Advice, Profile

if TYPE_CHECKING:
    from flask import Flask

    from advisor.service.settings import Settings

HANDLER = Path(__file__).with_name(
    "own_profile.json"
)  # a profile of what answers questions, half in words, half profiles
FEWEST_THREADS = 4  # a client that is slow to send a large body keeps one, which no profile shows
MOST_THREADS = 32
CLIENT_SECONDS = 30  # that a request may take to arrive, and a client be silent in what is too large to be waited for
STOP_SECONDS = 40  # that a worker has for what it is at: longer than a batch may take
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(
    host: str,
    port: int,
    *,
    workers: int | None,
    threads: int | None,
    settings: Callable[[], Settings],
    application: Callable[[Settings], Flask],
    tell: Callable[[str], None],
) -> None:
    """Answers until it is ended; `settings` is asked for them at the start and at each reload, not by the workers.

    `application` makes what answers, in each worker.
    """
    base = _gunicorn()
    checked = settings()  # wrong ones are an error before anything runs
    advised_workers, advised_threads = advised_concurrency()
    options: dict[str, Any] = {
        "worker_class": "advisor.service.arrival.Worker",
        "workers": workers or advised_workers,
        "threads": threads or advised_threads,
        "timeout": CLIENT_SECONDS * 2,
        "graceful_timeout": STOP_SECONDS,
        "keepalive": 5,
        "control_socket_disable": True,
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: PTH112  (a heartbeat file)
        "logconfig_dict": LOGGING,
        "child_exit": _forget,
    }
    listener = _listening(host, port)
    name = f"[{host}]" if ":" in host else host
    tell(f"Listening on http://{name}:{listener.getsockname()[1]} (Ctrl-C ends it)")
    tell(f"{options['workers']} workers with {options['threads']} threads each")
    if host not in LOOPBACK and not checked.tokens:
        tell("Warning: whoever reaches this address may ask: --token-file keeps others out")
    counts = tempfile.mkdtemp(prefix="advisor-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts  # before prometheus_client is imported, in the workers
    options["bind"] = f"fd://{listener.detach()}"
    master = os.getpid()
    try:
        _run(base, options, checked, settings, application)
    finally:
        if os.getpid() == master:  # workers end in this call too
            shutil.rmtree(counts, ignore_errors=True)


def advised_concurrency() -> tuple[int, int]:
    """Workers and threads for this host: what the advisor advises for its own handler.

    As many processes as multiprocessing would have; in each of them threads as threading would have on one core.
    """
    from advisor import api
    from advisor.host.machine import limits

    handler, host = Profile.model_validate_json(HANDLER.read_bytes()), limits()
    processes = _best(api.advise(handler, machine=host), "multiprocessing")
    threads = _best(api.advise(handler, machine=host.model_copy(update={"cores": 1})), "threading")
    return processes, max(FEWEST_THREADS, min(threads, MOST_THREADS))


def _best(advice: Advice, strategy: str) -> int:
    return next((each.workers for each in advice.alternatives if each.strategy == strategy and each.feasible), 1)


def _gunicorn() -> Any:
    if sys.platform == "win32":
        raise UsageError(
            "advise serve needs gunicorn, which does not run on Windows: there, "
            "`pip install waitress` and `waitress-serve --listen=127.0.0.1:8000 --call advisor.service:create_app`"
        )
    try:
        import cachetools  # noqa: F401
        import flask  # noqa: F401
        from gunicorn.app.base import BaseApplication
    except ImportError as error:
        raise MissingExtraError("the HTTP service", "service") from error
    return BaseApplication


def _run(
    base: Any,
    options: dict[str, Any],
    checked: Settings,
    settings: Callable[[], Settings],
    application: Callable[[Settings], Flask],
) -> None:
    class Application(base):  # type: ignore[misc]
        in_force = checked  # that a worker finds when it begins: what it reads itself may be another by then, or wrong

        def read_settings(self) -> None:
            self.in_force = settings()

        def load_config(self) -> None:
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            _log_only_what_is_told()
            return application(self.in_force)

        def run(self) -> None:
            from advisor.service.master import Master

            Master(self).run()

    Application().run()


def _log_only_what_is_told() -> None:
    """No thread, process and place in the source for each line: "Optimization" in the logging HOWTO."""
    import logging

    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None


def _forget(_: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise UsageError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    # Gunicorn's threads wait for a client's next bytes for ever. Accepted sockets take these limits from the listener.
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", CLIENT_SECONDS, 0))
    return listener


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "{asctime}{levelname}{name}{message}",
            "style": "{",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        }
    },
    "filters": {"discretion": {"()": "advisor.service.discretion.Discretion"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True, "filters": ["discretion"]},
        "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
    },
}
