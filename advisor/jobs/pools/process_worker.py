"""The worker process: load the function, run chunks until the parent says stop or is gone."""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from advisor.errors import UsageError
from advisor.jobs.pools import pickles, worker_messages
from advisor.jobs.pools.pool import Chunk, Setup
from advisor.jobs.pools.timed_calls import run_calls
from advisor.jobs.pools.worker_logs import Outbox, set_levels
from advisor.jobs.pools.worker_messages import Message

if sys.platform != "win32":
    import resource

STOP = b""  # the message that ends a worker
_LENGTH = struct.Struct("=I")
_SET_DEATH_SIGNAL = 1  # <linux/prctl.h>
_loading = ""


@dataclass(frozen=True)
class Environment:
    """The facts about its parent that a worker needs if it is not forked."""

    program: str  # sys.argv[0]
    aliased: dict[str, str]
    levels: dict[str, int]
    filters: bytes  # warnings.filters, pickled; empty if that is impossible
    by_value: bool
    module: str  # that the function is imported from
    setup: bytes


def pack_chunk(chunk: Chunk, calls: bytes) -> bytes:
    """Return the message that gives a worker a chunk, whose calls are pickled already."""
    header = pickle.dumps((chunk.number, chunk.keys), 5)
    return b"".join([_LENGTH.pack(len(header)), header, calls])


def is_loading() -> str:
    """Return the name of the module that this worker imports at the moment to get at the function, or an empty string.

    A script without a main guard would start its job again, in every worker.
    """
    return _loading


def main() -> None:
    """Serve as a worker that was started by a command; the arguments are the descriptor and the parent's id."""
    descriptor, parent, from_main_thread = map(int, sys.argv[1:])
    connection = Connection(descriptor)
    _settle(connection, parent, bool(from_main_thread))
    environment: Environment = pickle.loads(connection.recv_bytes())
    sys.argv[:] = [environment.program]
    set_levels(environment.levels)
    dumps = pickles.dumps_by_value if environment.by_value else pickles.dumps_for_other_main
    _serve(connection, dumps, lambda: _load(environment))
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)  # threads that the calls left must not keep the process alive


def main_forked(connection: Connection, parent: int, from_main_thread: bool, setup: Setup) -> None:
    """Serve as a worker that was forked."""
    import atexit

    atexit._clear()  # the handlers are the parent's
    _reset_signals()
    _reseed()
    _settle(connection, parent, from_main_thread)
    _serve(connection, pickles.dumps, lambda: setup)


def _load(environment: Environment) -> Setup:
    global _loading
    from advisor.target.loader import import_aliased

    if environment.filters:
        import warnings

        with contextlib.suppress(Exception):  # a category that this process cannot import
            warnings.filters[:] = pickle.loads(environment.filters)  # type: ignore[index]
    _loading = environment.module
    try:
        import_aliased(environment.aliased)
        setup: Setup = pickle.loads(environment.setup)
    finally:
        _loading = ""
    return setup


def _serve(connection: Connection, dumps: pickles.Dumps, load: Callable[[], Setup]) -> None:
    outbox = Outbox()
    outbox.install()

    def send(message: Message) -> None:
        with contextlib.suppress(Exception):  # what finished calls have printed is not lost with the worker
            sys.stdout.flush()
        data = worker_messages.encode(message._replace(logs=outbox.empty(dumps)), dumps)
        try:
            connection.send_bytes(data)
        except OSError:
            os._exit(1)  # the parent is gone

    try:
        setup = load()
        outbox.install()  # modules may have set up logging when they were imported
    except BaseException as error:  # noqa: BLE001  (whatever it is, the worker cannot work)
        send(_load_failure(error))
        return
    try:
        if setup.initializer is not None:
            setup.initializer(*setup.initargs)
    except BaseException as error:  # noqa: BLE001  (whatever it is, the worker cannot work)
        name = getattr(setup.initializer, "__name__", "the initializer")
        send(Message(None, broken=f"the initializer {name} raised {_describe(error)}"))
        return
    send(Message(None))
    with contextlib.suppress(EOFError, OSError):
        while (data := connection.recv_bytes()) != STOP:
            _run_chunk(setup.function, data, send)
            del data
    _run_exit_handlers()
    send(Message(None))  # what was logged meanwhile


def _run_chunk(function: Callable[..., Any], data: bytes, send: Callable[[Message], None]) -> None:
    view = memoryview(data)
    start = _LENGTH.size + _LENGTH.unpack_from(data)[0]
    number, keys = pickle.loads(view[_LENGTH.size : start])
    try:
        calls = pickle.loads(view[start:])
    except BaseException as problem:  # noqa: BLE001  (the user's classes take part)
        send(worker_messages.cannot_unpickle(number, keys, problem))
        return
    run_calls(function, keys, calls, _cpu_clock, lambda done, finished: send(Message(number, done, finished)))


def _cpu_clock() -> float:
    """Return the seconds of CPU time of this thread and of the child programs that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.thread_time() + children.ru_utime + children.ru_stime


def _load_failure(error: BaseException) -> Message:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UsageError):
            return Message(None, broken=str(cause))  # such as that the module runs the job when it is imported
        cause = cause.__cause__ or cause.__context__
    return Message(None, broken=f"a worker could not load the function: {_describe(error)}", cannot_load=True)


def _describe(error: BaseException) -> str:
    try:
        return f"{type(error).__qualname__}: {error}"
    except Exception:  # noqa: BLE001  (the user's own __str__)
        return type(error).__qualname__


def _settle(connection: Connection, parent: int, from_main_thread: bool) -> None:
    """Leave Ctrl-C to the parent, end with it, and keep the connection from processes that are forked here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.register_at_fork(after_in_child=connection.close)
    if sys.platform == "linux" and from_main_thread:  # the signal comes when the thread that started this one ends
        import ctypes

        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    else:
        threading.Thread(target=_end_with, args=(connection.fileno(),), daemon=True).start()


def _end_with(descriptor: int) -> None:
    """End this process when the other end of the connection is closed."""
    poll = select.poll()
    poll.register(descriptor, 0)  # the end is reported in any case
    poll.poll()
    os._exit(1)


def _reset_signals() -> None:
    """Restore the default where the parent has installed a handler."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)) and number != signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)


def _reseed() -> None:
    """Give each forked worker numbers of its own from `numpy.random`; Python does so for the module `random`.

    Generators that the program made before the fork, such as by `numpy.random.default_rng`, stay alike in all workers.
    """
    if (numpy_random := sys.modules.get("numpy.random")) is not None:
        numpy_random.seed()


def _run_exit_handlers() -> None:
    import atexit

    # There is no public way to run them without waiting for threads that are still alive.
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
