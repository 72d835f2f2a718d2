"""A pool of the workers of a cluster.

Each chunk is sent to a certain worker, so that it is known which chunks a worker has lost. Besides those that run, a
few wait at each worker, which goes on with them while results and new chunks are under way.

When a worker dies, one of the calls that it ran may be the reason. Those calls are made again in child processes, so
that the one that kills its process costs no other call, and no other worker.
"""

from __future__ import annotations

import logging
import math
import pickle
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from advisor.clusters.by_value import pickle_by_value
from advisor.clusters.engine import Engine, News, Worker
from advisor.errors import ConnectionLostError, WorkerError
from advisor.jobs import pools
from advisor.jobs.pools import pickles, worker_messages
from advisor.jobs.pools.cluster_child import ChildProgram
from advisor.jobs.pools.cluster_payload import Packed, Packer
from advisor.jobs.pools.cluster_program import Program
from advisor.jobs.pools.pool import CannotLoadError, CannotSendError, Chunk, Done, PoolBrokenError, Report, Setup
from advisor.jobs.pools.worker_messages import Message

_logger = logging.getLogger(__name__)
CHUNK_SECONDS = 0.1  # of calls that are sent together: a task costs a millisecond or two
ROUND_TRIP = 0.02  # seconds, until it has been observed
PATIENCE = 60.0  # seconds to wait for workers when there are none
_LOOK_SECONDS = 0.25  # between two looks at the workers
_AVOID_SECONDS = 2.0  # without chunks for a worker that has lost some; then it is gone, or back
_MAX_AHEAD = 4  # chunks that wait at a worker, for each of its threads
_MAX_CHUNK_BYTES = 4 << 20  # of arguments and results
_MAX_LOSSES = 3  # of a call that runs in a child process, which is hardly the reason
_SMOOTHING = 0.2
_RESUME = "Run it again when there are workers; with a checkpoint, it goes on where it was"


@dataclass(eq=False)
class _Task:
    """Calls of a chunk that are sent together: all of them, unless some have to be made again."""

    chunk: Chunk
    packed: Packed
    in_child: bool = False
    losses: int = 0
    sent: float = 0.0
    at_once: bool = False  # a thread was free when it was sent
    stays: bool = False  # it could not be taken back


@dataclass(eq=False)
class _Member:
    """A worker that gets chunks; `threads` of its threads may be used."""

    worker: Worker
    threads: int = 0
    tasks: dict[int, _Task] = field(default_factory=dict)  # by their tickets, in the order in which they were sent
    has_worked: bool = False


class ClusterPool:
    """The workers of a cluster.

    Args:
        setup: What each worker needs.
        engine: The connection to the cluster, which stays open.
        coroutine: The function is a coroutine function.
        pickle_program: Pickles what runs in the workers, with what it needs there.
        limit: The largest number of threads to use, or None.
        call_timeout: Seconds after which a call is ended; each call then runs in a child process of its worker.
        chunk_seconds: Of calls to send together.
        patience: Seconds to wait for workers when there are none.
        clock: The time, in seconds.

    Raises:
        CannotLoadError: The function cannot be sent to workers.
    """

    def __init__(
        self,
        setup: Setup,
        engine: Engine,
        *,
        pickle_program: Callable[[Program], bytes] = lambda program: pickle_by_value(program, pools),
        coroutine: bool = False,
        limit: int | None = None,
        call_timeout: float | None = None,
        chunk_seconds: float = CHUNK_SECONDS,
        patience: float = PATIENCE,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._engine = engine
        self._limit = limit
        self._timeout = call_timeout
        self._target = chunk_seconds
        self._patience = patience
        self._clock = clock
        program = pickle_program(_program(setup, coroutine=coroutine))
        in_child = pickle_by_value(ChildProgram(program, call_timeout), pools)
        self._share: dict[bool, Callable[[], Any]] = {
            False: lambda: engine.share(program),
            True: lambda: engine.share(in_child),
        }
        self._programs: dict[bool, Any] = {}  # references, by whether calls run in child processes
        self._packer = Packer(engine)
        self._members: dict[str, _Member] = {}
        self._avoided: dict[str, float] = {}  # until when
        self._unfit: dict[str, str] = {}  # workers that cannot load the function, and why
        self._by_ticket: dict[int, _Member] = {}
        self._backlog: deque[_Task] = deque()
        self._parts: Counter[int] = Counter()  # of each chunk, by its number
        self._dangerous: set[int] = set()  # keys of calls that have killed their process
        self._news: list[Report] = []
        self._broken: PoolBrokenError | None = None
        self._next_look = 0.0
        self._alone_since: float | None = None  # there are no workers
        self._round_trip = ROUND_TRIP
        self._chunk_length: float | None = None  # seconds of the latest chunks
        self._bytes = self._seconds = 0.0  # of the latest chunks
        self._look()

    @property
    def workers(self) -> int:
        return max(1, sum([member.threads for member in self._members.values()]))

    @property
    def chunk_seconds(self) -> float:
        """Seconds of calls to send together: fewer where arguments or results are large."""
        if not self._bytes:
            return self._target
        return min(self._target, _MAX_CHUNK_BYTES * self._seconds / self._bytes)

    @property
    def waits_for(self) -> str:
        """What must come for the calls to go on; empty if nothing is missing."""
        return "" if self._alone_since is None else f"workers of the cluster at {self._engine.address}"

    def resize(self, workers: int) -> None:
        self._limit = workers
        self._distribute()

    def room(self) -> int:
        windows = sum([self._window(member) - len(member.tasks) for member in self._members.values()])
        return max(0, windows - len(self._backlog))

    def send(self, chunk: Chunk) -> None:
        in_child = self._timeout is not None or not self._dangerous.isdisjoint(chunk.keys)
        self._backlog.append(_Task(chunk, self._packer.pack(chunk, singly=in_child), in_child))
        self._parts[chunk.number] = 1
        self._assign()

    def withdraw(self) -> list[int]:
        taken = [task.chunk.number for task in self._backlog if self._parts[task.chunk.number] == 1]
        self._backlog = deque([task for task in self._backlog if self._parts[task.chunk.number] > 1])
        for member in self._members.values():
            for ticket, task in list(member.tasks.items())[member.worker.threads :]:
                if self._parts[task.chunk.number] == 1 and self._take_back(member, ticket):
                    taken.append(task.chunk.number)
        for number in taken:
            del self._parts[number]
        return taken

    def receive(self, timeout: float | None) -> list[Report]:
        deadline = math.inf if timeout is None else self._clock() + timeout
        while True:
            self._look()
            left = max(0.0, deadline - self._clock())
            waits = bool(self._by_ticket or self._backlog or self.waits_for) and not self._news
            self._take_news(min(left, _LOOK_SECONDS) if waits else 0.0)
            self._assign()
            if self._broken is not None and not self._news:
                raise self._broken
            if self._news or not waits or not left:
                news = self._news[:]
                self._news.clear()
                return news

    def since(self, number: int) -> float | None:
        """Return None: calls are ended by the workers, since only they know when those began."""
        return None

    def end(self, number: int) -> bool:
        return False

    def close(self, *, kill: bool = False) -> None:
        for ticket in list(self._by_ticket):
            self._engine.abandon(ticket)
        self._by_ticket.clear()
        self._members.clear()
        self._backlog.clear()
        self._news.clear()
        self._programs.clear()

    def _window(self, member: _Member) -> int:
        """Return how many chunks a worker may have: those that run, and enough to go on during a round trip."""
        if member.threads < member.worker.threads:
            return member.threads  # it would run others, too
        trips = 1.0 if self._chunk_length is None else self._round_trip / max(self._chunk_length, 1e-6)
        return member.threads + max(1, math.ceil(member.threads * min(trips, _MAX_AHEAD)))

    def _assign(self) -> None:
        """Submit what waits to the workers that have the least to do; take chunks from others for idle workers."""
        while self._backlog:
            free = [member for member in self._members.values() if len(member.tasks) < self._window(member)]
            if not free:
                return
            self._submit(min(free, key=_load), self._backlog.popleft())
        idle = [member for member in self._members.values() if len(member.tasks) < member.threads]
        for member in idle if self._by_ticket else ():
            self._take_over(member)

    def _take_over(self, member: _Member) -> None:
        """Give a worker with a free thread a chunk that waits at another one."""
        other = max(self._members.values(), key=_load)
        behind = list(other.tasks.items())[other.worker.threads :]
        waiting = [(ticket, task) for ticket, task in behind if not task.stays]
        if not waiting:
            return
        ticket, task = waiting[-1]
        if self._take_back(other, ticket):
            self._submit(member, task)

    def _take_back(self, member: _Member, ticket: int) -> bool:
        if not self._engine.cancel(ticket):
            member.tasks[ticket].stays = True
            return False
        del member.tasks[ticket], self._by_ticket[ticket]
        return True

    def _submit(self, member: _Member, task: _Task) -> None:
        if task.in_child not in self._programs:
            self._programs[task.in_child] = self._share[task.in_child]()
        task.sent = self._clock()
        task.at_once = len(member.tasks) < member.threads
        task.stays = False
        program = self._programs[task.in_child]
        ticket = self._engine.submit(member.worker.id, program, task.packed.payload, task.packed.shared)
        member.tasks[ticket] = task
        self._by_ticket[ticket] = member

    def _look(self) -> None:
        """Look at which workers have come and gone."""
        now = self._clock()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        found = {worker.id: worker for worker in self._engine.workers() if worker.id not in self._unfit}
        for id in self._members.keys() - found.keys():
            del self._members[id]
        for id, worker in found.items():
            if id not in self._members and self._avoided.get(id, 0.0) < now:
                self._members[id] = _Member(worker)
        self._distribute()
        if self._members:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
            _logger.warning("the cluster at %s has no workers: waiting for some", self._engine.address)
        elif now - self._alone_since > self._patience:
            self._broken = PoolBrokenError(
                f"the cluster at {self._engine.address} has had no workers for {self._patience:g} s. {_RESUME}"
            )

    def _distribute(self) -> None:
        """Decide how many threads of each worker may be used, if not all."""
        members = list(self._members.values())
        left = math.inf if self._limit is None else self._limit
        for member in members:
            member.threads = 0
        for _ in range(max([member.worker.threads for member in members], default=0)):
            for member in members:
                if left and member.threads < member.worker.threads:
                    member.threads += 1
                    left -= 1

    def _take_news(self, timeout: float) -> None:
        try:
            news = self._engine.receive(timeout)
        except ConnectionLostError as error:
            self._broken = PoolBrokenError(f"{error}. {_RESUME}")
            return
        for each in news:
            member = self._by_ticket.pop(each.ticket, None)
            if member is not None:
                self._handle(member, member.tasks.pop(each.ticket), each)

    def _handle(self, member: _Member, task: _Task, news: News) -> None:
        if news.value is not None:
            self._read(member, task, news.value)
        elif news.error is None:
            self._lose(member, task, news)
        elif member.has_worked:
            self._report(task, [_failed(key, news.error) for key in task.chunk.keys])
        else:
            self._rule_out(member, task, Message(None, broken=f"a worker failed: {news.error}", cannot_load=True))

    def _read(self, member: _Member, task: _Task, value: bytes) -> None:
        """Handle the answer of a worker."""
        answers = pickle.loads(value) if task.in_child else [value]
        messages = [worker_messages.decode(each) for each in answers]
        broken = next((message for message in messages if message.broken), None)
        if broken is not None:
            self._rule_out(member, task, broken)
            return
        member.has_worked = True
        done = [each for message in messages for each in message.done]
        self._learn(task, sum([each.seconds for each in done]), len(value))
        if not task.in_child:
            self._report(task, done, messages[0].lost)
            return
        for key, message in zip(task.chunk.keys, messages, strict=True):
            if message.lost:
                self._dangerous.add(key)
                done.append(_failed(key, WorkerError(message.lost)))
        self._report(task, done)

    def _report(self, task: _Task, done: Sequence[Done], lost: str = "") -> None:
        number = task.chunk.number
        self._parts[number] -= 1
        finished = not self._parts[number]
        if finished:
            del self._parts[number]
        self._news.append(Report(number, done, finished, lost))

    def _learn(self, task: _Task, seconds: float, result_bytes: int) -> None:
        """Note how long chunks and round trips take, and how much there is to send."""
        before = seconds if self._chunk_length is None else self._chunk_length
        self._chunk_length = before + _SMOOTHING * (seconds - before)
        if task.at_once and not task.in_child:
            trip = max(0.0, self._clock() - task.sent - seconds)
            self._round_trip += _SMOOTHING * (min(trip, 1.0) - self._round_trip)
        self._bytes += len(task.packed.payload) + result_bytes - _SMOOTHING * self._bytes
        self._seconds += seconds - _SMOOTHING * self._seconds

    def _rule_out(self, member: _Member, task: _Task, message: Message) -> None:
        """Use a worker no more that cannot make calls; the pool is broken if there is no other one."""
        self._backlog.appendleft(task)
        self._members.pop(member.worker.id, None)
        is_first = member.worker.id not in self._unfit
        self._unfit[member.worker.id] = message.broken
        if not self._members:
            text = f"{message.broken} (the worker {member.worker.id} of the cluster)"
            self._broken = self._broken or (CannotLoadError if message.cannot_load else PoolBrokenError)(text)
        elif is_first:
            _logger.warning("the worker %s of the cluster is not used: %s", member.worker.id, message.broken)

    def _lose(self, member: _Member, task: _Task, news: News) -> None:
        """Make the calls again that a worker has lost; if they may have begun, each where it can harm nothing."""
        self._avoided[member.worker.id] = self._clock() + _AVOID_SECONDS
        if self._members.get(member.worker.id) is member:
            del self._members[member.worker.id]
            self._distribute()
        if not news.started:
            self._backlog.appendleft(task)
            return
        task.losses += task.in_child
        if task.losses < _MAX_LOSSES:
            self._make_again(task, [task.chunk])
        elif len(task.chunk.keys) > 1:
            calls = zip(task.chunk.keys, task.chunk.calls, strict=True)
            self._make_again(task, [Chunk(task.chunk.number, [key], [call]) for key, call in calls])
        else:
            self._report(task, [_failed(task.chunk.keys[0], WorkerError(news.lost))])

    def _make_again(self, task: _Task, chunks: Sequence[Chunk]) -> None:
        """Run calls of a task in child processes, in these parts."""
        self._parts[task.chunk.number] += len(chunks) - 1
        for chunk in chunks:
            losses = task.losses if len(chunks) == 1 else 0
            try:
                self._backlog.appendleft(_Task(chunk, self._packer.pack(chunk, singly=True), True, losses))
            except CannotSendError as error:  # it could be packed before
                part = _Task(chunk, task.packed)
                self._report(part, [_failed(key, error.__cause__ or error) for key in chunk.keys])


def _load(member: _Member) -> float:
    return len(member.tasks) / max(1, member.threads)


def _failed(key: int, error: BaseException) -> Done:
    return Done(key, error, True, 0.0, None)


def _program(setup: Setup, *, coroutine: bool) -> Program:
    try:
        data = pickles.dumps_for_other_main((setup.function, setup.initializer, setup.initargs))
    except Exception as error:
        raise CannotLoadError(f"the function cannot be sent to the workers of a cluster: {error}") from error
    return Program(data, coroutine=coroutine)
