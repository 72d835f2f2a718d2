"""Run a job: a plain loop at first, then what suits the calls best, under review until the end.

`Engine.batches` is a generator of lists of results. Everything happens in the thread that reads them: while the
reader is busy, workers go on with what they were sent, and nothing more is read or sent.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

from advisor.errors import AdvisorError, UsageError
from advisor.host.cores_and_memory import free_threaded, usable_cores
from advisor.jobs.delivery import Raised
from advisor.jobs.experience import Experience
from advisor.jobs.inputs import Inputs
from advisor.jobs.outcomes import Outcomes, describe
from advisor.jobs.plain_loop import MAX_BATCH, PlainLoop
from advisor.jobs.pooled_stage import run_stage
from advisor.jobs.pools.pool import CannotLoadError, PoolBrokenError
from advisor.jobs.progress import OnProgress, open_progress
from advisor.jobs.reader import Reader
from advisor.jobs.run_state import RunState, Settings

if TYPE_CHECKING:
    from advisor.jobs.dispatcher import Sample
    from advisor.jobs.first_calls import FirstCalls
    from advisor.jobs.plan import Plan
    from advisor.models import Advice, Profile, Strategy

_logger = logging.getLogger(__name__)
WORTH_MEASURING = 0.08  # seconds that the rest of a job might gain, to pay for measuring it ...
WORTH_CONNECTING = 3.0  # seconds that the rest takes without a cluster, for measuring that for a second ...
WORTH_LOADING = 0.4  # ... and for loading the modules that decide
MEASURING_SHARE = 0.02  # of the time that the calls are expected to take ...
WATCHING_SHARE = 0.03  # ... and to watch the GIL, where that decides
LONGEST_MEASURING = 1.0  # seconds
LONGEST_WAIT = 0.05  # for the observer of the GIL, instead of a call as long as that
SHORTEST_MEASURING = 0.02
COMPUTES = 0.3  # share of the time in which calls compute, from which their share of the GIL may decide
TELLING_SECONDS = 5e-3  # of a first call, from which it may tell how long the others are
USUAL_THREADS = 32
REVIEW_GROWTH = 2.0  # a plain loop is reviewed again when it has lasted so many times longer
REVIEW_SECONDS = 0.5
LEAST_CALLS = 10
OTHER_SHARE = 0.5  # of the time, more or less computing than measured
OTHER_LENGTH = 2.0  # times longer than measured, for calls of a plain loop to be measured again
MAX_MEASURINGS = 6


class Engine:
    """Runs the calls of one job."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        inputs: Inputs,
        outcomes: Outcomes,
        settings: Settings,
        progress: bool | OnProgress | None = None,
    ) -> None:
        self._plan: Plan | None = None
        self.outcomes = outcomes
        self._tally = outcomes.tally
        self._progress = open_progress(progress, inputs)
        reader = Reader(outcomes.delivery, self._show_progress if self._progress else None)
        self._state = RunState(function, name, inputs, outcomes, settings, reader)
        self._plain = PlainLoop(self._state)
        self._measurings = 0
        self._experience = Experience(settings.workers)
        self._cluster_is_judged = False  # it was measured, or cannot be
        self._profile: Profile | None = None  # of the calls that were measured last

    def batches(self) -> Generator[list[Any], None, None]:
        """Yield the results, a few at a time."""
        try:
            yield from self._run()
            raised = self.outcomes.delivery.first_error()
            if raised is not None and not self._state.is_stopping:  # calls before it that failed are not made again
                raise raised.error from raised.cause
            if self._state.inputs.error is not None and not self.outcomes.has_failed:
                raise self._state.inputs.error
        except PoolBrokenError as error:
            raise UsageError(str(error)) from error
        finally:
            self._tally.end()
            try:
                self._state.reader.tell_progress(always=True)
            finally:
                self.close()

    def close(self) -> None:
        """Close the checkpoint and the progress bar, even if no result was ever read."""
        try:
            self._state.close()
        finally:
            if self._progress is not None:
                self._progress.close()

    @property
    def advice(self) -> Advice | None:
        """The advice in force; None while nothing is decided."""
        return None if self._plan is None else self._plan.advice

    def stop(self) -> None:
        """End the run soon, from another thread."""
        self._state.stop()

    def unread(self) -> list[tuple[int, Any]]:
        """Remove and return the results that have finished and were not read, with the indices of their inputs."""
        return [(key, result) for key, result in self.outcomes.delivery.rest() if type(result) is not Raised]

    def _show_progress(self) -> None:
        if self._progress is not None:
            self._progress.show(self._tally.report())

    def _run(self) -> Iterator[list[Any]]:
        settings = self._state.settings
        self._state.connect()
        if settings.initializer is not None and settings.strategy != "cluster":
            settings.initializer(*settings.initargs)
        if settings.strategy not in (None, "sequential"):
            yield from self._run_as_chosen()
        elif settings.call_timeout is not None:
            yield from self._run_endable()
        elif settings.strategy == "sequential" or settings.workers == 1:
            self._tally.begin_stage("sequential", 1, "chosen by the caller")
            while not self._state.is_done:
                yield from self._plain.run_batch()
        else:
            yield from self._run_as_advised()

    def _run_as_chosen(self) -> Iterator[list[Any]]:
        """Run the job by the strategy that the caller has chosen."""
        from advisor.jobs.plan import chosen_plan

        settings = self._state.settings
        assert settings.strategy is not None
        workers = self._state.cluster_threads if settings.strategy == "cluster" else settings.workers
        yield from run_stage(self._state, chosen_plan(settings.strategy, workers, chunk=MAX_BATCH))

    def _run_endable(self) -> Iterator[list[Any]]:
        """Run the job in workers from the first call on, since nothing can end a call of this thread."""
        from advisor.jobs import endable_calls

        state = self._state
        samples: list[Sample] = []
        try:
            yield from run_stage(state, endable_calls.first_plan(state), samples=samples)
        except CannotLoadError as error:
            yield from run_stage(state, endable_calls.thread_plan(str(error)), samples=samples)
        abandoned: list[Strategy] = []
        while not state.is_done:
            plan = endable_calls.plan(state, samples, abandoned, self._experience.cluster)
            if self._measure_cluster(plan):
                plan = endable_calls.plan(state, samples, abandoned, self._experience.cluster)
            self._plan = plan
            try:
                yield from run_stage(state, plan)
            except CannotLoadError:
                abandoned.append(plan.strategy)

    def _run_as_advised(self) -> Iterator[list[Any]]:
        why = "the first calls, which show what a call does"
        self._tally.begin_stage("sequential", 1, why)
        if "advisor.jobs.plan" in sys.modules and self._may_wait():
            why = (yield from self._measure_and_follow(from_start=True)) or why
        while not self._state.is_done:
            self._tally.begin_stage("sequential", 1, why)
            while not self._state.is_done:
                yield from self._plain.run_batch()
                if self._plain.calls and self._is_worth_measuring():
                    break
            if not self._state.is_done:
                why = yield from self._measure_and_follow()
                self._plain.reset()

    def _may_wait(self) -> bool:
        """Return True if calls probably wait; then the very first, which may take as long as the rest, is inspected."""
        from advisor.jobs.first_calls import may_wait

        return self._state.coroutine or may_wait(self._state.function)

    def _is_worth_measuring(self) -> bool:
        """Return True if the rest of the job is long enough for something faster to pay."""
        least = WORTH_MEASURING if "advisor.jobs.plan" in sys.modules else WORTH_LOADING
        if self._measurings >= MAX_MEASURINGS or self._rest_seconds < least:
            return False
        if self._plain.calls == 1 and self._plain.seconds < TELLING_SECONDS:
            return False
        return self._rest_seconds * (1 - self._plain.computing_share / usable_cores()) >= least

    @property
    def _rest_seconds(self) -> float:
        """Seconds that the rest takes in a plain loop; if its length is not known, as long as it has taken."""
        is_unknown = self._state.inputs.remaining is None
        return self._plain.seconds if is_unknown else self._state.rest_calls * self._plain.mean

    def _measure_and_follow(self, *, from_start: bool = False) -> Generator[list[Any], None, str]:
        """Measure a few calls, decide, and do as decided until calls have to be measured again; return why.

        From the start, this ends after the very first call if that shows that measuring more is not worth it.
        """
        from advisor.jobs.first_calls import FirstCalls

        state = self._state
        with FirstCalls(state, self._plain.caller, self._plain.first_call) as first_calls:
            if from_start:
                yield from self._plain.run_batch(1, first_calls.make)
                if state.is_done or not self._is_worth_measuring():
                    return ""
            self._measurings += 1
            if not (from_start and first_calls.keep_if_telling()):
                if self._plain.computing_share > COMPUTES and usable_cores() > 1 and not free_threaded():
                    first_calls.start_watching()  # meanwhile, calls go on
                yield from self._measure(first_calls, MEASURING_SHARE)
            if state.is_done:
                return ""
            try:
                profile, plan = self._decide(first_calls)
                unsure = self._experience.depends_on_gil(profile, state.rest_calls, plan)
            except Exception as error:  # noqa: BLE001  (the user's objects may raise anything when inspected)
                return (yield from self._loop_unexamined(error))
            if unsure:
                first_calls.start_watching()
                while not state.inputs.is_exhausted and not first_calls.is_watching(self._wait_for_observer):
                    yield from self._plain.run_batch(None, first_calls.make)
                yield from self._measure(first_calls, WATCHING_SHARE)
                if state.is_done:
                    return ""
                profile, plan = self._decide(first_calls)
        return (yield from self._follow(plan, profile))

    def _decide(self, first_calls: FirstCalls) -> tuple[Profile, Plan]:
        """Return the profile of the calls, the earlier one if none could be measured, and the plan for the rest."""
        if first_calls.has_measured or self._profile is None:
            self._profile = first_calls.profile()
        plan = self._experience.plan(self._profile, self._state.rest_calls)
        if self._measure_cluster(plan):
            plan = self._experience.plan(self._profile, self._state.rest_calls)
        return self._profile, plan

    def _measure_cluster(self, plan: Plan) -> bool:
        """Measure the cluster if there is one and the job would take long without it; return True if that was done."""
        if self._state.cluster is None or self._cluster_is_judged or (plan.seconds or 0.0) < WORTH_CONNECTING:
            return False
        self._cluster_is_judged = True
        try:
            self._experience.cluster = self._state.measured_cluster()
        except AdvisorError as error:
            _logger.warning("%s: the job is done on this host", error)
            return False
        return True

    @property
    def _wait_for_observer(self) -> float:
        """Seconds to wait for the observer of the GIL, which starts meanwhile: none while short calls can be made."""
        return LONGEST_WAIT if self._plain.mean > LONGEST_WAIT / 2 else 0.0

    def _loop_unexamined(self, error: Exception) -> Generator[list[Any], None, str]:
        """Go on with a plain loop, since the calls cannot be examined."""
        _logger.warning("calls of %s cannot be examined: they run in a plain loop", self._state.name, exc_info=error)
        self._measurings = MAX_MEASURINGS
        self._tally.begin_stage("sequential", 1, f"the calls cannot be examined: {describe(error)}")
        while not self._state.is_done:
            yield from self._plain.run_batch()
        return ""

    def _measure(self, first_calls: FirstCalls, share: float) -> Iterator[list[Any]]:
        """Make calls under the profiler for a small part of the job, at least one that works."""
        plain, budget = self._plain, self._state.settings.budget
        began, worked = plain.seconds, self._tally.succeeded
        while not (self._state.is_done or self._state.inputs.is_exhausted):
            if first_calls.begins_to_watch():
                began, worked, share = plain.seconds, self._tally.succeeded, WATCHING_SHARE
            yield from plain.run_batch(1 if first_calls.needs_inspection else None, first_calls.make)
            # Calls that wait may take a small part of that time in a pool, so they are measured for a shorter time.
            parallel = min(self._state.rest_calls, USUAL_THREADS)
            rest = self._rest_seconds * max(plain.computing_share, 1 / parallel)
            seconds = max(SHORTEST_MEASURING, share * rest)
            seconds = min(LONGEST_MEASURING if budget is None else budget, seconds)
            if self._tally.succeeded > worked and plain.seconds - began + plain.mean > seconds:
                return

    def _follow(self, plan: Plan, profile: Profile) -> Generator[list[Any], None, str]:
        """Run the rest as planned, and plan anew where a strategy is left; return why to measure again."""
        while True:
            self._plan = plan
            if plan.strategy == "sequential":
                self._tally.begin_stage("sequential", 1, plan.reason)
                return (yield from self._loop_under_review(profile))
            if self._tally.predicted_seconds is None and plan.seconds and self._state.inputs.remaining is not None:
                self._tally.predicted_seconds = self._tally.seconds + plan.seconds
            try:
                verdict = yield from run_stage(self._state, plan, profile)
            except CannotLoadError as error:
                self._experience.cannot_use(plan.strategy)
                why = str(error)
            else:
                if verdict is None:
                    return ""
                self._experience.add(plan.strategy, verdict)
                why = verdict.why
                if verdict.measure:
                    return f"{why}: measured again"
            plan = self._experience.plan(profile, self._state.rest_calls).because(why)

    def _loop_under_review(self, profile: Profile) -> Generator[list[Any], None, str]:
        """Go on with a plain loop until its calls have changed, or it has lasted much longer than expected."""
        plain = self._plain
        plain.reset()
        limit = max(WORTH_LOADING, REVIEW_GROWTH * self._tally.seconds)
        share = ((profile.gil_held or 0.0) + (profile.gil_free or 0.0)) / profile.wall
        window = plain.window()
        while not self._state.is_done:
            yield from plain.run_batch()
            part = plain.since(window)
            if part.seconds < REVIEW_SECONDS or part.calls < LEAST_CALLS or self._measurings >= MAX_MEASURINGS:
                continue
            window = plain.window()
            if self._rest_seconds < WORTH_LOADING:
                continue
            if part.seconds / part.calls > OTHER_LENGTH * profile.wall:
                return "calls take longer than those measured: measured again"
            if abs(min(1.0, part.cpu / part.seconds) - min(1.0, share)) > OTHER_SHARE:
                return "calls compute for another share of their time than those measured: measured again"
            if self._state.inputs.remaining is None and plain.seconds > limit:
                return "the job is longer than expected: measured again"
        return ""
