"""Every strategy as a `concurrent.futures.Executor`, found by name: what runs a job need not know which one it got."""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from advisor.errors import MissingExtraError, UsageError
from advisor.models import Strategy

if TYPE_CHECKING:
    import asyncio

P = ParamSpec("P")
T = TypeVar("T")

_CLOSED = "cannot schedule new futures after shutdown"


def open_executor(strategy: Strategy, workers: int, *, backend: str = "stdlib") -> Executor:
    """A new executor that runs calls by `strategy` with at most `workers` at once; use it in a `with` block.

    `backend` is 'stdlib', or 'loky' for processes that survive a crash of one of them and pickle by value.
    Raises UsageError when there is none of that name here, MissingExtraError when its package is not installed.
    """
    try:
        opener = _OPENERS[strategy, backend]
    except KeyError:
        known = ", ".join(f"{name} ({kind})" for name, kind in _OPENERS)
        raise UsageError(f"no executor for {strategy} of the kind '{backend}'; there are {known}") from None
    return opener(workers)


class SequentialExecutor(Executor):
    """No concurrency: `submit` runs the call at once, `map` each when its result is asked for, as a plain loop does."""

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
            raise RuntimeError(_CLOSED)


class AsyncioExecutor(Executor):
    """Calls of coroutine functions on one event loop in a thread of its own, at most `max_workers` at once.

    A plain function is run on the loop too, and holds up all others meanwhile, as it would in a program of asyncio.
    """

    def __init__(self, max_workers: int) -> None:
        self._max_workers = max_workers
        self._futures: set[Future[Any]] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="AsyncioExecutor", daemon=True)
        self._thread.start()
        self._ready.wait()

    def submit(self, fn: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Future[Any]:
        return self._schedule(lambda: self._call(lambda: fn(*args, **kwargs)))

    def map(
        self, fn: Callable[..., Any], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[Any]:
        # All calls cross over to the loop's thread at once: one by one would cost more than many a call.
        calls = list(zip(*iterables, strict=False))
        return _results(self._schedule(lambda: self._call_all(fn, calls)), timeout)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As any executor's, but `cancel_futures` also ends calls that are waiting for something in their middle."""
        with self._lock:
            first, self._closed = not self._closed, True
            futures = list(self._futures)
        if cancel_futures:
            for future in futures:
                future.cancel()
        if first:
            self._loop.call_soon_threadsafe(self._closing.set)
        if wait:
            self._thread.join()

    def _schedule(self, start: Callable[[], Any]) -> Future[Any]:
        import asyncio

        with self._lock:
            if self._closed:
                raise RuntimeError(_CLOSED)
            future: Future[Any] = asyncio.run_coroutine_threadsafe(start(), self._loop)
            self._futures.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._futures.discard(future)

    def _run(self) -> None:
        import asyncio

        asyncio.run(self._serve())

    async def _serve(self) -> None:
        """The loop lives until it is closed and all calls are done."""
        import asyncio

        self._loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(self._max_workers)
        self._closing = asyncio.Event()
        self._ready.set()
        await self._closing.wait()
        with self._lock:
            rest = [asyncio.wrap_future(future) for future in self._futures]
        await asyncio.gather(*rest, return_exceptions=True)

    async def _call(self, start: Callable[[], Any]) -> Any:
        async with self._slots:
            result = start()
            return await result if isinstance(result, Awaitable) else result

    async def _call_all(self, fn: Callable[..., Any], calls: list[tuple[Any, ...]]) -> list[Any]:
        import asyncio

        started = (self._call(lambda arguments=arguments: fn(*arguments)) for arguments in calls)  # type: ignore[misc]
        return await asyncio.gather(*started, return_exceptions=True)


def _results(future: Future[list[Any]], timeout: float | None) -> Iterator[Any]:
    for result in future.result(timeout):
        if isinstance(result, BaseException):
            raise result
        yield result


def _sequential(workers: int) -> Executor:
    return SequentialExecutor()


def _threads(workers: int) -> Executor:
    return ThreadPoolExecutor(workers)


def _processes(workers: int) -> Executor:
    from concurrent.futures import ProcessPoolExecutor

    return ProcessPoolExecutor(workers)


def _loky(workers: int) -> Executor:
    try:
        import loky
    except ImportError:
        raise MissingExtraError("the backend 'loky'", "loky") from None
    pool: Executor = loky.ProcessPoolExecutor(workers)
    return pool


def _asyncio(workers: int) -> Executor:
    return AsyncioExecutor(workers)


def _interpreters(workers: int) -> Executor:
    import concurrent.futures

    if not hasattr(concurrent.futures, "InterpreterPoolExecutor"):
        raise UsageError(f"a pool of interpreters needs Python 3.14 or later; this is {sys.version.split()[0]}")
    # A subinterpreter starts with the path that the program started with. What was added since, as advisor adds the
    # folder of a target, has to be handed over, as multiprocessing does; `exec` is there before anything is imported.
    path = [entry for entry in sys.path if isinstance(entry, str)]
    pool: Executor = concurrent.futures.InterpreterPoolExecutor(
        workers, initializer=exec, initargs=(f"import sys; sys.path[:] = {path!r}",)
    )
    return pool


_OPENERS: dict[tuple[str, str], Callable[[int], Executor]] = {
    ("sequential", "stdlib"): _sequential,
    ("threading", "stdlib"): _threads,
    ("multiprocessing", "stdlib"): _processes,
    ("multiprocessing", "loky"): _loky,
    ("asyncio", "stdlib"): _asyncio,
    ("interpreters", "stdlib"): _interpreters,
}
