"""The workers of a cluster that get chunks, and the chunks that each has."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from advisor.clusters.engine import Engine, Worker
from advisor.jobs.pools.cluster_payload import Packed
from advisor.jobs.pools.pool import Chunk

_logger = logging.getLogger(__name__)
PATIENCE = 60.0  # seconds to wait for workers when there are none
LOOK_SECONDS = 0.25  # between two looks at the workers
_AVOID_SECONDS = 2.0  # without chunks for a worker that has lost some; then it is gone, or back
_MAX_AHEAD = 4  # chunks that wait at a worker, for each of its threads


@dataclass(eq=False)
class Task:
    """Calls of a chunk that are sent together: all of them, unless some have to be made again.

    Attributes:
        in_child: They run in child processes of a worker.
        losses: Workers that were lost with it, while it ran in child processes.
        sent: When it was sent last.
        at_once: A thread was free then.
        stays: It could not be taken back.
    """

    chunk: Chunk
    packed: Packed
    in_child: bool = False
    losses: int = 0
    sent: float = 0.0
    at_once: bool = False
    stays: bool = False


@dataclass(eq=False)
class Member:
    """A worker that gets chunks.

    Attributes:
        threads: Those that may be used.
        tasks: By their tickets, in the order in which they were sent.
        has_worked: It has made calls.
    """

    worker: Worker
    threads: int = 0
    tasks: dict[int, Task] = field(default_factory=dict)
    has_worked: bool = False

    def window(self, trips: float) -> int:
        """Return how many chunks the worker may have: those that run, and enough to go on during a round trip.

        Args:
            trips: The round trip, in lengths of a chunk.
        """
        if self.threads < self.worker.threads:
            return self.threads  # it would run others, too
        return self.threads + max(1, math.ceil(self.threads * min(trips, _MAX_AHEAD)))

    @property
    def load(self) -> float:
        """Chunks for each thread."""
        return len(self.tasks) / max(1, self.threads)

    def waiting(self, sent_before: float = -math.inf) -> list[int]:
        """Return the tickets of chunks that may not have begun, and could be taken back: those behind others.

        Args:
            sent_before: Also return chunks sent before this time: the worker may be busy with the calls of others.
        """
        return [
            ticket
            for position, (ticket, task) in enumerate(self.tasks.items())
            if not task.stays and (position >= self.worker.threads or task.sent < sent_before)
        ]


class Members:
    """The workers that get chunks, by their ids.

    Args:
        engine: Of the cluster.
        limit: The largest number of threads to use, or None.
        clock: The time, in seconds.
    """

    def __init__(self, engine: Engine, limit: int | None, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._limit = limit
        self._clock = clock
        self._present: dict[str, Member] = {}
        self._avoided: dict[str, float] = {}  # until when
        self._unfit: set[str] = set()
        self._next_look = 0.0
        self._alone_since: float | None = None

    def all(self) -> list[Member]:
        """Return the workers."""
        return list(self._present.values())

    @property
    def threads(self) -> int:
        """The number of threads that may be used."""
        return sum([member.threads for member in self._present.values()])

    @property
    def seconds_alone(self) -> float:
        """Seconds for which there has been no worker."""
        return 0.0 if self._alone_since is None else max(1e-9, self._clock() - self._alone_since)

    def look(self) -> None:
        """Look at which workers have come and gone, unless that was done a moment ago."""
        now = self._clock()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        found = {worker.id: worker for worker in self._engine.workers() if worker.id not in self._unfit}
        for id in self._present.keys() - found.keys():
            del self._present[id]
        for id, worker in found.items():
            if id not in self._present and self._avoided.get(id, 0.0) < now:
                self._present[id] = Member(worker)
        self._distribute()
        if self._present:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
            _logger.warning("the cluster at %s has no workers: waiting for some", self._engine.address)

    def resize(self, limit: int) -> None:
        """Change the largest number of threads to use."""
        self._limit = limit
        self._distribute()

    def avoid(self, member: Member) -> None:
        """Send nothing to a worker that is probably lost, until it is known to be there."""
        self._avoided[member.worker.id] = self._clock() + _AVOID_SECONDS
        if self._present.get(member.worker.id) is member:
            del self._present[member.worker.id]
            self._distribute()

    def rule_out(self, member: Member, why: str) -> None:
        """Use a worker no more."""
        self._present.pop(member.worker.id, None)
        if member.worker.id not in self._unfit and self._present:
            _logger.warning("the worker %s of the cluster is not used: %s", member.worker.id, why)
        self._unfit.add(member.worker.id)
        self._distribute()

    def clear(self) -> None:
        """Forget all workers."""
        self._present.clear()

    def _distribute(self) -> None:
        """Decide how many threads of each worker may be used, if not all."""
        members = self.all()
        left = math.inf if self._limit is None else self._limit
        for member in members:
            member.threads = 0
        for _ in range(max([member.worker.threads for member in members], default=0)):
            for member in members:
                if left and member.threads < member.worker.threads:
                    member.threads += 1
                    left -= 1
