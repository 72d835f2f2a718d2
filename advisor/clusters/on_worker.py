"""Code that runs in the workers of a cluster.

It is sent by value, so that workers need not have advisor installed, and uses the standard library only.
"""

from __future__ import annotations

import pickle
import threading
from collections import OrderedDict
from typing import Any

MAX_PROGRAMS = 8  # that a worker keeps loaded
MAX_SHARED = 8  # large pieces of data that a Ray actor keeps
MAX_BEGUN = 10_000  # tickets; those whose news may still be on its way to the client are far fewer


class WithdrawnError(Exception):
    """The client has taken back the task before it began."""


class Station:
    """Runs the tasks of one client in a worker process."""

    def __init__(self) -> None:
        self._programs: OrderedDict[bytes, Any] = OrderedDict()
        self._loading = threading.RLock()
        self._tickets = threading.Lock()
        self._begun: OrderedDict[int, None] = OrderedDict()
        self._withdrawn: set[int] = set()

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return type(self), ()  # without what it has loaded, should a worker move it to another one

    def __call__(self, ticket: int, program: bytes, payload: bytes, *shared: bytes) -> bytes:
        """Run a pickled program, unless its task was withdrawn, and return what it returns."""
        with self._tickets:
            if ticket in self._withdrawn:
                self._withdrawn.discard(ticket)
                raise WithdrawnError
            self._begun[ticket] = None
            if len(self._begun) > MAX_BEGUN:
                self._begun.popitem(last=False)
        result: bytes = self._load(program)(payload, *shared)
        return result

    def withdraw(self, ticket: int) -> bool:
        """Return True, and never begin the task, if it has not begun."""
        with self._tickets:
            if ticket in self._begun:
                return False
            self._withdrawn.add(ticket)
            return True

    def _load(self, program: bytes) -> Any:
        """Return the function of a program, which is loaded once."""
        with self._loading:
            if program in self._programs:
                self._programs.move_to_end(program)
            else:
                self._programs[program] = pickle.loads(program)
                if len(self._programs) > MAX_PROGRAMS:
                    self._programs.popitem(last=False)
            return self._programs[program]


class RayStation(Station):
    """A station that is a Ray actor, and keeps the data that tasks share: Ray would copy it for each of them."""

    def __init__(self) -> None:
        super().__init__()
        self._data: OrderedDict[str, bytes] = OrderedDict()
        self._fetching = threading.Lock()

    def run(self, ticket: int, payload: bytes, program: Any, *shared: Any) -> bytes:
        """Run a program; it and the shared data are bytes, or lists of one reference."""
        return self(ticket, self._fetch(program), payload, *map(self._fetch, shared))

    def ready(self) -> None:
        """Return once the actor is there."""

    def live(self) -> None:
        """Never return, so that the client learns of the end of the actor."""
        threading.Event().wait()

    def _fetch(self, data: Any) -> bytes:
        if isinstance(data, bytes):
            return data
        import ray

        reference = data[0]
        with self._fetching:
            if reference.hex() not in self._data:
                self._data[reference.hex()] = ray.get(reference)
                if len(self._data) > MAX_SHARED:
                    self._data.popitem(last=False)
            self._data.move_to_end(reference.hex())
            return self._data[reference.hex()]


def withdraw_from_dask(key: str, ticket: int, dask_worker: Any) -> bool:
    """Withdraw a task from the station that a Dask worker keeps under a key."""
    station = dask_worker.data.get(key)
    return station is not None and bool(station.withdraw(ticket))
