"""A pool of threads, which share a queue of chunks."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable
from time import perf_counter
from types import FrameType
from typing import Any

from advisor.jobs.pools.pool import CHUNK_SECONDS, Chunk, Done, PoolBrokenError, Report, Setup
from advisor.jobs.pools.timed_calls import REPORT_INTERVAL, run_calls


class ThreadPool:
    """Daemon threads that run chunks of calls.

    A call in a thread cannot be ended: `end` leaves its thread behind, starts another and drops its late news.

    Args:
        setup: What each thread needs.
        workers: Number of threads.

    Attributes:
        abandoned: Number of threads that were left behind.
    """

    chunk_seconds = CHUNK_SECONDS

    def __init__(self, setup: Setup, workers: int) -> None:
        self._setup = setup
        self._size = 0
        self._outstanding: dict[int, Chunk] = {}
        self._waiting: queue.SimpleQueue[Chunk | None] = queue.SimpleQueue()  # None wakes an idle thread
        self._arriving: queue.SimpleQueue[tuple[_Worker, Report | str]] = queue.SimpleQueue()
        self._news: list[Report] = []
        self._broken = ""
        self._threads: set[_Worker] = set()
        self._surplus = _Surplus()
        self.abandoned = 0
        self.resize(workers)

    @property
    def workers(self) -> int:
        return self._size

    def resize(self, workers: int) -> None:
        growth = workers - self._size
        self._size = workers
        for _ in range(self._surplus.change(-growth)):
            self._start()
        for _ in range(-growth):
            self._waiting.put(None)

    def room(self) -> int:
        return max(0, 2 * self._size - len(self._outstanding))

    def send(self, chunk: Chunk) -> None:
        self._outstanding[chunk.number] = chunk
        self._waiting.put(chunk)

    def withdraw(self) -> list[int]:
        taken: list[int] = []
        with contextlib.suppress(queue.Empty):
            while True:
                if (chunk := self._waiting.get_nowait()) is not None:
                    taken.append(chunk.number)
                    del self._outstanding[chunk.number]
        return taken

    def receive(self, timeout: float | None) -> list[Report]:
        deadline = None if timeout is None else perf_counter() + timeout
        self._take_arrived()
        while not self._news and self._outstanding:
            left = None if deadline is None else deadline - perf_counter()
            if left is not None and left <= 0:
                break
            try:
                self._take(*self._arriving.get(timeout=left))
            except queue.Empty:
                break
            self._take_arrived()
        news = self._news[:]
        self._news.clear()
        return news

    def frames(self) -> list[FrameType]:
        """Return the innermost frames of the threads that run a call."""
        busy = {worker.ident for worker in self._threads if worker.number is not None}
        return [frame for ident, frame in sys._current_frames().items() if ident in busy]

    def since(self, number: int) -> float | None:
        worker = self._find(number)
        if worker is None:
            return None
        # Calls that ended within the interval since the last news are not known here.
        return worker.news_at + (REPORT_INTERVAL if len(self._outstanding[number].calls) > 1 else 0.0)

    def end(self, number: int) -> bool:
        self._take_arrived()
        worker = self._find(number)
        if worker is None or number not in self._outstanding:
            return True  # it has ended by itself
        worker.abandoned = True
        self.abandoned += 1
        self._threads.discard(worker)
        self._start()
        self._finish(Report(number, (), True, lost="the call was left behind in its thread"))
        return False

    def close(self, *, kill: bool = False) -> None:
        while not self._waiting.empty():
            self._waiting.get()
        if kill:
            for worker in self._threads:
                worker.abandoned = True
        self.resize(0)
        if not kill:
            for worker in self._threads:
                worker.join()
        self._threads.clear()
        self._outstanding.clear()
        self._news.clear()

    def _start(self) -> None:
        self._threads = {worker for worker in self._threads if worker.is_alive()}
        worker = _Worker(self._setup, self._waiting, self._arriving, self._surplus)
        self._threads.add(worker)
        worker.start()

    def _find(self, number: int) -> _Worker | None:
        return next((worker for worker in self._threads if worker.number == number), None)

    def _take_arrived(self) -> None:
        while not self._arriving.empty():
            self._take(*self._arriving.get())
        if self._broken:
            raise PoolBrokenError(self._broken)

    def _take(self, worker: _Worker, news: Report | str) -> None:
        if worker.abandoned:
            return
        if isinstance(news, str):
            self._broken = news
            self.close(kill=True)
        else:
            self._finish(news)

    def _finish(self, report: Report) -> None:
        self._news.append(report)
        if report.finished:
            self._outstanding.pop(report.number, None)


class _Surplus:
    """The number of threads that are too many; the first ones that are free end."""

    def __init__(self) -> None:
        self._number = 0
        self._lock = threading.Lock()

    def change(self, by: int) -> int:
        """Add to the surplus; return how many threads are missing if it would be negative."""
        with self._lock:
            number = self._number + by
            self._number = max(0, number)
            return max(0, -number)

    def take(self) -> bool:
        """Return True if the thread that asks is to end."""
        with self._lock:
            self._number -= (ends := self._number > 0)
            return ends


class _Abandoned(BaseException):
    """Ends a chunk whose thread was left behind."""


class _Worker(threading.Thread):
    def __init__(
        self,
        setup: Setup,
        waiting: queue.SimpleQueue[Chunk | None],
        arriving: queue.SimpleQueue[tuple[_Worker, Report | str]],
        surplus: _Surplus,
    ) -> None:
        super().__init__(daemon=True)
        self._setup, self._waiting, self._arriving, self._surplus = setup, waiting, arriving, surplus
        self.abandoned = False
        self.number: int | None = None  # of the running chunk
        self.news_at = 0.0  # when it began or reported last

    def run(self) -> None:
        try:
            if self._setup.initializer is not None:
                self._setup.initializer(*self._setup.initargs)
        except BaseException as error:  # noqa: BLE001  (whatever it is, the thread cannot work)
            name = getattr(self._setup.initializer, "__name__", "the initializer")
            self._arriving.put((self, f"the initializer {name} raised {type(error).__qualname__}: {error}"))
            return
        while not self.abandoned and not self._surplus.take():
            if (chunk := self._waiting.get()) is not None:
                self._run(chunk)

    def _run(self, chunk: Chunk) -> None:
        def report(done: list[Done], finished: bool) -> None:
            if self.abandoned:
                raise _Abandoned
            self.news_at = perf_counter()
            if finished:
                self.number = None
            self._arriving.put((self, Report(chunk.number, done, finished)))

        self.news_at = perf_counter()
        self.number = chunk.number
        function: Callable[..., Any] = self._setup.function
        with contextlib.suppress(_Abandoned):
            run_calls(function, chunk.keys, chunk.calls, time.thread_time, report)
