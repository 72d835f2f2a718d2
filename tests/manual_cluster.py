"""A cluster whose workers do what a test says, in this process."""

from __future__ import annotations

import itertools
import pickle
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from advisor.clusters.engine import News, Worker
from advisor.errors import ConnectionLostError
from advisor.models.cluster import EngineName
from tests.fake_pool import Clock


class Reference:
    """Bytes in the cluster."""

    def __init__(self, data: bytes) -> None:
        self.data = data


@dataclass
class Sent:
    """A task that was submitted."""

    worker: str
    program: Reference
    payload: bytes
    shared: Sequence[Reference]


class ManualEngine:
    """Keeps the tasks; the tests say what becomes of them."""

    name: EngineName = "dask"
    address = "manual"

    def __init__(self, *threads: int) -> None:
        self.clock = Clock()
        self._tickets = itertools.count()
        self.present = [Worker(f"w{number}", "host", each) for number, each in enumerate(threads)]
        self.tasks: dict[int, Sent] = {}
        self.begun: set[int] = set()  # tasks that cannot be cancelled
        self.references: list[weakref.ref[Reference]] = []
        self.shared_bytes = 0
        self.is_lost = False
        self._news: list[News] = []
        self._programs: dict[tuple[str, bytes], Any] = {}

    def workers(self) -> list[Worker]:
        return list(self.present)

    def share(self, data: bytes) -> Reference:
        reference = Reference(data)
        self.references.append(weakref.ref(reference))
        self.shared_bytes += len(data)
        return reference

    def submit(self, worker: str, program: Reference, payload: bytes, shared: Sequence[Reference] = ()) -> int:
        ticket = next(self._tickets)
        self.tasks[ticket] = Sent(worker, program, payload, shared)
        return ticket

    def receive(self, timeout: float | None) -> list[News]:
        if self.is_lost:
            raise ConnectionLostError("the connection to manual is lost")
        if not self._news:
            assert timeout is not None
            self.clock.now += timeout
        news, self._news = self._news, []
        return news

    def cancel(self, ticket: int) -> bool:
        return ticket not in self.begun and self.tasks.pop(ticket, None) is not None

    def abandon(self, ticket: int) -> None:
        self.tasks.pop(ticket, None)

    def close(self) -> None:
        pass

    def at(self, worker: str) -> list[int]:
        """Return the tickets of the tasks at a worker."""
        return [ticket for ticket, task in self.tasks.items() if task.worker == worker]

    def keys(self, ticket: int) -> list[int]:
        """Return the keys of the calls of a task."""
        return list(pickle.loads(self.tasks[ticket].payload)[0])

    def finish(self, ticket: int) -> None:
        """Run a task, as its worker would."""
        task = self.tasks.pop(ticket)
        program = self._programs.setdefault((task.worker, task.program.data), pickle.loads(task.program.data))
        self._news.append(News(ticket, value=program(task.payload, *[each.data for each in task.shared])))

    def finish_all(self) -> None:
        """Run all tasks."""
        for ticket in list(self.tasks):
            self.finish(ticket)

    def fail(self, ticket: int, error: BaseException) -> None:
        """Let the engine report an error of a task."""
        del self.tasks[ticket]
        self._news.append(News(ticket, error=error))

    def kill(self, worker: str, *, started: Sequence[int] = ()) -> None:
        """Let a worker die, which had started these tasks."""
        self.present = [each for each in self.present if each.id != worker]
        for ticket in self.at(worker):
            del self.tasks[ticket]
            self._news.append(News(ticket, lost=f"{worker} was killed", started=ticket in started))
