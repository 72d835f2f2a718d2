"""The messages between the dispatcher and a pool, and the methods of a pool.

The dispatcher is single-threaded: it alone calls the methods of a pool, and nothing happens in the parent between
two calls of `receive` except that workers go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Arguments = tuple[tuple[Any, ...], dict[str, Any]]  # of one call: positional, keyword


@dataclass(frozen=True, slots=True)
class Chunk:
    """Calls that are sent to a worker together, each with a key: the index of its input.

    `number` is unique in a run.
    """

    number: int
    keys: Sequence[int]
    calls: Sequence[Arguments]


class ChunkSeconds(NamedTuple):
    """Seconds of calls to send together: `most` at first, and fewer near the end of the job, but `least`."""

    most: float
    least: float


CHUNK_SECONDS = ChunkSeconds(0.015, 0.0)  # on this host; sending a chunk takes a hundredth of that


class Done(NamedTuple):
    """A call that has ended.

    `value`: the result, or the exception if the call has `failed`. `seconds`: its duration. `cpu`: seconds of CPU time,
    of its thread and of the child programs that it waited for; None if unknown.
    """

    key: int
    value: Any
    failed: bool
    seconds: float
    cpu: float | None


class Report(NamedTuple):
    """News of a chunk: some of its calls, and whether that was the last news.

    `lost` tells why the calls of the chunk that were not reported will never be: their worker died or was ended.
    `started` is False if none of those calls can have begun.
    """

    number: int
    done: Sequence[Done]
    finished: bool
    lost: str = ""
    started: bool = True


@dataclass(frozen=True)
class Setup:
    """The needs of the workers: the function, and an initializer that each runs first."""

    function: Callable[..., Any]
    initializer: Callable[..., object] | None = None
    initargs: tuple[Any, ...] = ()


class CannotSendError(Exception):
    """The arguments of a chunk cannot be pickled; `__cause__` tells why. The pool is as it was before."""


class PoolBrokenError(Exception):
    """The workers cannot work at all, such as when an initializer fails; the text is for the user."""


class CannotLoadError(PoolBrokenError):
    """The workers cannot start or load the function, but the job can be done without them."""


class Pool(Protocol):
    """Workers that run chunks of calls."""

    @property
    def workers(self) -> int:
        """The number of chunks that run at once, if there are enough."""
        ...

    @property
    def chunk_seconds(self) -> ChunkSeconds:
        """Seconds of calls to send together, for sending them to take a small part of the time."""
        ...

    def resize(self, workers: int) -> None:
        """Change the number of workers; those that are too many end when their chunk does."""
        ...

    def room(self) -> int:
        """Return how many more chunks the pool takes now, including a few that wait behind running ones."""
        ...

    def send(self, chunk: Chunk) -> None:
        """Give a chunk to the workers; never blocks for long. Raises CannotSendError."""
        ...

    def withdraw(self) -> list[int]:
        """Take back the chunks that no worker has begun, as far as that is possible; return their numbers."""
        ...

    def receive(self, timeout: float | None) -> list[Report]:
        """Wait for news, at most so many seconds (None: until there is some), and return all there is."""
        ...

    def since(self, number: int) -> float | None:
        """Return when (`time.perf_counter`) the call that a chunk is at began, at the latest; None if it waits."""
        ...

    def end(self, number: int) -> bool:
        """End the call that a chunk is at, and report the chunk as lost; return False if it goes on, unattended."""
        ...

    def close(self, *, kill: bool = False) -> None:
        """End all workers: idle ones at once, others when their chunk is done or, with `kill`, at once too."""
        ...
