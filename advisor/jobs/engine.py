"""Run a job: a plain loop at first, then what suits the calls best, under review until the end.

`Engine.batches` is a generator of lists of results. Everything happens in the thread that reads them: while the
reader is busy, workers go on with what they were sent, and nothing more is read or sent.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from advisor.errors import UsageError
from advisor.jobs.dispatcher import MAX_WAITING, Dispatcher
from advisor.jobs.inputs import Inputs
from advisor.jobs.outcomes import Outcomes, Raised
from advisor.jobs.plain_loop import MAX_BATCH, PlainLoop
from advisor.jobs.pools.pool import Pool, PoolBrokenError, Setup
from advisor.jobs.progress import OnProgress, open_progress
from advisor.jobs.reader import Reader

if TYPE_CHECKING:
    import asyncio

    from advisor.jobs.first_calls import FirstCalls
    from advisor.jobs.plan import Plan, Wishes
    from advisor.jobs.pools.event_loop import LoopThread
    from advisor.jobs.review import Verdict
    from advisor.models import Advice, Profile, Strategy

WORTH_MEASURING = 0.12  # seconds that the rest of a job takes, from which a pool may pay for its start ...
WORTH_LOADING = 0.6  # ... and for loading the modules that decide
MEASURING_SHARE = 0.05  # of the time that the calls are expected to take
LONGEST_MEASURING = 1.0  # seconds
SHORTEST_MEASURING = 0.02
REVIEW_GROWTH = 2.0  # a plain loop is reviewed again when it has lasted so many times longer
OTHER_LENGTH = 2.0  # times longer than measured, for calls of a plain loop to be measured again
MAX_MEASURINGS = 6
WAITING_BYTES = 256 << 20  # of results that wait for one before them


@dataclass(frozen=True)
class Settings:
    """The caller's choices.

    Attributes:
        call_timeout: Seconds after which a call is ended.
        budget: Seconds for measuring at most; None for the default.
        strategy: To use from the beginning, without measuring.
        workers: At most so many; with a strategy, exactly so many.
        initializer: Run by each worker, and by this process, before the first call.
        initargs: Its arguments.
        loop: Of the caller, on which coroutine functions run.
    """

    call_timeout: float | None = None
    budget: float | None = None
    strategy: Strategy | None = None
    workers: int | None = None
    initializer: Callable[..., object] | None = None
    initargs: tuple[Any, ...] = ()
    loop: asyncio.AbstractEventLoop | None = None


class Engine:
    """Runs the calls of one job.

    Attributes:
        advice: The advice in force; None while nothing is decided.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        inputs: Inputs,
        outcomes: Outcomes,
        settings: Settings,
        progress: bool | OnProgress | None = None,
    ) -> None:
        self.advice: Advice | None = None
        self.outcomes = outcomes
        self._function = function
        self._name = name
        self._inputs = inputs
        self._tally = outcomes.tally
        self._settings = settings
        self._progress = open_progress(progress, inputs)
        self._reader = Reader(outcomes.delivery, self._tell_progress if self._progress else None)
        self._is_stopping = False
        self._loop: LoopThread | None = None
        self._plain = PlainLoop(function, inputs, outcomes, self._reader, self._open_loop)
        self._measurings = 0

    def batches(self) -> Iterator[list[Any]]:
        """Yield the results, a few at a time."""
        try:
            yield from self._run()
        finally:
            if self._loop is not None:
                self._loop.close()
            if self.outcomes.checkpoint is not None:
                self.outcomes.checkpoint.close()
            self._tally.end()
            self._reader.tell_progress(always=True)
            if self._progress is not None:
                self._progress.close()

    def stop(self) -> None:
        """End the run soon, from another thread."""
        self._is_stopping = True

    def unread(self) -> list[tuple[int, Any]]:
        """Remove and return the results that have finished and were not read, with the indices of their inputs."""
        return [(key, result) for key, result in self.outcomes.delivery.rest() if type(result) is not Raised]

    def _tell_progress(self) -> None:
        if self._progress is not None:
            self._progress.show(self._tally.report())

    def _run(self) -> Iterator[list[Any]]:
        settings = self._settings
        if settings.initializer is not None:
            settings.initializer(*settings.initargs)
        if settings.strategy not in (None, "sequential"):
            yield from self._run_as_chosen()
        elif settings.strategy == "sequential" or settings.workers == 1:
            self._tally.begin_stage("sequential", 1, "chosen by the caller")
            while not self._plain.is_done:
                yield from self._plain.run_batch()
        else:
            yield from self._run_as_advised()

    def _run_as_advised(self) -> Iterator[list[Any]]:
        why = "the first calls, which show what a call does"
        while not self._plain.is_done:
            self._tally.begin_stage("sequential", 1, why)
            while not self._plain.is_done:
                yield from self._plain.run_batch()
                if self._plain.calls and self._is_worth_measuring():
                    break
            if not self._plain.is_done:
                why = yield from self._measure_and_follow()
                self._plain.reset()

    def _is_worth_measuring(self) -> bool:
        """Return True if the rest of the job is long enough for something faster to pay."""
        loaded = "advisor.jobs.plan" in sys.modules
        return self._measurings < MAX_MEASURINGS and self._rest_seconds >= (
            WORTH_MEASURING if loaded else WORTH_LOADING
        )

    @property
    def _rest_seconds(self) -> float:
        """Seconds that the rest takes in a plain loop; if its length is not known, as long as it has taken."""
        return self._plain.seconds if self._inputs.remaining is None else self._inputs.remaining * self._plain.mean

    @property
    def _rest_calls(self) -> int:
        return max(1, self._tally.finished if self._inputs.remaining is None else self._inputs.remaining)

    # Measuring and deciding

    def _measure_and_follow(self) -> Generator[list[Any], None, str]:
        """Measure a few calls, decide, and do as decided until calls have to be measured again; return why."""
        from advisor.jobs.first_calls import FirstCalls, Subject
        from advisor.jobs.plan import Wishes, depends_on_gil, host_for, make_plan
        from advisor.measure.profiler import is_in_notebook

        self._measurings += 1
        plain = self._plain
        in_notebook = is_in_notebook(self._function)
        subject = Subject(self._function, self._name, plain.coroutine, in_notebook, plain.first_call)
        wishes = Wishes(self._settings.workers)
        with FirstCalls(subject, plain.caller, self._inputs) as first_calls:
            yield from self._measure(first_calls)
            if plain.is_done:
                return ""
            profile = first_calls.profile()
            machine = host_for(in_notebook=in_notebook)
            plan = make_plan(profile, self._rest_calls, wishes, machine)
            if depends_on_gil(profile, self._rest_calls, wishes, machine, plan):
                first_calls.watch_gil()
                yield from self._measure(first_calls)
                if plain.is_done:
                    return ""
                profile = first_calls.profile()
                plan = make_plan(profile, self._rest_calls, wishes, machine)
        return (yield from self._follow(plan, profile, wishes))

    def _measure(self, first_calls: FirstCalls) -> Iterator[list[Any]]:
        """Make calls under the profiler for a small part of the job, at least one that works."""
        plain = self._plain
        seconds = min(LONGEST_MEASURING, max(SHORTEST_MEASURING, MEASURING_SHARE * self._rest_seconds))
        if self._settings.budget is not None:
            seconds = min(seconds, self._settings.budget)
        began, worked = plain.seconds, self._tally.succeeded
        while not plain.is_done:
            alone = first_calls.needs_inspection
            yield from plain.run_batch(1 if alone else None, first_calls.make)
            enough = plain.seconds - began + plain.mean > seconds
            if self._tally.succeeded > worked and enough:
                return

    def _follow(self, plan: Plan, profile: Profile, wishes: Wishes) -> Generator[list[Any], None, str]:
        """Run the rest as planned, and plan anew where a strategy is left; return why to measure again."""
        from advisor.jobs.plan import host_for, make_plan

        while True:
            self.advice = plan.advice
            self._tally.begin_stage(plan.strategy, plan.workers, plan.why)
            if plan.strategy == "sequential":
                return (yield from self._loop_under_review(profile))
            if self._tally.predicted_seconds is None and plan.seconds and self._inputs.remaining is not None:
                self._tally.predicted_seconds = self._tally.seconds + plan.seconds
            try:
                verdict = yield from self._run_in_pool(plan, profile)
            except PoolBrokenError as error:
                why = str(error)
            else:
                if verdict is None or verdict.measure:
                    return "" if verdict is None else verdict.why
                why = verdict.why
            wishes = wishes.without(plan.strategy)
            machine = host_for(in_notebook=profile.reached == "notebook")
            plan = make_plan(profile, self._rest_calls, wishes, machine).because(why)

    def _loop_under_review(self, profile: Profile) -> Generator[list[Any], None, str]:
        """Go on with a plain loop until its calls have changed, or it has lasted much longer than expected."""
        plain = self._plain
        plain.reset()
        limit = max(WORTH_LOADING, REVIEW_GROWTH * self._tally.seconds)
        while not plain.is_done:
            before, calls = plain.seconds, plain.calls
            yield from plain.run_batch()
            if plain.seconds < limit or self._measurings >= MAX_MEASURINGS or plain.calls == calls:
                continue
            if self._inputs.remaining is None:
                return "the job is longer than expected: measured again"
            if (plain.seconds - before) / (plain.calls - calls) > OTHER_LENGTH * profile.wall:
                return "calls take longer than those measured: measured again"
            limit *= REVIEW_GROWTH
        return ""

    # Pools

    def _run_as_chosen(self) -> Iterator[list[Any]]:
        """Run the job by the strategy that the caller has chosen."""
        from advisor.jobs.plan import chosen_plan

        assert self._settings.strategy is not None
        plan = chosen_plan(self._settings.strategy, self._settings.workers, chunk=MAX_BATCH)
        self._tally.begin_stage(plan.strategy, plan.workers, plan.why)
        try:
            yield from self._run_in_pool(plan, None)
        except PoolBrokenError as error:
            raise UsageError(str(error)) from error

    def _run_in_pool(self, plan: Plan, profile: Profile | None) -> Generator[list[Any], None, Verdict | None]:
        """Run the calls in a pool, until the end or until the verdict that is returned."""
        from advisor.jobs.review import Review

        review = None if profile is None else Review(plan, profile, fixed=self._settings.workers is not None)
        pool = self._open_pool(plan)
        dispatcher = Dispatcher(
            pool,
            self._inputs,
            self.outcomes,
            chunk=plan.chunk,
            call_timeout=self._settings.call_timeout,
            window=_window(profile),
        )
        dispatcher.take_over(self._plain.pending)
        verdict: Verdict | None = None
        is_clean = False
        try:
            while dispatcher.has_more and not self._is_stopping:
                dispatcher.step()
                self._note_sequential(plan, profile, *dispatcher.take_noted())
                yield from self._reader.read()
                if review is None or verdict is not None:
                    continue
                found = review.look(dispatcher.pace, dispatcher.cpus)
                if found is not None and found.workers is not None:
                    pool.resize(found.workers)
                    self._tally.begin_stage(plan.strategy, found.workers, found.why)
                elif found is not None:
                    verdict = found
                    dispatcher.stopped = True  # what is in flight is waited for
            is_clean = not self._is_stopping
        finally:
            if not is_clean:
                with contextlib.suppress(Exception):  # what has finished is kept
                    dispatcher.collect()
            pool.close(kill=not is_clean)
            self._plain.pending = dispatcher.hand_back()
        yield from self._reader.read()
        return verdict

    def _note_sequential(self, plan: Plan, profile: Profile | None, calls: int, seconds: float) -> None:
        """Add what calls would have taken in a plain loop; in threads they also wait for each other."""
        if profile is not None and plan.strategy != "multiprocessing":
            seconds = calls * profile.wall
        self._tally.sequential_seconds += seconds

    def _open_pool(self, plan: Plan) -> Pool:
        settings = self._settings
        function = self._function
        if plan.strategy == "asyncio":
            from advisor.jobs.pools.event_loop import EventLoopPool

            return EventLoopPool(Setup(function), plan.workers, self._open_loop())
        if self._plain.coroutine:
            from functools import partial

            from advisor.run.worker import run_coroutine

            function = partial(run_coroutine, function)
        setup = Setup(function, settings.initializer, settings.initargs)
        if plan.strategy == "threading":
            from advisor.jobs.pools.threads import ThreadPool

            return ThreadPool(setup, plan.workers)
        if plan.strategy == "multiprocessing":
            from advisor.jobs.pools.processes import ProcessPool

            return ProcessPool(setup, plan.workers, start_method=plan.start_method)
        raise UsageError(f"a run has no workers for {plan.strategy}: choose threading, multiprocessing or asyncio")

    def _open_loop(self) -> LoopThread:
        if self._loop is None:
            from advisor.jobs.pools.event_loop import LoopThread

            self._loop = LoopThread(self._settings.loop)
        return self._loop


def _window(profile: Profile | None) -> int:
    """Return how many results may wait for one before them, so that they fit into the memory."""
    if profile is None:
        return MAX_WAITING
    each = (profile.result_bytes or 0.0) + (profile.argument_bytes or 0.0)
    return max(16, min(MAX_WAITING, int(WAITING_BYTES / max(each, 1.0))))
