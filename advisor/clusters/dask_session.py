"""The part of the Dask engine that lives in its event loop: the client, its tasks and the watch over the workers.

Each worker keeps a *station* (`on_worker`), which was scattered to it. Every task needs the station of its worker, and
scattered data cannot be computed again: once a worker is lost, the scheduler forgets its tasks by itself, and runs none
of them a second time.
"""

from __future__ import annotations

import asyncio
import operator
import platform
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import distributed

from advisor.clusters import on_worker
from advisor.clusters.by_value import Unpickled, pickle_by_value
from advisor.clusters.dask_data import Placed
from advisor.clusters.dask_workers import Roster
from advisor.clusters.engine import News
from advisor.clusters.news_queue import NewsQueue, first_line
from advisor.errors import ConnectionLostError

_Client: Any = distributed.Client  # its signature is not annotated in full
POLL_SECONDS = 2.0  # the scheduler tells of workers that come and go; polling finds what it has not told
_VERSION_SECONDS = 5.0
_CHECK_SECONDS = 0.25  # between looks at the connection
_LARGE_PAYLOAD = 256 * 1024  # bytes; the scheduler would keep a copy of a smaller one


@dataclass(eq=False)
class Task:
    """A task in flight."""

    ticket: int
    worker: str
    address: str
    program: Placed
    payload: bytes
    shared: Sequence[Placed]
    future: Any = None
    running: asyncio.Task[None] | None = None


class DaskSession:
    """The client of a scheduler, connected again when the connection breaks."""

    def __init__(self, address: str, news: NewsQueue, reconnect_seconds: float, options: dict[str, Any]) -> None:
        self.roster = Roster()
        self.tasks: dict[int, Task] = {}
        self.closing = asyncio.Event()
        self._address = address
        self._news = news
        self._reconnect_seconds = reconnect_seconds
        self._options = options
        self._changed = asyncio.Event()
        self._keys = f"advisor-{uuid.uuid4().hex}"
        self._station = Placed(Unpickled(pickle_by_value(on_worker.Station(), on_worker)))
        self._withdraw = Unpickled(pickle_by_value(on_worker.withdraw_from_dask, on_worker))

    async def serve(self, connected: asyncio.Future[None]) -> None:
        """Stay connected until `closing` is set.

        Raises:
            OSError: The scheduler cannot be reached at first.
            ConnectionLostError: It cannot be reached any more.
        """
        last = time.monotonic()
        while not self.closing.is_set():
            self._client = _Client(self._address, asynchronous=True, set_as_default=False, **self._options)
            try:
                await self._connect()
                await self._attend(connected)
                last = time.monotonic()
            except OSError:
                if not connected.done():
                    raise
            finally:
                await self._client.close()
            if time.monotonic() - last > self._reconnect_seconds:
                raise ConnectionLostError(
                    f"the connection to {self._address} is lost, and the scheduler did not come back within "
                    f"{self._reconnect_seconds:g} s"
                )
            await self._pause(_CHECK_SECONDS)

    async def _connect(self) -> None:
        """Connect, or return early if `closing` is set meanwhile."""
        connecting = asyncio.ensure_future(self._client)
        closing = asyncio.ensure_future(self.closing.wait())
        await asyncio.wait([connecting, closing], return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if connecting.done():
            connecting.result()
        else:
            connecting.cancel()

    async def _attend(self, connected: asyncio.Future[None]) -> None:
        """Watch the workers for as long as the connection holds."""
        if self.closing.is_set():
            return
        self._client.subscribe_topic("all", self._take_event)
        try:
            while self._client.status == "running" and not self.closing.is_set():
                await self._look(connected)
                if not connected.done():
                    connected.set_result(None)
                await self._wait_for_change()
        finally:
            self._lose(self.roster.update({})[1], "the connection to the scheduler broke")

    async def _look(self, connected: asyncio.Future[None]) -> None:
        with suppress(OSError):  # the status of the client tells
            try:
                identity = await self._client.scheduler.identity(n_workers=-1)
            except TypeError:  # Dask before 2025.4 always returns all of them
                identity = await self._client.scheduler.identity()
            await self._compare_pythons(self.roster.unknown(identity["workers"]))
            came, lost = self.roster.update(identity["workers"])
            self._lose(lost, "it is no longer among the workers of the scheduler")
            if came and connected.done():
                self._news.wake()

    async def _compare_pythons(self, workers: Sequence[str]) -> None:
        """Find the new workers whose version of Python cannot load what is pickled here."""
        if not workers:
            return
        asked = self._client.run(platform.python_version, workers=list(workers), on_error="ignore")
        try:
            versions = await asyncio.wait_for(asked, _VERSION_SECONDS)
        except TimeoutError:  # a worker is busy with a call of others
            return
        here = platform.python_version_tuple()[:2]
        others = {address: there for address, there in versions.items() if tuple(there.split(".")[:2]) != here}
        self.roster.other_pythons.update(others)

    async def _wait_for_change(self) -> None:
        end = time.monotonic() + POLL_SECONDS
        while self._client.status == "running" and not self.closing.is_set() and time.monotonic() < end:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _CHECK_SECONDS)
                break
        self._changed.clear()

    def stop(self) -> None:
        """End `serve` soon."""
        self.closing.set()
        self._changed.set()  # which it may be waiting for

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), seconds)

    def _take_event(self, event: tuple[float, Any]) -> None:
        """Act on what the scheduler tells of its workers."""
        message = event[1] if isinstance(event[1], dict) else {}
        action = message.get("action")
        if action == "remove-worker":
            how = "it was closed" if message.get("expected") else "it died or cannot be reached any more"
            self._lose(self.roster.remove(str(message.get("worker"))), how)
        if action in ("add-worker", "remove-worker"):
            self._changed.set()

    def _lose(self, workers: Sequence[str], how: str) -> None:
        for worker in workers:
            self._station.forget(worker)
            for task in [task for task in self.tasks.values() if task.worker == worker]:
                self._end(task, News(task.ticket, lost=f"the worker {task.address} was lost: {how}"))
        if workers:
            self._news.wake()

    def start(self, task: Task) -> None:
        """Send a task to its worker."""
        if self.roster.address(task.worker) is None:
            self._end(task, News(task.ticket, lost=f"the worker {task.address} has left", started=False))
        else:
            task.running = asyncio.ensure_future(self._run(task))

    async def _run(self, task: Task) -> None:
        try:
            await self._submit(task)
            if task.ticket in self.tasks:
                news = News(task.ticket, value=await self._client.gather(task.future))
                self._end(task, news)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  (whatever the program has raised)
            self._end(task, self._failure(task, error))

    async def _submit(self, task: Task) -> None:
        payload: Any = task.payload
        needed = [self._station, task.program, *task.shared]
        if len(payload) > _LARGE_PAYLOAD:
            needed.insert(2, Placed(payload))
        futures = [await each.future(self._client, task.worker, task.address) for each in needed]
        if len(payload) <= _LARGE_PAYLOAD:
            futures.insert(2, payload)
        if task.ticket in self.tasks:
            task.future = self._client.submit(
                operator.call,
                futures[0],
                task.ticket,
                *futures[1:],
                key=f"{self._keys}-{task.ticket}",
                workers=[task.address],
                allow_other_workers=False,
                retries=0,
                pure=False,
            )

    def _failure(self, task: Task, error: BaseException) -> News:
        failed = task.future is not None and task.future.status == "error"
        if failed and not isinstance(error, distributed.KilledWorker):
            return News(task.ticket, error=error)
        self._changed.set()
        how = "the connection to the scheduler broke" if self._client.status != "running" else first_line(error)
        return News(task.ticket, lost=f"the worker {task.address} was lost: {how}", started=task.future is not None)

    def _end(self, task: Task, news: News | None) -> None:
        """Forget a task that is still in flight, with or without news of it."""
        if self.tasks.pop(task.ticket, None) is None:
            return
        if task.future is not None:
            task.future.release()
        if news is not None:
            self._news.put(news)

    def abandon(self, task: Task) -> None:
        """Forget a task without news."""
        self._end(task, None)

    async def cancel(self, task: Task) -> bool:
        """Take back a task unless it has begun, or may have."""
        if task.future is not None and not await self._withdrawn(task):
            return False
        taken = task.ticket in self.tasks
        self._end(task, None)
        return taken

    async def _withdrawn(self, task: Task) -> bool:
        station = await self._station.future(self._client, task.worker, task.address)
        answers = await self._client.run(self._withdraw, station.key, task.ticket, workers=[task.address])
        return bool(answers.get(task.address))
