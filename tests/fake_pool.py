"""A pool without workers, a clock that the tests set, and a dispatcher that works with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from advisor.jobs.delivery import Delivery
from advisor.jobs.dispatcher import Dispatcher
from advisor.jobs.inputs import Inputs
from advisor.jobs.outcomes import OnError, Outcomes
from advisor.jobs.pools.pool import CHUNK_SECONDS, CannotSendError, Chunk, Done, Report
from advisor.jobs.reader import Reader
from advisor.jobs.retries import Retries
from advisor.jobs.tally import Tally


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class FakePool:
    """Keeps what it is sent; the tests say what comes back."""

    chunk_seconds = CHUNK_SECONDS

    def __init__(self, workers: int = 2, clock: Clock | None = None) -> None:
        self.workers = workers
        self.sent: list[Chunk] = []
        self.ended: list[int] = []
        self.late: set[int] = set()  # numbers of chunks that run for too long
        self.can_end = True
        self.unpicklable: set[Any] = set()
        self._open: set[int] = set()
        self.news: list[Report] = []
        self._clock = clock

    def resize(self, workers: int) -> None:
        self.workers = workers

    def room(self) -> int:
        return 2 * self.workers - len(self._open)

    def send(self, chunk: Chunk) -> None:
        for args, _ in chunk.calls:
            if self.unpicklable.intersection(args):
                raise CannotSendError from TypeError("cannot pickle it")
        self.sent.append(chunk)
        self._open.add(chunk.number)

    def withdraw(self) -> list[int]:
        """Take back all but the first chunk of each worker."""
        taken = sorted(self._open)[self.workers :]
        self._open.difference_update(taken)
        return taken

    def receive(self, timeout: float | None) -> list[Report]:
        if self._clock is not None and not self.news:
            assert timeout is not None
            self._clock.now += timeout
        news, self.news = self.news, []
        self._open.difference_update(report.number for report in news if report.finished)
        return news

    def since(self, number: int) -> float | None:
        return -math.inf if number in self.late else None

    def end(self, number: int) -> bool:
        self.ended.append(number)
        self.lose(number, "the worker was ended")
        return self.can_end

    def close(self, *, kill: bool = False) -> None:
        pass

    def lose(self, number: int, how: str = "the worker was killed", *, started: bool = True) -> None:
        """Report the calls of a chunk as lost."""
        self.news.append(Report(number, (), finished=True, lost=how, started=started))

    def finish(self, number: int, function: Callable[[Any], Any] = str, *, first: int | None = None) -> None:
        """Report the calls of a chunk, or the first of them, with the results or exceptions of the function."""
        chunk = next(each for each in self.sent if each.number == number)
        done = []
        for key, (args, _) in list(zip(chunk.keys, chunk.calls, strict=True))[:first]:
            try:
                done.append(Done(key, function(*args), False, 1e-6, 1e-6))
            except Exception as error:  # noqa: BLE001
                done.append(Done(key, error, True, 1e-6, 1e-6))
        self.news.append(Report(number, done, finished=first is None))

    def finish_all(self, function: Callable[[Any], Any] = str, *, but: int | None = None) -> None:
        """Report everything that was sent and has not come back, but one chunk."""
        known = {report.number for report in self.news if report.finished}
        for number in sorted(self._open - known - {but}):
            self.finish(number, function)


class Job:
    """A dispatcher and what belongs to it."""

    def __init__(
        self,
        inputs: Iterable[Any],
        *,
        ordered: bool = True,
        on_error: OnError = "keep",
        retries: int = 0,
        workers: int = 2,
        **options: Any,
    ) -> None:
        self.clock = Clock()
        self.pool = FakePool(workers, self.clock)
        self.delivery = Delivery(ordered=ordered)
        self.tally = Tally()
        self.tally.begin_stage("threading", workers, "test")
        self.outcomes = Outcomes(
            "job", on_error=on_error, retries=retries, delivery=self.delivery, tally=self.tally, checkpoint=None
        )
        self.outcomes.retries = Retries(retries, self.clock)
        self.inputs = Inputs((inputs,), star=False)
        self.dispatcher = Dispatcher(self.pool, self.inputs, self.outcomes, **options)
        self.reader = Reader(self.delivery)

    def read(self) -> list[Any]:
        """Return the results that can be read."""
        return [result for results in self.reader.read() for result in results]

    def run(self, function: Callable[[Any], Any] = str) -> list[Any]:
        """Run all calls to the end, and return the results."""
        results = []
        while self.dispatcher.has_more:
            self.dispatcher.step()
            self.pool.finish_all(function)
            results += self.read()
        return results


def refuse_odd(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


def sent_keys(job: Job) -> list[list[int]]:
    return [list(chunk.keys) for chunk in job.pool.sent]
