"""Run the batches of one call of `joblib.Parallel`: one after the other at first, then in one of joblib's backends.

The first batches run in the thread that waits for the results or, where that must not be kept busy, in a thread of
their own. joblib sends the next batch when one has ended, from the thread in which it has ended.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from advisor.host.cores_and_memory import usable_cores
from advisor.jobs.dispatcher import Pace
from advisor.jobs.engine import MAX_MEASURINGS, WORTH_LOADING, WORTH_MEASURING
from advisor.jobs.joblib_batches import Finished, Outcome, TimedBatch, TimedResults, Work, Workers, code_of, make
from advisor.jobs.outcomes import describe
from advisor.jobs.tally import Tally

if TYPE_CHECKING:
    from advisor.jobs.joblib_measuring import Measuring
    from advisor.jobs.plan import Plan
    from advisor.jobs.review import Review
    from advisor.models import Advice, Profile, Strategy

_FIRST_CALLS = "the first calls, which show what a call does"
_LONG = 0.2  # seconds
_MOST_LONG = 1_000
_logger = logging.getLogger(__name__)
_long_functions: set[object] = set()  # whose calls took long: worth measuring from the first call on


class UnavailableError(Exception):
    """Workers of a kind cannot be used here."""


class _Sent(NamedTuple):
    """A batch that comes back from a backend."""

    run: JoblibRun
    workers: Workers
    calls: int
    out: Any

    def results(self) -> list[Any]:
        """Return the results, or raise the error of a call."""
        timed: TimedResults = self.workers.retrieve(self.out)
        self.run.note(timed, self.calls)
        return timed.results


class JoblibRun:
    """Runs the batches of one call of Parallel.

    Args:
        parallel: The Parallel object.
        workers: The largest number of workers.
        excluded: Strategies that must not be used.
        is_warm: joblib's worker processes are running.
        open_workers: Returns workers of a kind, and so many, or raises UnavailableError.
    """

    def __init__(
        self,
        parallel: Any,
        workers: int,
        excluded: frozenset[Strategy],
        is_warm: bool,
        open_workers: Callable[[Strategy, int], Workers],
    ) -> None:
        self.tally = Tally()
        self.tally.begin_stage("sequential", 1, _FIRST_CALLS)
        self._most_workers = workers
        self._excluded = excluded
        self._is_warm = is_warm
        self._open_workers = open_workers
        self._total: int | None = parallel.n_tasks
        self._in_background = parallel.return_generator or parallel.timeout is not None
        self._lock = threading.Lock()
        self._queue: deque[Work] = deque()
        self._submitted = 0
        self._is_exhausted = False  # joblib has no further batches
        self._in_flight = 0
        self._is_looping = False
        self._is_stopped = False
        self._workers: Workers | None = None  # None while batches run one after the other
        self._plan: Plan | None = None
        self._review: Review | None = None
        self._profile: Profile | None = None
        self._pace = Pace()
        self._cpus: deque[float] = deque(maxlen=51)  # CPU seconds of the latest calls
        self._calls = 0  # made one after the other, since the last decision
        self._seconds = self._cpu = 0.0  # that they took
        self._least = 0.0  # seconds that calls must have taken to be measured again
        self._measurings = 0

    @property
    def advice(self) -> Advice | None:
        """The advice in force."""
        return None if self._plan is None else self._plan.advice

    def submit(self, batch: Any, callback: Callable[[Outcome], object]) -> None:
        """Queue a batch, or send it to the workers if it was decided to use some."""
        with self._lock:
            self._submitted += 1
            workers = self._workers
            if workers is None:
                self._queue.append(Work(batch, callback))
            else:
                self._in_flight += 1
        if workers is None:
            self._start_loop()
        else:
            self._send(workers, Work(batch, callback))

    def make_first_calls(self) -> None:
        """Make calls in this thread, until workers take over or all are done."""
        with self._lock:
            if self._in_background:
                return
            self._is_looping = True
        try:
            self._loop()
        finally:
            self._in_background = True
        self._start_loop()

    def stop(self) -> None:
        """Make no more calls."""
        with self._lock:
            self._is_stopped = True
            self._queue.clear()
        self.tally.end()

    def _start_loop(self) -> None:
        """Start to make the calls that wait, in a thread, unless workers or a loop are busy."""
        with self._lock:
            is_busy = self._is_looping or self._in_flight or self._workers is not None
            if not self._in_background or is_busy or self._is_stopped or not self._queue:
                return
            self._is_looping = True
        threading.Thread(target=self._loop_in_thread, name="advisor-first-calls", daemon=True).start()

    # One after the other

    def _loop(self) -> None:
        if not self._measurings and "advisor.jobs.plan" in sys.modules and self._is_known_as_long():
            self._measure()
        while (work := self._take()) is not None:
            began, cpu = time.perf_counter(), time.process_time()
            finished = make(work.batch)
            self.count(len(work.batch), time.perf_counter() - began, time.process_time() - cpu)
            self.deliver(work, finished)
            if self._is_worth_measuring():
                self._measure()

    def _loop_in_thread(self) -> None:
        try:
            self._loop()
        except BaseException as error:  # noqa: BLE001  (joblib raises it where the results are read)
            if (work := self.take()) is not None:
                self._tell(work, Finished([], error))

    def _is_known_as_long(self) -> bool:
        batch = self.peek()
        return batch is not None and code_of(batch.items[0]) in _long_functions

    def _take(self) -> Work | None:
        """Take the next batch; without one, or with workers, the loop ends."""
        with self._lock:
            if self._queue and self._workers is None:
                return self._queue.popleft()
            self._is_looping = False
            return None

    def take(self) -> Work | None:
        """Take the next batch to measure."""
        with self._lock:
            return self._queue.popleft() if self._queue else None

    def put_back(self, work: Work) -> None:
        """Put a batch back to the front of those that wait."""
        with self._lock:
            self._queue.appendleft(work)

    def peek(self) -> Any:
        """Return the next batch, or None."""
        with self._lock:
            return self._queue[0].batch if self._queue else None

    def count(self, calls: int, seconds: float, cpu: float) -> None:
        """Add what calls took that were made one after the other."""
        self._calls += calls
        self._seconds += seconds
        self._cpu += cpu
        self.tally.sequential_seconds += seconds

    def deliver(self, work: Work, finished: Finished) -> None:
        """Hand over the outcome of a batch, upon which joblib submits the next one."""
        if finished.error is not None and not isinstance(finished.error, Exception) and not self._in_background:
            raise finished.error
        self.tally.add(len(work.batch), failed=0 if finished.error is None else 1)
        if finished.error is not None:  # joblib raises it, and reads no more results
            with self._lock:
                self._is_stopped = True
                self._queue.clear()
        self._tell(work, finished)

    def _tell(self, work: Work, outcome: Outcome) -> None:
        submitted = self._submitted
        work.callback(outcome)
        self._is_exhausted = submitted == self._submitted

    def rest(self) -> int:
        """Return how many calls are left: if that is not known, as many as were made, or as wait."""
        if self._total is not None:
            return max(1, self._total - self.tally.finished)
        with self._lock:
            waiting = sum(len(work.batch) for work in self._queue) + self._in_flight
        return max(1, waiting) if self._is_exhausted else max(self.tally.finished, waiting)

    def rest_seconds(self) -> float:
        """Return the seconds that the calls that are left take one after the other."""
        return self.rest() * self._seconds / self._calls if self._calls else 0.0

    def computing_share(self) -> float:
        """Return the share of the time in which this process computed, 0 to 1."""
        return min(1.0, self._cpu / self._seconds) if self._seconds else 1.0

    def _is_worth_measuring(self) -> bool:
        if self._measurings >= MAX_MEASURINGS or self._seconds < self._least or not self._queue:
            return False
        least = WORTH_MEASURING if "advisor.jobs.plan" in sys.modules else WORTH_LOADING
        return self.rest_seconds() * (1 - self.computing_share() / usable_cores()) >= least

    def _measure(self) -> None:
        """Measure some calls and decide how the others run."""
        from advisor.jobs.joblib_measuring import Measuring, MixedCallsError

        self._measurings += 1
        try:
            measuring = Measuring(self, self._most_workers, self._excluded, is_warm=self._is_warm)
            with measuring:
                plan = measuring.decide()
        except MixedCallsError as error:
            self._stay(str(error))
            return
        except Exception as error:
            _logger.warning("the calls cannot be examined: they run one after the other", exc_info=error)
            self._stay(f"the calls cannot be examined: {describe(error)}")
            return
        if plan is not None:
            if measuring.profile.wall > _LONG and len(_long_functions) < _MOST_LONG:
                _long_functions.add(measuring.code)
            self._follow(plan, measuring)

    def _stay(self, why: str) -> None:
        self._measurings = MAX_MEASURINGS
        self.tally.stages[-1].why = why

    def _follow(self, plan: Plan, measuring: Measuring) -> None:
        while plan.strategy != "sequential" and plan.workers > 1:
            try:
                workers = self._open_workers(plan.strategy, plan.workers)
            except UnavailableError as error:
                self._excluded |= {plan.strategy}
                plan = measuring.plan(self._excluded).because(str(error))
            else:
                self._use(workers, plan, measuring.profile)
                return
        self._plan = plan
        self.tally.stages[-1].why = plan.reason
        self._calls, self._seconds, self._cpu = 0, 0.0, 0.0
        self._least = self.tally.seconds  # until the job has lasted twice as long

    # Workers

    def _use(self, workers: Any, plan: Plan, profile: Profile) -> None:
        """Send what waits to the workers, and from now on everything."""
        from advisor.jobs.review import Review

        self._plan, self._profile = plan, profile
        self._review = Review(plan, profile, fixed=False)
        self._pace = Pace()
        self._cpus.clear()
        self.tally.begin_stage(plan.strategy, plan.workers, plan.reason)
        with self._lock:
            self._workers = workers
            waiting = list(self._queue)
            self._queue.clear()
            self._in_flight += len(waiting)
        for work in waiting:
            self._send(workers, work)

    def _send(self, workers: Any, work: Work) -> None:
        calls = len(work.batch)

        def arrived(out: Any) -> None:
            try:
                self._tell(work, _Sent(self, workers, calls, out))
            finally:
                with self._lock:
                    self._in_flight -= 1
                self._start_loop()

        try:
            workers.submit(TimedBatch(work.batch), arrived)
        except Exception as error:  # noqa: BLE001  (joblib raises it where the results are read)
            with self._lock:
                self._in_flight -= 1
            work.callback(Finished([], error))

    def note(self, timed: TimedResults, calls: int) -> None:
        """Count calls that workers have made, and leave the workers if they do not what they were chosen for."""
        self.tally.add(calls)
        self._cpus.extend([timed.cpu / calls] * min(calls, self._cpus.maxlen or calls))
        if self._profile is not None:
            waited = calls * (self._profile.wait or 0.0)
            self.tally.sequential_seconds += timed.cpu + waited
        self._pace.calls += calls
        self._pace.seconds += timed.seconds
        if self._review is None or self._measurings >= MAX_MEASURINGS:
            return
        verdict = self._review.look(self._pace, self._cpus, self.rest())
        if verdict is not None and verdict.measure:
            self._leave(verdict.why, for_good=verdict.leave)

    def _leave(self, why: str, *, for_good: bool) -> None:
        """Go on one after the other, and measure again."""
        if for_good and self._plan is not None:
            self._excluded |= {self._plan.strategy}
        self._review = None
        self._calls, self._seconds, self._cpu, self._least = 0, 0.0, 0.0, 0.0
        self.tally.begin_stage("sequential", 1, f"{why}: measured again")
        with self._lock:
            self._workers = None
