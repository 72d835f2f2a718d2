"""Run tasks on the workers of a Ray cluster, which are actors."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from advisor.clusters.engine import News, Worker
from advisor.clusters.news_queue import NewsQueue, first_line
from advisor.clusters.ray_actors import Actor, Actors
from advisor.clusters.ray_connection import RayConnection
from advisor.clusters.ray_import import ray
from advisor.errors import UsageError
from advisor.models.cluster import EngineName

START_SECONDS = 30.0  # for the first actor
SETTLE_SECONDS = 2.0  # for the others from then on
RECONNECT_SECONDS = 30.0
POLL_SECONDS = 2.0
# Ray ends the whole program once it has waited for its head node for 60 seconds. A cut of a few seconds is harmless.
_SILENT_SECONDS = 15.0
_CANCEL_SECONDS = 10.0
_INLINE_BYTES = 64 * 1024  # up to which shared data goes along with each task
_CONTROL = "control"


class RayShared(NamedTuple):
    """Data for any number of tasks: bytes, or a list with a reference, which Ray leaves to the actor to resolve."""

    argument: Any


@dataclass(eq=False)
class _Task:
    ticket: int
    actor: Actor
    reference: Any = None


class RayEngine:
    """A connection to a Ray cluster, and an actor on each of its cores."""

    name: EngineName = "ray"

    def __init__(self, address: str, *, threads_each: int = 1, reconnect_seconds: float = RECONNECT_SECONDS) -> None:
        """Connect to a cluster that is there.

        Args:
            address: "ray" (one on this host, or RAY_ADDRESS), "ray://host:port", "host:port", or empty: the connection
                that this program has.
            threads_each: Tasks that an actor runs at once.
            reconnect_seconds: For a cluster that is lost to come back.

        Raises:
            UsageError: There is no such cluster, or no actor can start there.
        """
        self._connection = RayConnection(address)
        self.address = self._connection.address
        self._reconnect_seconds = reconnect_seconds
        self._news = NewsQueue()
        self._numbers = itertools.count()
        self._tasks: dict[int, _Task] = {}  # in flight
        self._closing = threading.Event()
        self._look = threading.Event()
        self._actors = Actors(threads_each, self._take_change)
        self._thread = threading.Thread(target=self._watch, name="advisor-ray", daemon=True)
        self._thread.start()
        try:
            self._await_first()
        except BaseException:
            self.close()
            raise

    def workers(self) -> list[Worker]:
        return self._actors.workers()

    def share(self, data: bytes) -> RayShared:
        return RayShared(data if len(data) <= _INLINE_BYTES else [ray.put(data)])

    def submit(self, worker: str, program: RayShared, payload: bytes, shared: Sequence[RayShared] = ()) -> int:
        ticket = next(self._numbers)
        actor = self._actors.find(worker)
        if actor is None:
            self._news.put(News(ticket, lost=f"the worker {worker} has left", started=False))
            return ticket
        task = self._tasks[ticket] = _Task(ticket, actor)
        arguments = [each.argument for each in (program, *shared)]
        try:
            task.reference = actor.handle.run.remote(ticket, payload, *arguments)
            task.reference.future().add_done_callback(partial(self._take_result, task))
        except (ray.exceptions.RayError, OSError) as error:  # the connection is lost, as the watch is going to find
            self._end(task, News(ticket, lost=first_line(error), started=False))
        return ticket

    def receive(self, timeout: float | None) -> list[News]:
        return self._news.receive(timeout)

    def cancel(self, ticket: int) -> bool:
        task = self._tasks.get(ticket)
        if task is None:
            return False
        try:
            withdrawn = ray.get(self._withdraw(task), timeout=_CANCEL_SECONDS)
        except (ray.exceptions.RayError, OSError, TimeoutError):
            return False
        return bool(withdrawn) and self._tasks.pop(ticket, None) is not None

    def abandon(self, ticket: int) -> None:
        if task := self._tasks.pop(ticket, None):
            with suppress(ray.exceptions.RayError, OSError):
                self._withdraw(task)

    def close(self) -> None:
        self._closing.set()
        self._look.set()
        self._thread.join()
        self._tasks.clear()
        self._actors.clear(kill=self._connection.is_there())
        self._connection.close()

    def _withdraw(self, task: _Task) -> Any:
        return task.actor.handle.withdraw.options(concurrency_group=_CONTROL).remote(task.ticket)

    def _take_change(self) -> None:
        self._look.set()
        self._news.wake()

    def _take_result(self, task: _Task, future: Any) -> None:
        """Turn the end of a task into news; Ray calls this in a thread of its own."""
        error = future.exception()
        if error is None:
            self._end(task, News(task.ticket, value=future.result()))
        elif isinstance(error, ray.exceptions.RayTaskError):
            self._end(task, News(task.ticket, error=getattr(error, "cause", None) or error))
        else:
            # It may only be unreachable for the moment, and would go on with the call unattended.
            self._actors.give_up(task.actor)
            self._take_change()
            how = f"the worker {task.actor.worker.id} was lost: {first_line(error)}"
            self._end(task, News(task.ticket, lost=how, started=task.actor.ready))

    def _end(self, task: _Task, news: News) -> None:
        if self._tasks.pop(task.ticket, None) is not None:
            self._news.put(news)

    def _watch(self) -> None:
        """Start actors where some are missing, until the engine is closed or the connection is lost for good."""
        heard = time.monotonic()
        while not self._closing.is_set():
            self._look.clear()
            if self._connection.is_there():
                heard = time.monotonic()
                with suppress(ray.exceptions.RayError, OSError):
                    self._actors.tend(self._connection.nodes())
            elif time.monotonic() - heard > _SILENT_SECONDS and not self._reconnect(heard):
                return
            self._look.wait(POLL_SECONDS)

    def _reconnect(self, heard: float) -> bool:
        """Give up what is in flight, and wait for the cluster to come back."""
        self._actors.clear(kill=False)
        for task in list(self._tasks.values()):
            self._end(task, News(task.ticket, lost="the connection to the Ray cluster broke"))
        self._connection.close()
        while not self._closing.is_set() and self._connection.is_own:
            if self._connection.is_there():
                self._connection.open()
                return True
            if time.monotonic() - heard > self._reconnect_seconds:
                break
            self._closing.wait(1)
        self._news.fail(f"the connection to the Ray cluster at {self.address} is lost, and it did not come back")
        return False

    def _await_first(self) -> None:
        """Wait for the first actor, and a little longer for the others."""
        end = time.monotonic() + START_SECONDS
        while not self._actors.all_ready():
            if self.workers():
                end = min(end, time.monotonic() + SETTLE_SECONDS)
            if time.monotonic() > end and self.workers():
                return
            if time.monotonic() > end:
                reason = self._actors.trouble or "its cores may all be in use (`ray status` tells)"
                raise UsageError(
                    f"no worker started on the Ray cluster at {self.address} within {START_SECONDS:g} s: {reason}",
                    field="cluster",
                )
            self._news.receive(0.2)
