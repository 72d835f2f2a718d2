"""A pool of worker processes, each with a connection of its own.

Workers share no lock and no pipe, so one that dies, even while it sends a result, loses its own chunks only.
"""

from __future__ import annotations

import os
import selectors
import signal
import weakref
from collections import deque
from dataclasses import dataclass, field
from time import perf_counter

from advisor.jobs.pools import pickles, worker_logs, worker_messages
from advisor.jobs.pools.pool import (
    CHUNK_SECONDS,
    CannotLoadError,
    CannotSendError,
    Chunk,
    PoolBrokenError,
    Report,
    Setup,
)
from advisor.jobs.pools.process_worker import STOP, pack_chunk
from advisor.jobs.pools.timed_calls import REPORT_INTERVAL
from advisor.jobs.pools.worker_start import Started, StartMethod, starter

_AHEAD_BYTES = 96 * 1024  # what surely fits into the buffer of a connection whose worker does not read at the moment
_AHEAD_SECONDS = 0.05  # a chunk waits behind another only if chunks end so soon; else the next idle worker gets it
_EXIT_SECONDS = 1.0  # for the exit handlers of a worker
_MAX_EARLY_DEATHS = 3  # of workers that die one after the other before they are ready
_CRASHES = {signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV} | (
    {signal.SIGBUS, signal.SIGSYS} if os.name == "posix" else set()
)


@dataclass(eq=False)
class _Worker:
    process: Started
    chunks: deque[tuple[int, int]] = field(default_factory=deque)  # number and calls: the running one, one behind it
    ready: bool = False
    retiring: bool = False  # gets no more chunks
    stopped_at: float | None = None
    ended: bool = False  # killed by `end`
    began: float = 0.0  # when the running chunk began
    news_at: float = 0.0  # when the running chunk began or was last heard of

    @property
    def idle(self) -> bool:
        return self.ready and not self.chunks and not self.retiring


class ProcessPool:
    """Worker processes that run chunks of calls.

    Args:
        setup: What each worker needs. Forked workers inherit it, others get it pickled.
        workers: Number of processes.
        start_method: "fork", or "spawn" or "forkserver", which both start new interpreters.
        by_value: Pickle everything by value that no import finds, without trying by reference first. Forked workers,
            which have what the parent had, need it for nothing.

    Raises:
        PoolBrokenError: The function cannot be sent to workers.
    """

    chunk_seconds = CHUNK_SECONDS

    def __init__(self, setup: Setup, workers: int, *, start_method: StartMethod, by_value: bool = False) -> None:
        self._start = starter(setup, start_method, by_value=by_value)
        if start_method == "fork":
            self._dumps = pickles.dumps
        else:
            self._dumps = pickles.dumps_by_value if by_value else pickles.dumps_for_other_main
        self._size = workers
        self._workers: list[_Worker] = []
        self._backlog: deque[tuple[int, int, bytes]] = deque()
        self._news: list[Report] = []
        self._selector = selectors.PollSelector()
        self._chunk_seconds = float("inf")
        self._early_deaths = 0
        self._was_ready = False
        self._broken: PoolBrokenError | None = None
        self._closed = False
        self._finalizer = weakref.finalize(self, _kill_all, self._workers, os.getpid())
        self._fill()

    @property
    def workers(self) -> int:
        return self._size

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [worker.process.pid for worker in self._workers]

    def memory(self) -> list[int]:
        """Return the resident bytes of each worker."""
        import psutil  # takes time to import

        found = []
        for pid in self.pids:
            try:
                found.append(psutil.Process(pid).memory_info().rss)
            except psutil.Error:
                continue
        return found

    def resize(self, workers: int) -> None:
        self._size = workers
        staying = [worker for worker in self._workers if worker.stopped_at is None]
        staying.sort(key=lambda worker: (worker.retiring, not worker.chunks))  # the first ones stay
        for i, worker in enumerate(staying):
            worker.retiring = i >= workers
            self._stop_if_done(worker)
        self._fill()
        self._assign()

    def room(self) -> int:
        return max(0, 2 * self._size - self._outstanding())

    def send(self, chunk: Chunk) -> None:
        try:
            calls = self._dumps(chunk.calls)
        except Exception as error:
            raise CannotSendError(f"the arguments cannot be pickled: {error}") from error
        self._backlog.append((chunk.number, len(chunk.calls), pack_chunk(chunk, calls)))
        self._assign()

    def withdraw(self) -> list[int]:
        taken = [number for number, _, _ in self._backlog]
        self._backlog.clear()
        return taken

    def receive(self, timeout: float | None) -> list[Report]:
        deadline = None if timeout is None else perf_counter() + timeout
        while True:
            if self._news:
                left: float | None = 0.0
            else:
                left = None if deadline is None else max(0.0, deadline - perf_counter())
            self._look(left)
            if self._broken and not self._news:
                raise self._broken
            if self._news or not self._outstanding() or (deadline is not None and perf_counter() >= deadline):
                news = self._news[:]
                self._news.clear()
                return news

    def since(self, number: int) -> float | None:
        for worker in self._workers:
            if worker.chunks and worker.chunks[0][0] == number:
                # Calls that ended within the interval since the last news are not known here.
                return worker.news_at + (REPORT_INTERVAL if worker.chunks[0][1] > 1 else 0.0)
        return None

    def end(self, number: int) -> bool:
        for worker in self._workers:
            if worker.chunks and worker.chunks[0][0] == number:
                worker.ended = True
                worker.process.kill()  # `receive` reads what it has sent before, then reports the loss
                return True
        return False

    def close(self, *, kill: bool = False) -> None:
        self._closed = True
        self._backlog.clear()
        if kill:
            self._kill()
        for worker in list(self._workers):
            if worker.ready:
                worker.retiring = True
                self._stop_if_done(worker)
            else:
                worker.process.kill()
        while self._workers:
            stopped = [worker.stopped_at for worker in self._workers if worker.stopped_at is not None]
            self._look(max(0.0, min(stopped) + _EXIT_SECONDS - perf_counter()) if stopped else None)
            for worker in list(self._workers):
                if worker.stopped_at is not None and perf_counter() >= worker.stopped_at + _EXIT_SECONDS:
                    worker.process.kill()
        self._finalizer.detach()
        self._news.clear()

    def _kill(self) -> None:
        for worker in list(self._workers):
            self._selector.unregister(worker.process.connection)
        _kill_all(self._workers, os.getpid())

    def _outstanding(self) -> int:
        return len(self._backlog) + sum([len(worker.chunks) for worker in self._workers])

    def _fill(self) -> None:
        """Start workers until there are enough."""
        new = []
        while not self._closed and sum(not worker.retiring for worker in self._workers) < self._size:
            try:
                worker = _Worker(self._start())
            except OSError as error:  # the system allows no more processes or descriptors
                if not self._workers:
                    self._break(CannotLoadError(f"no worker process can be started: {error}"))
                break
            self._workers.append(worker)
            self._selector.register(worker.process.connection, selectors.EVENT_READ, worker)
            new.append(worker)
        for worker in new:
            if worker.process.first_message:
                self._write(worker, worker.process.first_message)

    def _assign(self) -> None:
        """Hand chunks to idle workers, which are reading, and small ones to workers that will read soon."""
        if not self._backlog:
            return
        for worker in self._workers:
            if worker.idle and self._backlog:
                self._hand_over(worker)
        if self._chunk_seconds < _AHEAD_SECONDS:
            for worker in self._workers:
                if len(worker.chunks) == 1 and not worker.retiring and self._backlog:
                    if len(self._backlog[0][2]) >= _AHEAD_BYTES:
                        return
                    self._hand_over(worker)

    def _hand_over(self, worker: _Worker) -> None:
        number, calls, data = self._backlog.popleft()
        if not worker.chunks:
            worker.began = worker.news_at = perf_counter()
        worker.chunks.append((number, calls))
        self._write(worker, data)

    def _write(self, worker: _Worker, data: bytes) -> None:
        try:
            worker.process.connection.send_bytes(data)
        except OSError:
            pass  # the worker has died, which `receive` will notice
        except BaseException:
            worker.process.kill()  # it has got half a message
            raise

    def _look(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            if key.data in self._workers:  # unless the news of another one has broken the pool
                self._read(key.data)
        self._assign()

    def _read(self, worker: _Worker) -> None:
        try:
            data = worker.process.connection.recv_bytes()
        except (EOFError, OSError):
            self._bury(worker)
            return
        except BaseException:
            worker.process.kill()  # the rest of its message cannot be told from the next one
            raise
        message = worker_messages.decode(data)
        if message.broken:
            self._break((CannotLoadError if message.cannot_load else PoolBrokenError)(message.broken))
        elif message.number is None:
            worker.ready = self._was_ready = True
            self._early_deaths = 0
        else:
            worker.news_at = perf_counter()
            self._news.append(Report(message.number, message.done, message.finished, message.lost))
            if message.finished:
                worker.chunks.popleft()
                self._chunk_seconds = worker.news_at - worker.began
                worker.began = worker.news_at
        self._stop_if_done(worker)
        if message.logs:
            worker_logs.deliver(message.logs)

    def _stop_if_done(self, worker: _Worker) -> None:
        if worker.retiring and worker.ready and not worker.chunks and worker.stopped_at is None:
            worker.stopped_at = perf_counter()
            self._write(worker, STOP)

    def _bury(self, worker: _Worker) -> None:
        """Report the chunks of a worker that has died as lost, and start another one."""
        code = worker.process.wait(_EXIT_SECONDS)
        if code is None:
            worker.process.kill()  # it has closed its connection, and is of no use any more
        self._selector.unregister(worker.process.connection)
        worker.process.release()
        self._workers.remove(worker)
        reason = "the call was ended with its worker process" if worker.ended else describe_end(code)
        for i, (number, _) in enumerate(worker.chunks):
            self._news.append(Report(number, (), True, lost=reason, started=i == 0))
        if self._closed or self._broken or worker.stopped_at is not None:
            return
        if not worker.ready:
            self._early_deaths += 1
            if not self._was_ready or self._early_deaths >= _MAX_EARLY_DEATHS:
                self._break(CannotLoadError(f"{reason} before it was ready to work"))
                return
        self._fill()

    def _break(self, error: PoolBrokenError) -> None:
        self._broken = self._broken or error
        finished = self._news[:]
        self.close(kill=True)
        self._news += finished


def describe_end(code: int | None) -> str:
    """Return how a worker process ended, by its exit code."""
    if code is None:
        return "the worker process was lost"
    if code >= 0:
        return f"the worker process exited with status {code}"
    try:
        number = signal.Signals(-code)
    except ValueError:
        return f"the worker process was killed by signal {-code}"
    if number in _CRASHES:
        return f"the worker process crashed with {number.name}"
    hint = " (out of memory?)" if number.name == "SIGKILL" else ""
    return f"the worker process was killed by {number.name}{hint}"


def _kill_all(workers: list[_Worker], owner: int) -> None:
    """Kill workers at once, unless this is a fork of their owner."""
    while workers and os.getpid() == owner:
        worker = workers.pop()
        worker.process.kill()
        worker.process.release()
