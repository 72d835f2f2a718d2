"""The interface that the engines, Dask and Ray, share.

Everything travels as bytes, pickled by the caller, so that the workers need neither advisor nor the caller's classes
to receive it. A *program* is a function `(payload: bytes, *shared: bytes) -> bytes`, pickled by value with cloudpickle;
a worker loads each program once.

An engine is used by one thread. Its own threads only fill a queue, which `receive` empties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from advisor.models.cluster import EngineName


@dataclass(frozen=True)
class Worker:
    """A worker process of a cluster.

    Attributes:
        id: Unique in the life of a cluster: a worker that is restarted has another one.
        host: The host's address or name, the same for all workers of a host.
        threads: Calls that it runs at once.
        memory: Bytes that it may use, or None.
    """

    id: str
    host: str
    threads: int
    memory: int | None = None


class News(NamedTuple):
    """The end of a task.

    `value` is what the program has returned. Otherwise `error` is the exception that the program or the engine raised,
    or `lost` tells how the worker was lost; `started` is False if the worker surely had not begun the task.
    """

    ticket: int
    value: bytes | None = None
    error: BaseException | None = None
    lost: str = ""
    started: bool = True


class Engine(Protocol):
    """A connection to a cluster."""

    name: EngineName
    address: str

    def workers(self) -> list[Worker]:
        """Return the workers that are there now, without asking over the network more than twice a second."""
        ...

    def share(self, data: bytes) -> Any:
        """Put bytes into the cluster once, and return a reference to them for `submit`; they go when it is deleted."""
        ...

    def submit(self, worker: str, program: Any, payload: bytes, shared: Sequence[Any] = ()) -> int:
        """Run a program on a worker, and return a ticket; a worker that has gone is reported as lost.

        Args:
            worker: The id of the worker; the task runs on no other one.
            program: A reference to a pickled program, from `share`.
            payload: Its first argument.
            shared: References whose bytes are its further arguments.
        """
        ...

    def receive(self, timeout: float | None) -> list[News]:
        """Wait for news, at most so many seconds (None: until there is some), and return all there is.

        Raises:
            ConnectionLostError: The scheduler cannot be reached any more, and the engine has given up.
        """
        ...

    def cancel(self, ticket: int) -> bool:
        """Take back a task that has surely not begun, and return True; there will be no news of it."""
        ...

    def abandon(self, ticket: int) -> None:
        """Take back a task if possible; there will be no news of it, even if it goes on."""
        ...

    def close(self) -> None:
        """Cancel what is queued, free what was shared, and disconnect unless the caller had the connection before."""
        ...
