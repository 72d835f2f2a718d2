"""Every strategy as a `concurrent.futures.Executor`, so that the code that runs a job is the same for all."""

from __future__ import annotations

import builtins
import concurrent.futures
import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

from advisor.errors import UsageError
from advisor.models import StartMethod, Strategy
from advisor.target.loader import aliased_files, import_aliased

P = ParamSpec("P")
T = TypeVar("T")


def open_executor(strategy: Strategy, workers: int, start_method: StartMethod | None = None) -> Executor:
    """Open an executor that runs calls by a strategy.

    Args:
        strategy: How to run the calls.
        workers: Largest number of calls at once.
        start_method: Of worker processes, by default that of this host; other strategies have none.

    Returns:
        A new executor, to be used in a `with` block.

    Raises:
        UsageError: This interpreter has no such executor.
    """
    try:
        open_ = EXECUTORS[strategy]
    except KeyError:
        raise UsageError(f"no executor for {strategy!r}; there are {', '.join(EXECUTORS)}") from None
    return open_(workers) if start_method is None else _open_processes(workers, start_method)


class SequentialExecutor(Executor):
    """Runs each call in the caller's thread: `submit` at once, `map` when a result is asked for, like a plain loop."""

    def __init__(self) -> None:
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        self._check_open()
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  (as the pools of the standard library do)
            future.set_exception(error)
        return future

    def map(
        self, fn: Callable[..., T], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[T]:
        self._check_open()
        return builtins.map(fn, *iterables)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")


def _open_asyncio(workers: int) -> Executor:
    from advisor.run.asyncio_executor import AsyncioExecutor  # asyncio takes time to import

    return AsyncioExecutor(workers)


def _open_processes(workers: int, start_method: StartMethod | None = None) -> Executor:
    context = multiprocessing.get_context(start_method)
    if files := aliased_files():  # no import finds them, so workers that are not forked need to be told
        return concurrent.futures.ProcessPoolExecutor(workers, context, import_aliased, (files,))
    return concurrent.futures.ProcessPoolExecutor(workers, context)


def _open_interpreters(workers: int) -> Executor:
    if not hasattr(concurrent.futures, "InterpreterPoolExecutor"):
        raise UsageError(f"a pool of interpreters needs Python 3.14 or later; this is {sys.version.split()[0]}")
    # A subinterpreter starts with the path that the program started with. What was added since, such as the folder of
    # a target, must be passed on, as multiprocessing does; `exec` is available before anything is imported.
    path = [entry for entry in sys.path if isinstance(entry, str)]
    set_up = f"import sys; sys.path[:] = {path!r}"
    if files := aliased_files():
        set_up += f"; from advisor.target.loader import import_aliased; import_aliased({files!r})"
    pool: Executor = concurrent.futures.InterpreterPoolExecutor(workers, initializer=exec, initargs=(set_up,))
    return pool


EXECUTORS: dict[Strategy, Callable[[int], Executor]] = {
    "sequential": lambda workers: SequentialExecutor(),
    "threading": lambda workers: concurrent.futures.ThreadPoolExecutor(workers),
    "multiprocessing": _open_processes,
    "asyncio": _open_asyncio,
    "interpreters": _open_interpreters,
}
