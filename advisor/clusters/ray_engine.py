"""Run tasks on the workers of a Ray cluster, through a process that is connected to it."""

from __future__ import annotations

import itertools
import pickle
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing import Pipe
from typing import Any

from advisor.clusters.engine import News, Worker
from advisor.clusters.news_queue import NewsQueue
from advisor.clusters.ray_address import is_gone, resolve
from advisor.errors import UsageError
from advisor.models.cluster import EngineName
from advisor.target import python_command

START_SECONDS = 30.0  # for the first actor
SETTLE_SECONDS = 2.0  # for the others from then on
RECONNECT_SECONDS = 30.0
_DRIVER = "advisor.clusters.ray_driver:main"
_CANCEL_SECONDS = 10.0
_CLOSE_SECONDS = 15.0


class RayShared:
    """Data for any number of tasks; the cluster drops it when this is deleted."""

    def __init__(self, number: int, data: bytes, dropped: deque[int]) -> None:
        self.number = number
        self.data = data
        self.holders: set[int] = set()  # drivers that have it
        self._dropped = dropped

    def __del__(self) -> None:
        self._dropped.append(self.number)  # to be sent with the next message: this may be in the middle of one


class RayEngine:
    """A connection to a Ray cluster, with an actor on each of its cores."""

    name: EngineName = "ray"

    def __init__(self, address: str, *, threads_each: int = 1, reconnect_seconds: float = RECONNECT_SECONDS) -> None:
        """Connect to a cluster that is there; see `ray_address.resolve` for the address.

        Raises:
            UsageError: There is no such cluster, or no actor can start there.
        """
        self._asked = resolve(address)
        self._threads_each = threads_each
        self._reconnect_seconds = reconnect_seconds
        self._news = NewsQueue()
        self._numbers = itertools.count()
        self._lock = threading.Lock()  # of what is in flight, and of the connection to the driver
        self._tasks: dict[int, Sequence[RayShared]] = {}  # in flight, with what must not be dropped
        self._cancelling: dict[int, Future[bool]] = {}
        self._dropped: deque[int] = deque()
        self._workers: list[Worker] = []
        self._starting = 1  # actors; more than none, until the driver tells
        self._trouble = ""
        self._closing = threading.Event()
        self._driver = _Driver(self._asked, threads_each, 0)
        self.address = self._driver.address
        self._thread = threading.Thread(target=self._serve, name="advisor-ray", daemon=True)
        self._thread.start()
        try:
            self._await_workers()
        except BaseException:
            self.close()
            raise

    def workers(self) -> list[Worker]:
        return list(self._workers)

    def share(self, data: bytes) -> RayShared:
        return RayShared(next(self._numbers), data, self._dropped)

    def submit(self, worker: str, program: RayShared, payload: bytes, shared: Sequence[RayShared] = ()) -> int:
        ticket = next(self._numbers)
        needed = [program, *shared]
        with self._lock:
            if all(worker != each.id for each in self._workers):
                self._news.put(News(ticket, lost=f"the worker {worker} has left", started=False))
                return ticket
            self._tasks[ticket] = needed
            for each in needed:
                if self._driver.number not in each.holders:
                    self._send("share", each.number, each.data)
                    each.holders.add(self._driver.number)
            self._send("submit", ticket, worker, payload, [each.number for each in needed])
        return ticket

    def receive(self, timeout: float | None) -> list[News]:
        return self._news.receive(timeout)

    def cancel(self, ticket: int) -> bool:
        with self._lock:
            if ticket not in self._tasks:
                return False
            answer = self._cancelling[ticket] = Future()
            self._send("cancel", ticket)
        with suppress(TimeoutError):
            return answer.result(_CANCEL_SECONDS)
        return False

    def abandon(self, ticket: int) -> None:
        with self._lock:
            if self._tasks.pop(ticket, None) is not None:
                self._send("abandon", ticket)

    def close(self) -> None:
        self._closing.set()
        with self._lock:
            self._tasks.clear()
            self._send("close")
        self._thread.join(_CLOSE_SECONDS)
        self._driver.kill()
        self._thread.join()

    def _send(self, method: str, *arguments: Any) -> None:
        with suppress(OSError):  # the driver has ended, and what is in flight is going to be reported as lost
            while self._dropped:
                self._driver.send("drop", self._dropped.popleft())
            self._driver.send(method, *arguments)

    def _serve(self) -> None:
        """Pass on what drivers tell; start another one when the cluster comes back."""
        while True:
            for kind, value in self._driver.messages():
                getattr(self, f"_take_{kind}")(value)
            self._lose_all()
            if not self._reconnect():
                return

    def _take_workers(self, found: tuple[list[Worker], int]) -> None:
        self._workers, self._starting = found
        self._news.wake()

    def _take_trouble(self, trouble: str) -> None:
        self._trouble = trouble

    def _take_cancelled(self, answer: tuple[int, bool]) -> None:
        ticket, withdrawn = answer
        if withdrawn:
            self._tasks.pop(ticket, None)
        if future := self._cancelling.pop(ticket, None):
            future.set_result(withdrawn)

    def _take_news(self, news: tuple[int, dict[str, Any], tuple[bytes, str] | None]) -> None:
        ticket, fields, failure = news
        if self._tasks.pop(ticket, None) is not None:
            self._news.put(News(ticket, **fields, error=_load(*failure) if failure else None))

    def _lose_all(self) -> None:
        with self._lock:
            lost, self._tasks = self._tasks, {}
            self._workers = []
        for ticket in lost:
            self._news.put(News(ticket, lost="the connection to the Ray cluster broke"))
        for ticket in list(self._cancelling):
            self._take_cancelled((ticket, False))
        self._news.wake()

    def _reconnect(self) -> bool:
        """Wait for the cluster to come back; return False if it does not, or the engine is closed."""
        self._driver.end()
        end = time.monotonic() + self._reconnect_seconds
        while not self._closing.is_set() and time.monotonic() < end:
            if is_gone(self.address, 1.0) is False:
                with suppress(UsageError):
                    driver = _Driver(self._asked, self._threads_each, self._driver.number + 1)
                    with self._lock:
                        self._driver = driver
                        if self._closing.is_set():
                            self._send("close")
                    return True
            self._closing.wait(0.5)
        if not self._closing.is_set():
            self._news.fail(
                f"the connection to the Ray cluster at {self.address} is lost, and it did not come back within "
                f"{self._reconnect_seconds:g} s"
            )
        return False

    def _await_workers(self) -> None:
        """Wait for the first actor, and a little longer for the others."""
        end = time.monotonic() + START_SECONDS
        while (self._starting or not self._workers) and time.monotonic() < end:
            self._news.receive(0.2)
            if self._workers:
                end = min(end, time.monotonic() + SETTLE_SECONDS)
        if not self._workers:
            reason = self._trouble or "its cores may all be in use (`ray status` tells)"
            raise UsageError(
                f"no worker started on the Ray cluster at {self.address} within {START_SECONDS:g} s: {reason}",
                field="cluster",
            )


class _Driver:
    """The process that is connected to the cluster; see `ray_driver`."""

    def __init__(self, address: str, threads_each: int, number: int) -> None:
        self.number = number
        self._connection, theirs = Pipe()
        name = f"{number}." if number else ""
        with theirs:
            self._process = subprocess.Popen(
                python_command.command(
                    _DRIVER, str(theirs.fileno()), address, str(threads_each), name, options=("-W", "ignore")
                ),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # Ray prints there of workers that die
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for this process, which closes the connection
            )
        self._pending = self._messages()
        kind, value = next(self._pending, ("refused", "the process that connects to Ray has ended"))
        if kind == "refused":
            self.end()
            raise UsageError(str(value), field="cluster")
        self.address = str(value)

    def messages(self) -> Iterator[tuple[str, Any]]:
        """Yield what the process tells, until it ends."""
        return self._pending

    def send(self, method: str, *arguments: Any) -> None:
        """Call a method of the driver."""
        self._connection.send((method, arguments))

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Disconnect from the process, which has ended or is about to."""
        self._connection.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_CLOSE_SECONDS)
        self.kill()

    def _messages(self) -> Iterator[tuple[str, Any]]:
        with suppress(EOFError, OSError):
            while True:
                yield from self._connection.recv()


def _load(pickled: bytes, text: str) -> BaseException:
    try:
        error = pickle.loads(pickled)
    except Exception:  # noqa: BLE001  (its class is not to be found here)
        return RuntimeError(text)
    return error if isinstance(error, BaseException) else RuntimeError(text)
