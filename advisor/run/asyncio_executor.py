"""An event loop as a `concurrent.futures.Executor`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec

P = ParamSpec("P")


class AsyncioExecutor(Executor):
    """Runs coroutine functions on one event loop in a thread of its own, at most `max_workers` calls at once.

    A plain function runs on the loop too, and blocks all other calls meanwhile, as it would in any asyncio program.

    Args:
        max_workers: Largest number of calls in progress.
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
        # All calls are handed to the loop's thread at once: one by one, that would cost more than many calls do.
        calls = list(zip(*iterables, strict=False))
        return _results(self._schedule(lambda: self._call_all(fn, calls)), timeout)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close the executor.

        Args:
            wait: Block until all calls have ended.
            cancel_futures: Also cancel calls that have started, at their next `await`.
        """
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
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot schedule new futures after shutdown")
            future: Future[Any] = asyncio.run_coroutine_threadsafe(start(), self._loop)
            self._futures.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._futures.discard(future)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        """Keep the loop alive until the executor is closed and all calls have ended."""
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(self._max_workers)
        self._closing = asyncio.Event()
        self._ready.set()
        await self._closing.wait()
        with self._lock:
            pending = [asyncio.wrap_future(future) for future in self._futures]
        await asyncio.gather(*pending, return_exceptions=True)

    async def _call(self, start: Callable[[], Any]) -> Any:
        async with self._slots:
            result = start()
            return await result if isinstance(result, Awaitable) else result

    async def _call_all(self, fn: Callable[..., Any], calls: list[tuple[Any, ...]]) -> list[Any]:
        started = (self._call(lambda arguments=arguments: fn(*arguments)) for arguments in calls)  # type: ignore[misc]
        return await asyncio.gather(*started, return_exceptions=True)


def _results(future: Future[list[Any]], timeout: float | None) -> Iterator[Any]:
    for result in future.result(timeout):
        if isinstance(result, BaseException):
            raise result
        yield result
