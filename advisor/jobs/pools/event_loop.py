"""An event loop on which coroutine functions run: in a thread of its own, or the loop of the caller."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from advisor.jobs.pools.pool import CHUNK_SECONDS, Chunk, Done, Report, Setup
from advisor.measure.timed_selector import TimedSelector, open_loop

T = TypeVar("T")
_JOIN_SECONDS = 1.0


class LoopThread:
    """An event loop, and access to it from another thread.

    Args:
        loop: A running loop of another thread; None starts one in a new thread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._thread: threading.Thread | None = None
        self._selector: TimedSelector | None = None
        self._calls: Future[Any] | None = None
        self._is_interrupted = False
        if loop is not None:
            self.loop = loop
            return
        opened = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(opened,), name="advisor-event-loop", daemon=True)
        self._thread.start()
        opened.wait()

    def _run(self, opened: threading.Event) -> None:
        self.loop, self._selector = open_loop()  # here, since the selector reads the clocks of its thread
        opened.set()
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    @property
    def waited(self) -> float | None:
        """Seconds in which the loop has waited for events; None if that is not measured."""
        return None if self._selector is None else self._selector.waited

    def wait_for(self, coroutine: Coroutine[Any, Any, T], *, is_call: bool = False) -> T:
        """Run a coroutine and return its result; cancel it if waiting for it is interrupted.

        Args:
            coroutine: The coroutine.
            is_call: It makes calls of the user's, which `interrupt` cancels.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        if is_call:
            self._calls = future
            if self._is_interrupted:
                future.cancel()
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def interrupt(self) -> None:
        """Cancel the calls that are waited for, and later ones, from another thread."""
        self._is_interrupted = True
        if self._calls is not None:
            self._calls.cancel()

    @staticmethod
    def is_ended(error: BaseException) -> bool:
        """Return True if an exception ends the current task; others are raised by a call."""
        if isinstance(error, asyncio.CancelledError):
            task = asyncio.current_task()
            return task is not None and task.cancelling() > 0
        return isinstance(error, GeneratorExit)

    def close(self) -> None:
        """Cancel what runs on the loop and stop it, if it is one of our own."""
        if self._thread is None or not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._stop(), self.loop)
        self._thread.join(_JOIN_SECONDS)

    async def _stop(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=_JOIN_SECONDS / 2)
        self.loop.stop()


class EventLoopPool:
    """Runs coroutine functions as tasks of an event loop, so many at once.

    Args:
        setup: The coroutine function; an initializer has run already.
        workers: Largest number of tasks.
        loop: The loop.
    """

    chunk_seconds = CHUNK_SECONDS

    def __init__(self, setup: Setup, workers: int, loop: LoopThread) -> None:
        self._function = setup.function
        self._loop = loop
        self.workers = workers
        self._news: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._sent: set[int] = set()  # numbers of the chunks without a last report
        self._ended: set[int] = set()  # of those that were cancelled
        # Used by the thread of the loop only:
        self._queued: deque[Chunk] = deque()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._since: dict[int, float] = {}

    def resize(self, workers: int) -> None:
        """Change the number of tasks that run at once."""
        self.workers = workers

    def room(self) -> int:
        """Return how many more chunks may be sent: a few more than run, to have the next at hand."""
        return max(0, self.workers + max(1, self.workers // 4) - len(self._sent))

    def send(self, chunk: Chunk) -> None:
        """Start a task as soon as fewer than `workers` run."""
        self._sent.add(chunk.number)
        self._loop.loop.call_soon_threadsafe(self._enqueue, chunk)

    def _enqueue(self, chunk: Chunk) -> None:
        self._queued.append(chunk)
        self._start_queued()

    def _start_queued(self) -> None:
        while self._queued and len(self._tasks) < self.workers:
            chunk = self._queued.popleft()
            if chunk.number not in self._ended:
                self._tasks[chunk.number] = self._loop.loop.create_task(self._run(chunk))

    async def _run(self, chunk: Chunk) -> None:
        try:
            await self._make_calls(chunk)
        except BaseException as error:  # noqa: BLE001  (cancelled, by `end` or by a call)
            if chunk.number not in self._ended:
                self._news.put(Report(chunk.number, (), finished=True, lost=f"the call's task ended: {error!r}"))
        finally:
            self._tasks.pop(chunk.number, None)
            self._since.pop(chunk.number, None)
            self._start_queued()

    async def _make_calls(self, chunk: Chunk) -> None:
        for key, (args, kwargs) in zip(chunk.keys, chunk.calls, strict=True):
            began = self._since[chunk.number] = time.perf_counter()
            value: Any
            try:
                value, failed = await self._function(*args, **kwargs), False
            except BaseException as error:
                if self._loop.is_ended(error):
                    raise
                value, failed = error, True
            done = Done(key, value, failed, time.perf_counter() - began, None)
            self._news.put(Report(chunk.number, (done,), finished=key == chunk.keys[-1]))

    def withdraw(self) -> list[int]:
        return []

    def receive(self, timeout: float | None) -> list[Report]:
        """Wait for calls to end."""
        reports: list[Report] = []
        try:
            reports.append(self._news.get(timeout=timeout))
            while True:
                reports.append(self._news.get_nowait())
        except queue.Empty:
            pass
        reports = [report for report in reports if report.lost or report.number not in self._ended]
        self._sent.difference_update(report.number for report in reports if report.finished)
        return reports

    def since(self, number: int) -> float | None:
        """Return when the call began that the chunk is at; None if it waits."""
        return self._since.get(number)

    def end(self, number: int) -> bool:
        """Cancel the task of a chunk."""
        self._ended.add(number)
        self._loop.loop.call_soon_threadsafe(self._cancel, number)
        self._news.put(Report(number, (), finished=True, lost="the call was cancelled"))
        return True

    def _cancel(self, number: int) -> None:
        task = self._tasks.pop(number, None)
        if task is not None:
            task.cancel()
            self._start_queued()  # not when it ends: a coroutine may catch the cancellation and go on

    def close(self, *, kill: bool = False) -> None:
        """Cancel what runs and forget what waits."""
        self._loop.loop.call_soon_threadsafe(self._cancel_all)

    def _cancel_all(self) -> None:
        self._queued.clear()
        for number in tuple(self._tasks):
            self._cancel(number)
