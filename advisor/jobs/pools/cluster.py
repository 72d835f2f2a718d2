"""A pool of the workers of a cluster.

Each chunk is sent to a certain worker, so that it is known which chunks a worker has lost. Besides those that run, a
few wait at each worker, which goes on with them while results and new chunks are under way.

When a worker dies, one of the calls that it ran may be the reason. Those calls are made again in child processes, so
that the one that kills its process costs no other call, and no other worker.
"""

from __future__ import annotations

import math
import pickle
from collections import Counter, deque
from collections.abc import Callable, Sequence
from operator import attrgetter
from time import perf_counter
from typing import Any

from advisor.clusters.by_value import pickle_by_value
from advisor.clusters.engine import Engine, News
from advisor.errors import ConnectionLostError, WorkerError
from advisor.jobs import pools
from advisor.jobs.pools import pickles, worker_messages
from advisor.jobs.pools.cluster_child import ChildProgram
from advisor.jobs.pools.cluster_members import LOOK_SECONDS, PATIENCE, Member, Members, Task
from advisor.jobs.pools.cluster_payload import Packer
from advisor.jobs.pools.cluster_program import Program
from advisor.jobs.pools.pool import (
    CannotLoadError,
    CannotSendError,
    Chunk,
    ChunkSeconds,
    Done,
    PoolBrokenError,
    Report,
    Setup,
)
from advisor.jobs.pools.worker_messages import Message
from advisor.predict.cluster_chunks import CHUNK_BYTES, CHUNK_SECONDS, CHUNK_TASKS, LEAST_TASKS, MAX_BUSY

TASK_SECONDS = 2e-3  # of the client and the scheduler for a chunk, if it has not been measured
ROUND_TRIP = 0.02  # seconds, until it has been observed
_LONGEST_CHUNK = 1.0  # seconds; nothing is heard of a chunk before it has ended
_STUCK_SECONDS = 5.0  # after which a chunk may wait for the calls of others
_MAX_LOSSES = 3  # of a call that runs in a child process, which is hardly the reason
_SMOOTHING = 0.2
_RESUME = "Run it again when there are workers; with a checkpoint, it continues where it stopped"


class ClusterPool:
    """The workers of a cluster.

    Args:
        setup: What each worker needs.
        engine: The connection to the cluster, which stays open.
        coroutine: The function is a coroutine function.
        pickle_program: Pickles what runs in the workers, with what it needs there.
        limit: The largest number of threads to use, or None.
        call_timeout: Seconds after which a call is ended; each call then runs in a child process of its worker.
        task_seconds: Of the client and the scheduler for a chunk.
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
        task_seconds: float = TASK_SECONDS,
        patience: float = PATIENCE,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._engine = engine
        self._timeout = call_timeout
        self._task_seconds = task_seconds
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
        self._members = Members(engine, limit, clock)
        self._by_ticket: dict[int, Member] = {}
        self._backlog: deque[Task] = deque()
        self._parts: Counter[int] = Counter()  # of each chunk, by its number
        self._dangerous: set[int] = set()  # keys of calls that have killed their process
        self._news: list[Report] = []
        self._broken: PoolBrokenError | None = None
        self._round_trip = ROUND_TRIP
        self._chunk_length: float | None = None  # seconds of the latest chunks
        self._bytes = self._seconds = 0.0  # of the latest chunks
        self._members.look()

    @property
    def workers(self) -> int:
        return max(1, self._members.threads)

    @property
    def chunk_seconds(self) -> ChunkSeconds:
        """Seconds of calls to send together: fewer where arguments or results are large."""
        task, threads = self._task_seconds, self.workers
        most = max(CHUNK_SECONDS, CHUNK_TASKS * task, threads * task / MAX_BUSY, self._round_trip)
        most = min(most, _LONGEST_CHUNK)
        if self._bytes:
            most = min(most, CHUNK_BYTES * self._seconds / self._bytes)
        return ChunkSeconds(most, min(most, max(threads, LEAST_TASKS) * task))

    @property
    def waits_for(self) -> str:
        """The workers that the run waits for; empty if it waits for none."""
        return f"workers of the cluster at {self._engine.address}" if self._members.seconds_alone else ""

    def resize(self, workers: int) -> None:
        self._members.resize(workers)

    def room(self) -> int:
        trips = self._trips
        free = sum([member.window(trips) - len(member.tasks) for member in self._members.all()])
        return max(0, free - len(self._backlog))

    def send(self, chunk: Chunk) -> None:
        in_child = self._timeout is not None or not self._dangerous.isdisjoint(chunk.keys)
        self._backlog.append(Task(chunk, self._packer.pack(chunk, singly=in_child), in_child))
        self._parts[chunk.number] = 1
        self._assign()

    def withdraw(self) -> list[int]:
        taken = [task.chunk.number for task in self._backlog if self._parts[task.chunk.number] == 1]
        self._backlog = deque([task for task in self._backlog if self._parts[task.chunk.number] > 1])
        for member in self._members.all():
            for ticket in member.waiting():
                number = member.tasks[ticket].chunk.number
                if self._parts[number] == 1 and self._take_back(member, ticket):
                    taken.append(number)
        for number in taken:
            del self._parts[number]
        return taken

    def receive(self, timeout: float | None) -> list[Report]:
        deadline = math.inf if timeout is None else self._clock() + timeout
        while True:
            self._look()
            left = max(0.0, deadline - self._clock())
            waits = bool(self._by_ticket or self._backlog or self.waits_for) and not self._news
            self._take_news(min(left, LOOK_SECONDS) if waits else 0.0)
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

    def _look(self) -> None:
        """Look at the workers; the pool is broken if there have been none for too long."""
        self._members.look()
        if self._members.seconds_alone > self._patience:
            self._broken = PoolBrokenError(
                f"the cluster at {self._engine.address} has had no workers for {self._patience:g} s. {_RESUME}"
            )

    @property
    def _trips(self) -> float:
        """The round trip, in lengths of a chunk; a guess at first."""
        return 1.0 if self._chunk_length is None else self._round_trip / max(self._chunk_length, 1e-6)

    def _assign(self) -> None:
        """Submit what waits to the workers that have the least to do; take chunks from others for idle workers."""
        while self._backlog:
            free = [member for member in self._members.all() if len(member.tasks) < member.window(self._trips)]
            if not free:
                return
            self._submit(min(free, key=attrgetter("load")), self._backlog.popleft())
        idle = [member for member in self._members.all() if len(member.tasks) < member.threads]
        for member in idle if self._by_ticket else ():
            self._take_over(member)

    def _take_over(self, member: Member) -> None:
        """Give a worker with a free thread a chunk that waits at another one."""
        long_ago = self._clock() - _STUCK_SECONDS
        others = [each for each in self._members.all() if each is not member and each.waiting(long_ago)]
        if others:
            other = max(others, key=attrgetter("load"))
            ticket = other.waiting(long_ago)[-1]
            task = other.tasks[ticket]
            if self._take_back(other, ticket):
                self._submit(member, task)

    def _take_back(self, member: Member, ticket: int) -> bool:
        if not self._engine.cancel(ticket):
            member.tasks[ticket].stays = True
            return False
        del member.tasks[ticket], self._by_ticket[ticket]
        return True

    def _submit(self, member: Member, task: Task) -> None:
        if task.in_child not in self._programs:
            self._programs[task.in_child] = self._share[task.in_child]()
        task.sent = self._clock()
        task.at_once = len(member.tasks) < member.threads
        task.stays = False
        program = self._programs[task.in_child]
        ticket = self._engine.submit(member.worker.id, program, task.packed.payload, task.packed.shared)
        member.tasks[ticket] = task
        self._by_ticket[ticket] = member

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

    def _handle(self, member: Member, task: Task, news: News) -> None:
        if news.value is not None:
            self._read(member, task, news.value)
        elif news.error is None:
            self._lose(member, task, news)
        elif member.has_worked:
            self._report(task, [_failed(key, news.error) for key in task.chunk.keys])
        else:
            self._rule_out(member, task, Message(None, broken=f"a worker failed: {news.error}", cannot_load=True))

    def _read(self, member: Member, task: Task, value: bytes) -> None:
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

    def _report(self, task: Task, done: Sequence[Done], lost: str = "") -> None:
        number = task.chunk.number
        self._parts[number] -= 1
        finished = not self._parts[number]
        if finished:
            del self._parts[number]
        self._news.append(Report(number, done, finished, lost))

    def _learn(self, task: Task, seconds: float, result_bytes: int) -> None:
        """Note how long chunks and round trips take, and how much there is to send."""
        before = seconds if self._chunk_length is None else self._chunk_length
        self._chunk_length = before + _SMOOTHING * (seconds - before)
        if task.at_once and not task.in_child:
            trip = max(0.0, self._clock() - task.sent - seconds)
            self._round_trip += _SMOOTHING * (min(trip, 1.0) - self._round_trip)
        self._bytes += len(task.packed.payload) + result_bytes - _SMOOTHING * self._bytes
        self._seconds += seconds - _SMOOTHING * self._seconds

    def _rule_out(self, member: Member, task: Task, message: Message) -> None:
        """Use a worker no more that cannot make calls; the pool is broken if there is no other one."""
        self._backlog.appendleft(task)
        self._members.rule_out(member, message.broken)
        if not self._members.all() and self._broken is None:
            text = f"{message.broken} (the worker {member.worker.id} of the cluster)"
            self._broken = (CannotLoadError if message.cannot_load else PoolBrokenError)(text)

    def _lose(self, member: Member, task: Task, news: News) -> None:
        """Make the calls again that a worker has lost; if they may have begun, each where it can harm nothing."""
        self._members.avoid(member)
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

    def _make_again(self, task: Task, chunks: Sequence[Chunk]) -> None:
        """Run calls of a task in child processes, in these parts."""
        self._parts[task.chunk.number] += len(chunks) - 1
        for chunk in chunks:
            losses = task.losses if len(chunks) == 1 else 0
            try:
                self._backlog.appendleft(Task(chunk, self._packer.pack(chunk, singly=True), True, losses))
            except CannotSendError as error:  # it could be packed before
                part = Task(chunk, task.packed)
                self._report(part, [_failed(key, error.__cause__ or error) for key in chunk.keys])


def _failed(key: int, error: BaseException) -> Done:
    return Done(key, error, True, 0.0, None)


def _program(setup: Setup, *, coroutine: bool) -> Program:
    try:
        data = pickles.dumps_for_other_main((setup.function, setup.initializer, setup.initargs))
    except Exception as error:
        raise CannotLoadError(f"the function cannot be sent to the workers of a cluster: {error}") from error
    return Program(data, coroutine=coroutine)
