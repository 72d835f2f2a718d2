"""The program that is connected to a Ray cluster on behalf of an engine.

Ray ends the process that has lost its head node, prints to its standard output, and allows one connection for each: so
it has a process of its own. It reads tuples of a method and its arguments from a connection, and answers in batches of
tuples of a kind and a value. It ends when its parent does.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle
import ray as _ray

from advisor.clusters.news_queue import first_line
from advisor.clusters.ray_actors import Actor, Actors
from advisor.clusters.ray_address import check, is_gone

POLL_SECONDS = 2.0
LOST = 3  # exit status: the connection is lost
# A cut of a few seconds is harmless; after a minute Ray would end this process.
_SILENT_SECONDS = 20.0
_INLINE_BYTES = 64 * 1024  # up to which shared data goes along with each task
ray: Any = _ray  # annotated in part only


@dataclass(eq=False)
class _Task:
    ticket: int
    actor: Actor
    reference: Any = None


def main() -> None:
    """Serve the engine that has started this process: arguments are a descriptor, an address, threads and a name."""
    descriptor, address, threads_each, name = sys.argv[1:]
    connection = Connection(int(descriptor))
    try:
        check(address)
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", configure_logging=False)
    except Exception as error:  # noqa: BLE001  (it is for the user of the engine)
        connection.send([("refused", _reason(error, address))])
        return
    driver = RayDriver(connection, address, int(threads_each), name)
    with suppress(EOFError, OSError):  # the parent has ended
        while True:
            method, arguments = connection.recv()
            if method == "close":
                break
            getattr(driver, method)(*arguments)
    driver.close()


def _reason(error: Exception, address: str) -> str:
    if address == "auto" and isinstance(error, ConnectionError):
        return "this host is part of no running Ray cluster: start one, or give ray://host:port"
    if address.startswith("ray://") and isinstance(error, (ImportError, ValueError)):
        return f"the Ray cluster at {address} cannot be used from here, which takes pip install 'ray[client]': {error}"
    if "InvalidAuthToken" in "".join(traceback.format_exception(error)):
        return f"the Ray cluster at {address} asks for a token: set RAY_AUTH_MODE=token, as Ray's documentation says"
    return f"the Ray cluster at {address} cannot be used from here: {error}"


class RayDriver:
    """Runs tasks in actors; the public methods are those that the engine calls."""

    def __init__(self, connection: Connection, address: str, threads_each: int, name: str) -> None:
        remote = address.startswith("ray://")
        self._address = address if remote else str(ray.get_runtime_context().gcs_address)
        self._connection = connection
        self._answers: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._tasks: dict[int, _Task] = {}  # in flight
        self._shared: dict[int, Any] = {}  # bytes, or a list with a reference, which Ray leaves to the actor to resolve
        self._look = threading.Event()
        self._actors = Actors(threads_each, name, self._take_change)
        self._answers.put(("ready", self._address))
        for target in (self._tend, self._watch, self._answer):
            threading.Thread(target=target, daemon=True).start()

    def share(self, number: int, data: bytes) -> None:
        """Keep data for tasks."""
        self._shared[number] = data if len(data) <= _INLINE_BYTES else [ray.put(data)]

    def drop(self, number: int) -> None:
        """Free data."""
        self._shared.pop(number, None)

    def submit(self, ticket: int, worker: str, payload: bytes, numbers: list[int]) -> None:
        """Run a task; the first of the shared data is its program."""
        actor = self._actors.find(worker)
        if actor is None:
            self._put_news(ticket, lost=f"the worker {worker} has left", started=False)
            return
        task = self._tasks[ticket] = _Task(ticket, actor)
        task.reference = actor.handle.run.remote(ticket, payload, *(self._shared[number] for number in numbers))
        task.reference.future().add_done_callback(partial(self._take_result, task))

    def cancel(self, ticket: int) -> None:
        """Answer whether the task was taken back before it began."""
        task = self._tasks.get(ticket)
        if task is None:
            self._answers.put(("cancelled", (ticket, False)))
        else:
            self._withdraw(task).future().add_done_callback(partial(self._take_withdrawal, ticket))

    def abandon(self, ticket: int) -> None:
        """Take a task back if possible."""
        if task := self._tasks.pop(ticket, None):
            self._withdraw(task)

    def close(self) -> None:
        """End the actors, and disconnect."""
        self._tasks.clear()
        if is_gone(self._address, 1.0) is not False:
            os._exit(LOST)  # Ray would wait for its head node
        self._actors.clear()
        ray.shutdown()

    def _withdraw(self, task: _Task) -> Any:
        return task.actor.handle.withdraw.remote(task.ticket)

    # Ray calls the following in a thread of its own, in which nothing may wait for Ray.

    def _take_change(self) -> None:
        self._answers.put(("workers", (self._actors.workers(), self._actors.starting())))
        self._look.set()

    def _take_withdrawal(self, ticket: int, future: Any) -> None:
        withdrawn = future.exception() is None and bool(future.result())
        self._answers.put(("cancelled", (ticket, withdrawn and self._tasks.pop(ticket, None) is not None)))

    def _take_result(self, task: _Task, future: Any) -> None:
        error = future.exception()
        if self._tasks.pop(task.ticket, None) is None:
            return
        if error is None:
            self._put_news(task.ticket, value=future.result())
        elif isinstance(error, ray.exceptions.RayTaskError):
            self._put_news(task.ticket, error=getattr(error, "cause", None) or error)
        else:
            # It may only be unreachable for the moment, and would go on with the call unattended.
            self._actors.give_up(task.actor)
            self._take_change()
            how = f"the worker {task.actor.worker.id} was lost: {first_line(error)}"
            self._put_news(task.ticket, lost=how, started=task.actor.ready)

    def _put_news(self, ticket: int, *, error: BaseException | None = None, **news: Any) -> None:
        self._answers.put(("news", (ticket, news, _pickled(error) if error is not None else None)))

    # Threads.

    def _answer(self) -> None:
        while True:
            batch = [self._answers.get()]
            while not self._answers.empty():
                batch.append(self._answers.get())
            try:
                self._connection.send(batch)
            except OSError:  # the parent has ended, as the main thread finds
                return

    def _tend(self) -> None:
        """Start actors where some are missing."""
        while True:
            self._look.clear()
            with suppress(ray.exceptions.RayError, OSError):
                self._actors.tend(ray.nodes())
            if self._actors.trouble:
                self._answers.put(("trouble", self._actors.trouble))
            self._look.wait(POLL_SECONDS)

    def _watch(self) -> None:
        """End this process when the cluster is lost, even while Ray waits for it."""
        heard = time.monotonic()
        while True:
            gone = is_gone(self._address, POLL_SECONDS)
            if gone is False:
                heard = time.monotonic()
            elif gone or time.monotonic() - heard > _SILENT_SECONDS:
                os._exit(LOST)
            time.sleep(1)


def _pickled(error: BaseException) -> tuple[bytes, str]:
    """Return a pickle of an exception, and its text for the case that it cannot be loaded."""
    text = f"{type(error).__name__}: {error}"
    try:
        return cloudpickle.dumps(error), text
    except Exception:  # noqa: BLE001  (whatever the user's class raises)
        return pickle.dumps(RuntimeError(text)), text
