"""Every strategy as a `concurrent.futures.Executor`, so that the code that runs a job is the same for all."""

from __future__ import annotations

import builtins
import concurrent.futures
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

from advisor.errors import UsageError
from advisor.models import Strategy

P = ParamSpec("P")
T = TypeVar("T")


def open_executor(strategy: Strategy, workers: int) -> Executor:
    """Open an executor that runs calls by a strategy.

    Args:
        strategy: How to run the calls.
        workers: Largest number of calls at once.

    Returns:
        A new executor, to be used in a `with` block.

    Raises:
        UsageError: This interpreter has no such executor.
    """
    try:
        open_ = EXECUTORS[strategy]
    except KeyError:
        raise UsageError(f"no executor for {strategy!r}; there are {', '.join(EXECUTORS)}") from None
    return open_(workers)


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


def _open_interpreters(workers: int) -> Executor:
    if not hasattr(concurrent.futures, "InterpreterPoolExecutor"):
        raise UsageError(f"a pool of interpreters needs Python 3.14 or later; this is {sys.version.split()[0]}")
    # A subinterpreter starts with the path that the program started with. What was added since, such as the folder of
    # a target, must be passed on, as multiprocessing does; `exec` is available before anything is imported.
    path = [entry for entry in sys.path if isinstance(entry, str)]
    pool: Executor = concurrent.futures.InterpreterPoolExecutor(
        workers, initializer=exec, initargs=(f"import sys; sys.path[:] = {path!r}",)
    )
    return pool


EXECUTORS: dict[Strategy, Callable[[int], Executor]] = {
    "sequential": lambda workers: SequentialExecutor(),
    "threading": lambda workers: concurrent.futures.ThreadPoolExecutor(workers),
    "multiprocessing": lambda workers: concurrent.futures.ProcessPoolExecutor(workers),
    "asyncio": _open_asyncio,
    "interpreters": _open_interpreters,
}
