"""Measure the first batches of joblib's, and decide how the others run, by the stages that `advisor.map` uses."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from advisor.jobs.callers import Batch
from advisor.jobs.delivery import Delivery
from advisor.jobs.engine import LONGEST_MEASURING, LONGEST_WAIT, MEASURING_SHARE, SHORTEST_MEASURING
from advisor.jobs.first_calls import FirstCalls
from advisor.jobs.inputs import Inputs
from advisor.jobs.joblib_batches import Finished, Work, code_of, function_of, make
from advisor.jobs.outcomes import Outcomes
from advisor.jobs.plan import Plan, Wishes, depends_on_gil, host_for, make_plan
from advisor.jobs.pools.pool import Arguments
from advisor.jobs.reader import Reader
from advisor.jobs.run_state import RunState, Settings
from advisor.measure.profiler import name_of
from advisor.target.inputs import Call

if TYPE_CHECKING:
    from advisor.jobs.joblib_run import JoblibRun
    from advisor.measure.meter import Meter
    from advisor.models import Profile, Strategy

T = TypeVar("T")
_LOKY = {"process_start": 0.4, "process_start_each": 0.06, "process_task": 3e-4, "process_task_worker": 3e-4}  # seconds
WARM_START = 0.01  # if there are worker processes from an earlier job
MODULE_SECONDS = 1e-3  # until a new worker process has imported a module
WATCHED_CALLS = 4  # for each worker, that must be left for watching the GIL to pay


class MixedCallsError(Exception):
    """The calls are of several functions."""


class _BatchCaller:
    """Makes the calls of the batch that is to be measured; a batch counts as one item."""

    def __init__(self) -> None:
        self.batch: Any = None
        self.finished: Finished | None = None

    def in_thread(self, function: Callable[[], T]) -> T:
        return function()

    def make(self, items: list[Any], meter: Meter | None = None) -> Batch:
        assert meter is not None
        meter.start()
        self.finished = finished = make(self.batch)
        if finished.error is None:
            meter.stop(len(self.batch))
        else:
            meter.discard(finished.error)
        return Batch(finished.values, finished.error)

    def make_one(self, arguments: Arguments) -> tuple[Any, BaseException | None]:
        raise NotImplementedError("batches are made whole")


class Measuring:
    """Measures batches; a context manager that leaves nothing behind.

    Attributes:
        profile: Of a call, once it was decided.
        code: Of the function.
    """

    profile: Profile

    def __init__(self, run: JoblibRun, workers: int, excluded: frozenset[Strategy], *, is_warm: bool) -> None:
        self._run = run
        self._workers = workers
        self._excluded = excluded
        batch = run.peek()
        function = function_of(batch)
        self.code = code_of(batch.items[0])
        delivery, name = Delivery(ordered=True), name_of(function)
        outcomes = Outcomes(name, on_error="raise", retries=0, delivery=delivery, tally=run.tally, checkpoint=None)
        inputs = Inputs(([],), star=False)
        state = RunState(function, name, inputs, outcomes, Settings(workers=workers), Reader(delivery))
        self._caller = _BatchCaller()
        self._first_calls = FirstCalls(state, self._caller, None)
        # Functions and arguments reach joblib's workers by value, if need be, and those are never forked.
        self._first_calls.in_notebook = True
        self._is_warm = is_warm
        costs = _LOKY | ({"process_start": WARM_START} if is_warm else {})
        self._machine = host_for(in_notebook=True).model_copy(update=costs)

    def __enter__(self) -> Measuring:
        self._first_calls.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._first_calls.__exit__(*error)

    def decide(self) -> Plan | None:
        """Measure a small part of the job and return how to run the rest; None if there is none or a call failed."""
        if not self._make_batches():
            return None
        self.profile = self._take_profile()
        plan = self.plan(self._excluded)
        enough = self._run.rest() >= WATCHED_CALLS * self._workers
        if enough and depends_on_gil(self.profile, self._run.rest(), self._wishes(), self._machine, plan):
            self._first_calls.start_watching()
            wait = LONGEST_WAIT if self.profile.wall > LONGEST_WAIT / 2 else 0.0
            while not self._first_calls.is_watching(wait):
                if not self._make_batch():
                    return None
            if not self._make_batches():
                return None
            self.profile = self._take_profile()
            plan = self.plan(self._excluded)
        return plan

    def _take_profile(self) -> Profile:
        profile = self._first_calls.profile()
        if self._is_warm:
            return profile
        packages = {name.partition(".")[0] for name in (*profile.modules, profile.target or "")}
        imported = sum(name.partition(".")[0] in packages for name in list(sys.modules))
        return profile.model_copy(update={"import_seconds": MODULE_SECONDS * imported})

    def plan(self, excluded: frozenset[Strategy]) -> Plan:
        """Return how to run the rest of the job without the strategies that are excluded."""
        self._excluded = excluded
        return make_plan(self.profile, self._run.rest(), self._wishes(), self._machine)

    def _wishes(self) -> Wishes:
        return Wishes(self._workers, self._excluded | {"asyncio"})

    def _make_batches(self) -> bool:
        """Make batches for a small part of the job; return False if none are left or a call failed."""
        seconds = 0.0
        while seconds < min(LONGEST_MEASURING, max(SHORTEST_MEASURING, MEASURING_SHARE * self._run.rest_seconds())):
            began = time.perf_counter()
            if not self._make_batch():
                return False
            seconds += time.perf_counter() - began
        return self._run.peek() is not None

    def _make_batch(self) -> bool:
        work: Work | None = self._run.take()
        if work is None:
            return False
        for task in work.batch.items:
            if code_of(task) != self.code:
                self._run.put_back(work)
                raise MixedCallsError("the calls are of several functions, which are not examined")
        _, args, kwargs = work.batch.items[0]
        self._caller.batch, self._caller.finished = work.batch, None
        began, cpu = time.perf_counter(), time.process_time()
        try:
            self._first_calls.make([Call(args, kwargs)])
        finally:  # an inspection may fail before a call or after it
            if (finished := self._caller.finished) is None:
                self._run.put_back(work)
            else:
                self._run.count(len(work.batch), time.perf_counter() - began, time.process_time() - cpu)
                self._run.deliver(work, finished)
        return finished is not None and finished.error is None
