"""The review of a running stage: exact figures, no clock and no workers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from advisor.jobs.dispatcher import Pace
from advisor.jobs.plan import Plan
from advisor.jobs.review import LOOK_CALLS, LOOK_SECONDS, LOOKS, NATURE_CALLS, Review, Verdict
from advisor.models import Profile, Strategy
from tests.decisions import COMPUTING, WAITING

MANY = 100_000  # calls that are left


def profile_of(base: Profile, wall: float, **more: Any) -> Profile:
    """Return a profile whose calls take so many seconds."""
    parts = {
        name: wall * (getattr(base, name) or 0.0) / base.wall for name in ("gil_held", "gil_free", "child_cpu", "wait")
    }
    return base.model_copy(update={**parts, "wall": wall, **more})


def plan_of(strategy: Strategy, workers: int, *, rate: float | None = None, other: float = 0.0) -> Plan:
    """Return a plan that predicts `rate` calls per second at least, and `other` for another strategy."""
    calls = 1_000
    return Plan(
        strategy,
        workers,
        calls=calls,
        seconds=None if rate is None else calls / rate,
        slowest=None if rate is None else calls / rate,
        alternatives=(("multiprocessing", calls / other),) if other else (),
    )


class Stage:
    """A stage whose calls go at a given rate."""

    def __init__(self, plan: Plan, profile: Profile, *, fixed: bool = False) -> None:
        self._review = Review(plan, profile, fixed=fixed)
        self._now = 0.0
        self._pace = Pace(began=0.0)

    def look(
        self, rate: float, mean: float, *, cpu: float | None = None, rest: int = MANY, idle: float = 0.0
    ) -> Verdict | None:
        """Go on for ten seconds and look once; `idle` is the share of them in which the reader was busy."""
        self._now += 10.0
        self._pace.calls = round(rate * 10)
        self._pace.seconds = self._pace.calls * mean
        self._pace.idle = 10.0 * idle
        cpus = () if cpu is None else [cpu] * 51
        return self._review.look(self._pace, cpus, rest, self._now)

    def looks(self, *args: Any, **kwargs: Any) -> Verdict | None:
        """Look as often as a verdict needs; only the last look may have one."""
        for _ in range(LOOKS - 1):
            assert self.look(*args, **kwargs) is None
        return self.look(*args, **kwargs)


def test_a_stage_that_does_as_predicted_goes_on() -> None:
    """There is no verdict, however often it is looked at."""
    stage = Stage(plan_of("threading", 20, rate=180.0), profile_of(WAITING, 0.1))
    assert [stage.look(190.0, 0.1, cpu=0.002) for _ in range(20)] == [None] * 20


def test_slower_than_a_plain_loop_is_left() -> None:
    """Threads that do 5 calls per second, where a loop does 10."""
    stage = Stage(plan_of("threading", 2), profile_of(COMPUTING, 0.1))
    found = stage.looks(5.0, 0.4)
    assert found == Verdict("threading was slower than a plain loop", leave=True, measure=True, speed_up=0.5)


def test_a_slow_host_is_no_reason_to_leave_processes() -> None:
    """Keep processes if each call takes three times as long in a worker: a loop would be as slow."""
    stage = Stage(plan_of("multiprocessing", 1), profile_of(COMPUTING, 0.1))
    assert stage.looks(3.2, 0.3) is None


def test_calls_that_compute_more_would_be_slower_in_a_loop_too() -> None:
    """Threads at half the measured rate are kept if a call computes twice as much as those that were measured."""
    profile = profile_of(COMPUTING, 0.1)
    assert Stage(plan_of("threading", 2), profile).looks(6.0, 0.3, cpu=0.2) is None
    assert Stage(plan_of("threading", 2), profile).looks(6.0, 0.3, cpu=0.1) is not None


def test_a_disappointing_strategy_is_left_for_a_better_one() -> None:
    """Predicted 100 calls per second, found 40, where processes promise 80."""
    profile = profile_of(WAITING, 0.1)
    stage = Stage(plan_of("threading", 12, rate=100.0, other=80.0), profile)
    found = stage.looks(40.0, 0.1)
    assert found == Verdict("threading was much slower than predicted", leave=True, measure=True, speed_up=4.0)


@pytest.mark.parametrize("other", [0.0, 41.0])
def test_a_disappointing_strategy_is_kept_if_none_is_better(other: float) -> None:
    """Another that promises the same, or none at all, is no reason to change."""
    stage = Stage(plan_of("threading", 12, rate=100.0, other=other), profile_of(WAITING, 0.1))
    assert stage.looks(40.0, 0.1) is None


def test_calls_of_another_nature_are_measured_again() -> None:
    """Calls that waited and now compute, and the other way round, are found at the first look."""
    waiting, computing = profile_of(WAITING, 0.1), profile_of(COMPUTING, 0.1)
    more = Stage(plan_of("threading", 12), waiting).look(100.0, 0.1, cpu=0.09)
    assert more == Verdict("calls compute more than those measured before", measure=True)
    less = Stage(plan_of("multiprocessing", 2), computing).look(20.0, 0.1, cpu=0.001)
    assert less == Verdict("calls compute less than those measured before", measure=True)


def test_a_single_call_of_another_kind_is_no_other_nature() -> None:
    """All of the latest calls must differ from those that were measured."""
    review = Review(plan_of("threading", 12), profile_of(WAITING, 0.1), fixed=False)
    cpus = [0.09] * (NATURE_CALLS - 1) + [0.002]
    assert review.look(Pace(calls=1_000, seconds=100.0, began=0.0), cpus, MANY, 10.0) is None


def test_a_little_more_computing_is_no_other_nature() -> None:
    """Seven times as much of next to nothing is next to nothing while the threads together do not fill the GIL."""
    stage = Stage(plan_of("threading", 6), profile_of(WAITING, 0.1))
    assert stage.looks(50.0, 0.12, cpu=0.015) is None


def test_fewer_calls_at_once_where_a_limit_is_behind_the_waits() -> None:
    """A server that lets four in answers 40 calls per second, whether 32 wait for it or 6."""
    stage = Stage(plan_of("threading", 32), profile_of(WAITING, 0.1))
    assert stage.looks(40.0, 0.8) == Verdict("a limit behind the calls lets about 4 in at once", workers=6)


def test_the_number_of_workers_settles_after_one_change() -> None:
    """Keep the smaller number if it is as fast as before, and try no other."""
    stage = Stage(plan_of("threading", 32), profile_of(WAITING, 0.1))
    assert stage.looks(40.0, 0.8) is not None
    assert stage.looks(40.0, 0.15) is None
    assert [stage.look(20.0, 0.3) for _ in range(10)] == [None] * 10


def test_a_change_that_makes_it_slower_is_taken_back_once() -> None:
    """Then the number of workers is not changed any more."""
    stage = Stage(plan_of("threading", 32), profile_of(WAITING, 0.1))
    assert stage.looks(40.0, 0.8) is not None
    verdicts = [stage.look(30.0, 0.2) for _ in range(10)]
    verdicts = [verdict for verdict in verdicts if verdict is not None]
    assert verdicts == [Verdict("with fewer calls at once it was slower", workers=32)]
    assert [stage.look(40.0, 0.8) for _ in range(10)] == [None] * 10


def test_more_calls_at_once_while_they_do_not_hinder_each_other() -> None:
    """Half as many again, as long as that is clearly faster, and never more than the largest number."""
    stage = Stage(replace(plan_of("threading", 8), most_workers=20), profile_of(WAITING, 0.1))
    why = "calls do not hinder each other, so more at once may be faster"
    assert stage.looks(75.0, 0.1) == Verdict(why, workers=12)
    assert stage.look(115.0, 0.1) is None  # it was good
    assert stage.looks(115.0, 0.1) == Verdict(why, workers=18)
    assert stage.looks(118.0, 0.15) == Verdict("with more calls at once it was no faster", workers=12)
    assert [stage.look(115.0, 0.1) for _ in range(10)] == [None] * 10


def test_no_more_calls_at_once_than_are_allowed() -> None:
    """The plan has the largest number already, or calls wait for each other, or workers are idle."""
    profile = profile_of(WAITING, 0.1)
    for plan, rate, mean in (
        (replace(plan_of("threading", 8), most_workers=8), 75.0, 0.1),
        (replace(plan_of("threading", 8), most_workers=20), 60.5, 0.13),
        (replace(plan_of("threading", 8), most_workers=20), 50.0, 0.1),
        (replace(plan_of("multiprocessing", 8), most_workers=20), 75.0, 0.1),
    ):
        stage = Stage(plan, profile)
        assert [stage.look(rate, mean) for _ in range(10)] == [None] * 10


def test_computing_calls_and_processes_are_not_limited_by_a_service() -> None:
    """The number of their workers follows from the cores."""
    assert Stage(plan_of("threading", 8), profile_of(COMPUTING, 0.1)).looks(10.0, 0.8) is None
    assert Stage(plan_of("multiprocessing", 32), profile_of(WAITING, 0.1)).looks(40.0, 0.8) is None


def test_one_look_is_no_verdict() -> None:
    """Slow looks that alternate with others change nothing."""
    stage = Stage(plan_of("threading", 2), profile_of(COMPUTING, 0.1))
    for _ in range(10):
        assert stage.look(5.0, 0.4) is None
        assert stage.look(12.0, 0.17) is None


def test_a_busy_reader_says_nothing_about_the_workers() -> None:
    """Give no verdict on a low rate if the reader takes half of the time."""
    stage = Stage(plan_of("threading", 2), profile_of(COMPUTING, 0.1))
    assert [stage.look(5.0, 0.4, idle=0.5) for _ in range(10)] == [None] * 10


def test_the_end_of_a_job_is_not_worth_a_change() -> None:
    """A tenth of a second is left."""
    stage = Stage(plan_of("threading", 2), profile_of(COMPUTING, 0.1))
    assert [stage.look(5.0, 0.4, rest=1) for _ in range(10)] == [None] * 10


def test_what_the_caller_has_fixed_is_not_changed() -> None:
    """A number of workers that was asked for stays."""
    stage = Stage(plan_of("threading", 2), profile_of(COMPUTING, 0.1), fixed=True)
    assert [stage.look(5.0, 0.4) for _ in range(10)] == [None] * 10


def test_a_look_needs_time_and_calls() -> None:
    """Before, the pace goes on being counted; after a look, it is counted anew."""
    review = Review(plan_of("threading", 8), profile_of(COMPUTING, 0.1), fixed=False)
    pace = Pace(calls=100, seconds=40.0, began=0.0, idle=0.1)
    assert review.look(pace, (), MANY, LOOK_SECONDS / 2) is None
    assert (pace.calls, pace.seconds, pace.idle) == (100, 40.0, 0.1)
    pace.calls = LOOK_CALLS - 1
    assert review.look(pace, (), MANY, 20.0) is None
    assert pace.calls == LOOK_CALLS - 1
    pace.calls = LOOK_CALLS
    assert review.look(pace, (), MANY, 20.0) is None
    assert pace == Pace(began=20.0)
