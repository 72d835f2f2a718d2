"""Run tasks on the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from advisor.clusters.dask_data import Placed
from advisor.clusters.dask_session import DaskSession, Task
from advisor.clusters.engine import News, Worker
from advisor.clusters.news_queue import NewsQueue
from advisor.clusters.quiet_logs import QuietLogs
from advisor.errors import ConnectionLostError
from advisor.models.cluster import EngineName

CONNECT_SECONDS = 10.0
RECONNECT_SECONDS = 30.0
_CANCEL_SECONDS = 10.0


class DaskEngine:
    """A connection of its own to the scheduler of a Dask cluster.

    The client runs in an event loop in a thread; the methods here only pass tasks and news to and fro.
    """

    name: EngineName = "dask"

    def __init__(self, address: str, *, reconnect_seconds: float = RECONNECT_SECONDS, **options: Any) -> None:
        """Connect to a scheduler; `options` are those of `distributed.Client`.

        Raises:
            OSError: The scheduler cannot be reached.
        """
        self.address = address
        self._news = NewsQueue()
        self._numbers = itertools.count()
        self._logs = QuietLogs()
        self._opened: Future[None] = Future()
        opening = self._serve(reconnect_seconds, {"timeout": CONNECT_SECONDS} | options)
        self._thread = threading.Thread(target=asyncio.run, args=(opening,), name="advisor-dask", daemon=True)
        self._thread.start()
        try:
            self._opened.result()
        except BaseException:
            self.close()
            raise

    def workers(self) -> list[Worker]:
        return self._session.roster.workers()

    def other_pythons(self) -> dict[str, str]:
        """Return the workers that are left out since their version of Python differs, with their versions."""
        return dict(self._session.roster.other_pythons)

    def share(self, data: bytes) -> Placed:
        return Placed(data, len(data))

    def submit(self, worker: str, program: Placed, payload: bytes, shared: Sequence[Placed] = ()) -> int:
        ticket = next(self._numbers)
        address = self._session.roster.address(worker)
        if address is None:
            self._news.put(News(ticket, lost=f"the worker {worker} has left", started=False))
        else:
            task = self._session.tasks[ticket] = Task(ticket, worker, address, program, payload, shared)
            self._call(self._session.start, task)
        return ticket

    def receive(self, timeout: float | None) -> list[News]:
        return self._news.receive(timeout)

    def cancel(self, ticket: int) -> bool:
        task = self._session.tasks.get(ticket)
        if task is None:
            return False
        with suppress(Exception, asyncio.CancelledError):  # the worker does not answer
            return asyncio.run_coroutine_threadsafe(self._session.cancel(task), self._loop).result(_CANCEL_SECONDS)
        return False

    def abandon(self, ticket: int) -> None:
        if task := self._session.tasks.get(ticket):
            self._call(self._session.abandon, task)

    def close(self) -> None:
        if self._thread.is_alive():
            self._call(self._session.stop)
        self._thread.join()
        self._logs.restore()

    def _call(self, function: Any, *arguments: Any) -> None:
        with suppress(RuntimeError):  # the loop has ended: the connection is lost, as `receive` is going to tell
            self._loop.call_soon_threadsafe(function, *arguments)

    async def _serve(self, reconnect_seconds: float, options: dict[str, Any]) -> None:
        self._loop = asyncio.get_running_loop()
        self._session = DaskSession(self.address, self._news, reconnect_seconds, options)
        connected = self._loop.create_future()
        connected.add_done_callback(lambda _: self._opened.set_result(None))
        try:
            await self._session.serve(connected)
        except BaseException as error:  # noqa: BLE001  (it is for the engine's user)
            if not connected.done():
                self._opened.set_exception(error)
            elif not isinstance(error, ConnectionLostError):
                error = ConnectionLostError(f"the connection to {self.address} is lost: {error!r}")
            self._news.fail(str(error))
