"""Feed a pool with the calls of a job, in a bounded window, and collect what comes back.

Everything happens in the thread that reads the results: `step` sends what fits, waits for news, and returns.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from advisor.errors import WorkerError
from advisor.jobs.inputs import Inputs
from advisor.jobs.outcomes import Outcomes
from advisor.jobs.pools.pool import CHUNK_SECONDS, Arguments, CannotSendError, Chunk, Done, Pool, Report
from advisor.jobs.request_pace import RequestPace

MAX_WAITING = 10_000  # results that wait for one before them
MAX_SAMPLES = 3
MAX_CPUS = 21
LONGEST_STEP = 0.5  # seconds without a look at the clock
INPUT_PATIENCE = 0.02  # seconds between two looks at inputs that arrive one by one


class PendingCall(NamedTuple):
    """A call to make again; `made` counts the times it has been made."""

    key: int
    arguments: Arguments
    made: int


@dataclass
class InFlight:
    """A chunk that was sent; `made` counts the attempts of its calls, this one included."""

    chunk: Chunk
    left: dict[int, Arguments]
    made: int = 1
    sent: float = 0.0
    timed_out: bool = False


class Sample(NamedTuple):
    """A call that has ended well."""

    arguments: Arguments
    result: Any
    seconds: float
    cpu: float | None


@dataclass
class Pace:
    """The time that the calls of a stage took, since it was last reset."""

    calls: int = 0
    seconds: float = 0.0
    began: float = field(default_factory=time.perf_counter)
    idle: float = 0.0  # seconds in which the reader of the results was busy

    @property
    def mean(self) -> float:
        """Seconds of a call."""
        return self.seconds / self.calls if self.calls else 0.0

    def reset(self, now: float) -> None:
        """Begin anew."""
        self.calls = 0
        self.seconds = self.idle = 0.0
        self.began = now


class Dispatcher:
    """Runs calls in a pool.

    Args:
        pool: The workers.
        inputs: The inputs that are left.
        outcomes: Receives what comes back.
        chunk: The largest number of calls to send at once.
        call_timeout: Seconds after which a call is ended.
        window: Largest number of results that wait for one before them.
    """

    def __init__(
        self,
        pool: Pool,
        inputs: Inputs,
        outcomes: Outcomes,
        *,
        chunk: int = 1,
        call_timeout: float | None = None,
        window: int = MAX_WAITING,
    ) -> None:
        self.pool = pool
        self.pace = Pace()
        self.cpus: deque[float] = deque(maxlen=MAX_CPUS)  # CPU seconds of the latest calls
        self.request_pace = RequestPace()
        self._stopped = False
        self.calls_ended = 0
        self._inputs = inputs
        self._outcomes = outcomes
        self._chunk = 1 if call_timeout is not None else chunk
        self._timeout = call_timeout
        self._window = window
        self._number = 0
        self._in_flight: dict[int, InFlight] = {}
        self.samples: list[Sample] = []  # the first few
        self._noted: tuple[int, float, float | None] = (0, 0.0, 0.0)
        self._again: deque[PendingCall] = deque()  # one by one, before anything else
        self._mean: float | None = None  # seconds of a call
        self._left_at = time.perf_counter()
        self._is_starved = False  # workers are free, and the next input has not arrived

    @property
    def calls_in_flight(self) -> int:
        """Calls that were sent and have not come back."""
        return sum(len(each.left) for each in self._in_flight.values())

    @property
    def is_idle(self) -> bool:
        """True if nothing is in flight."""
        return not self._in_flight

    @property
    def has_more(self) -> bool:
        """True if calls are in flight or may still be sent."""
        if self._in_flight:
            return True
        if self._stopped or self._outcomes.has_failed:
            return False
        return bool(self._again) or len(self._outcomes.retries) > 0 or not self._inputs.is_exhausted

    def stop_sending(self) -> None:
        """Send nothing more, and take back what no worker has begun; the calls that run are still waited for."""
        self._stopped = True
        for number in self.pool.withdraw():
            sent = self._in_flight.pop(number)
            self._again.extend(PendingCall(key, arguments, sent.made - 1) for key, arguments in sent.left.items())

    def hand_back(self) -> list[PendingCall]:
        """Return the calls that still have to be made, for another way to run them."""
        again = list(self._again)
        for sent in self._in_flight.values():
            again += [PendingCall(key, arguments, sent.made - 1) for key, arguments in sent.left.items()]
        return again

    def take_over(self, calls: list[PendingCall]) -> None:
        """Make these calls first."""
        self._again.extend(calls)

    def take_noted(self) -> tuple[int, float, float | None]:
        """Return the number of calls that ended since this was last asked, their seconds, and their CPU seconds."""
        noted, self._noted = self._noted, (0, 0.0, 0.0)
        return noted

    def collect(self) -> None:
        """Take what has come back, without waiting or sending."""
        for report in self.pool.receive(0.0):
            self._handle(report)

    def step(self) -> None:
        """Send what fits, and wait until something has come back or some time has gone."""
        now = time.perf_counter()
        self.pace.idle += now - self._left_at
        try:
            self._is_starved = False
            is_full = self._fill()
            filled = time.perf_counter()
            patience = self._patience() if is_full else 0.0
            if patience and not self._in_flight:
                time.sleep(patience)  # for a retry: a pool without calls does not wait
            for report in self.pool.receive(patience):
                self._handle(report)
            if self._is_starved:
                self.pace.idle += time.perf_counter() - filled
            if self._timeout is not None:
                self._end_late_calls()
            if self._outcomes.checkpoint is not None:
                self._outcomes.checkpoint.flush()
        finally:
            self._left_at = time.perf_counter()

    def _fill(self) -> bool:
        """Send what fits; return False if there may be more, when that takes so long that results should be read."""
        if self._stopped or self._outcomes.has_failed:
            return True
        pace = self.request_pace
        began = time.perf_counter()
        while self.pool.room() > 0:
            if pace.rate is not None and pace.delay(time.perf_counter()) > 0:
                return True
            found = self._next_calls()
            if not found:
                return True
            self._send(*found)
            if pace.rate is not None:
                pace.sent(time.perf_counter())
            if time.perf_counter() - began > CHUNK_SECONDS.most:
                return False
        return True

    def _next_calls(self) -> tuple[list[int], list[Arguments], int] | None:
        """Return the keys and arguments of the calls for the next chunk, and which attempt it is.

        The window limits new calls only: results in a full one may wait for a call that is made again.
        """
        if self._again:
            key, arguments, made = self._again.popleft()
            return [key], [arguments], made
        if (attempt := self._outcomes.retries.take_due()) is not None:
            return [attempt.key], [attempt.arguments], attempt.made
        while not self._inputs.is_exhausted and len(self._outcomes.delivery) < self._window:
            first = self._inputs.read
            items = self._inputs.take(self._size(), wait=not self._has_other_news())
            if not items:
                self._is_starved = True
                return None
            calls = list(map(self._inputs.arguments, items))
            keys = list(range(first, first + len(calls)))
            if self._outcomes.checkpoint is not None:
                new = [pair for pair in zip(keys, calls, strict=True) if not resume(self._outcomes, *pair)]
                keys, calls = [key for key, _ in new], [call for _, call in new]
            if keys:
                return keys, calls, 0
        return None

    def _has_other_news(self) -> bool:
        """Return True if there is something else to wait for than an input."""
        outcomes = self._outcomes
        return bool(self._in_flight) or outcomes.delivery.is_ready or len(outcomes.retries) > 0

    def _size(self) -> int:
        """Return how many calls to send at once: one at first, then cheap to send, and few when the end is near."""
        if self._mean is None:
            return 1
        most, least = self.pool.chunk_seconds
        each = max(self._mean, self._inputs.seconds_each, 1e-9)
        size = min(self._chunk, most / each)
        if self._inputs.remaining is not None:
            share = math.ceil(self._inputs.remaining / (2 * self.pool.workers))
            size = min(size, max(share, least / each))
        return max(1, int(size))

    def _send(self, keys: list[int], calls: list[Arguments], made: int) -> None:
        chunk = Chunk(self._number, keys, calls)
        self._number += 1
        try:
            self.pool.send(chunk)
        except CannotSendError as error:
            if len(keys) > 1:
                self._again.extend(PendingCall(key, call, made) for key, call in zip(keys, calls, strict=True))
                return
            self._outcomes.failed(keys[0], calls[0], error.__cause__ or error, made=made + 1, is_final=True)
            return
        self._in_flight[chunk.number] = InFlight(
            chunk, dict(zip(keys, calls, strict=True)), made + 1, time.perf_counter()
        )

    def _patience(self) -> float:
        """Return how long to wait for news: until a call is due or late, and not at all if a result can be read."""
        retry = self._outcomes.retries.seconds_to_next()
        if self._outcomes.delivery.is_ready or (not self._in_flight and retry is None):
            return 0.0
        now = time.perf_counter()
        limits = [LONGEST_STEP]
        if self.pool.room() > 0:
            delay = self.request_pace.delay(now)
            if self._inputs.may_be_late:
                limits.append(INPUT_PATIENCE)
            if retry is not None:
                limits.append(max(retry, delay))
            elif delay and not self._inputs.is_exhausted:
                limits.append(delay)
        if self._timeout is not None:
            limits += [max(0.0, since + self._timeout - now) for since in self._running().values()]
        return min(limits)

    def _running(self) -> dict[int, float]:
        """Return when the calls began that workers are at, by the numbers of their chunks."""
        begun = {number: self.pool.since(number) for number, each in self._in_flight.items() if not each.timed_out}
        return {number: since for number, since in begun.items() if since is not None}

    def _end_late_calls(self) -> None:
        assert self._timeout is not None
        now = time.perf_counter()
        for number, since in self._running().items():
            if now - since >= self._timeout:
                self._in_flight[number].timed_out = True
                if not self.pool.end(number):
                    self._outcomes.tally.abandoned += 1

    def _handle(self, report: Report) -> None:
        sent = self._in_flight.get(report.number)
        if sent is None:
            return
        self._note(report.done)
        succeeded = [done for done in report.done if not done.failed]
        if len(succeeded) < len(report.done):
            for done in report.done:
                if done.failed:
                    self._handle_failure(sent, done)
        if succeeded:
            left = sent.left
            arguments = [left.pop(done.key) for done in succeeded]
            for done, each in zip(succeeded[: MAX_SAMPLES - len(self.samples)], arguments, strict=False):
                self.samples.append(Sample(each, done.value, done.seconds, done.cpu))
            self._outcomes.all_succeeded(succeeded, arguments)
            self.request_pace.accepted(time.perf_counter(), sent.sent, len(succeeded))
        if report.lost:
            self._recover(sent, report)
        if report.finished or report.lost:
            del self._in_flight[report.number]

    def _handle_failure(self, sent: InFlight, done: Done) -> None:
        arguments = sent.left.pop(done.key)
        before = self._outcomes.refused
        concurrent = len(self._in_flight) > 1 or self.pool.workers > 1
        self._outcomes.failed(done.key, arguments, done.value, made=sent.made, concurrent=concurrent)
        if self._outcomes.refused > before:
            self.request_pace.refused(time.perf_counter(), sent.sent, self._outcomes.asked_to_wait)

    def _note(self, done: Sequence[Done]) -> None:
        if not done:
            return
        seconds = sum([each.seconds for each in done])
        self.pace.calls += len(done)
        self.calls_ended += len(done)
        self.pace.seconds += seconds
        mean = seconds / len(done)
        self._mean = mean if self._mean is None else 0.9 * self._mean + 0.1 * mean
        cpus = [each.cpu for each in done if each.cpu is not None]
        self.cpus.extend(cpus[-MAX_CPUS:])
        calls, before, cpu_before = self._noted
        known = None if len(cpus) < len(done) or cpu_before is None else cpu_before + sum(cpus)
        self._noted = (calls + len(done), before + seconds, known)

    def _recover(self, sent: InFlight, report: Report) -> None:
        """Make lost calls again that may be innocent; the one call of a chunk is the one that did it."""
        left = list(sent.left.items())
        if not report.started or len(left) > 1:
            self._again.extend(PendingCall(key, arguments, sent.made - 1) for key, arguments in left)
        elif left:
            key, arguments = left[0]
            self._outcomes.failed(key, arguments, self._loss(sent, report), made=sent.made)

    def _loss(self, sent: InFlight, report: Report) -> BaseException:
        if sent.timed_out:
            return TimeoutError(f"the call took longer than {self._timeout:g} s")
        return WorkerError(report.lost)


def resume(outcomes: Outcomes, key: int, arguments: Arguments) -> bool:
    """Take the result of a call from the checkpoint, if it is there."""
    if outcomes.checkpoint is None:
        return False
    stored: Any = outcomes.checkpoint.stored(key, arguments)
    if stored is None:
        return False
    outcomes.resumed(key, stored.result)
    return True
