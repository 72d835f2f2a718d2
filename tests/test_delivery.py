"""The ends of a job: inputs that are read, and results that are counted and handed over."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.errors import CallError, UsageError, WorkerError
from advisor.jobs.delivery import Delivery, Raised
from advisor.jobs.inputs import Inputs
from advisor.jobs.outcomes import describe, str_of
from advisor.jobs.reader import Reader
from advisor.jobs.tally import Tally
from advisor.target.inputs import Call


def test_results_behind_an_error_are_not_lost() -> None:
    """They can still be had, however many the reader takes at once."""
    delivery = Delivery(ordered=True)
    reader = Reader(delivery)
    for key in range(200):
        delivery.put(key, key)
    assert [result for results in reader.read() for result in results] == list(range(200))
    delivery.put(200, 200)
    delivery.put(201, Raised(CallError("failed", index=201), ValueError()))
    delivery.put(202, 202)
    delivery.put(203, 203)
    results = reader.read()
    assert next(results) == [200]
    with pytest.raises(CallError):
        list(results)
    assert delivery.rest() == [(202, 202), (203, 203)]


def test_inputs_know_what_is_left_only_if_all_have_a_length() -> None:
    """The shortest decides; a generator has none until its end."""
    inputs = Inputs(([1, 2, 3], range(5)), star=False)
    assert (inputs.remaining, inputs.total) == (3, 3)
    assert inputs.take(2) == [(1, 0), (2, 1)]
    assert (inputs.remaining, inputs.total, inputs.read) == (1, 3, 2)
    lazy = Inputs((iter([1, 2, 3]), range(5)), star=False)
    assert (lazy.remaining, lazy.total) == (None, None)
    assert len(lazy.take(10)) == 3
    assert (lazy.remaining, lazy.total, lazy.is_exhausted) == (0, 3, True)


@pytest.mark.parametrize(
    ("item", "arguments"),
    [
        ((1, 2), ((1, 2), {})),
        ([1, 2], ((1, 2), {})),
        ({"a": 1}, ((), {"a": 1})),
        ({}, ((), {})),
        ({"args": [1], "kwargs": {"b": 2}}, ((1,), {"b": 2})),
        ({"args": [1]}, ((1,), {})),
        ({"kwargs": {"b": 2}}, ((), {"b": 2})),
        ({"args": [1], "b": 2}, ((), {"args": [1], "b": 2})),
        (Call((1,), {"b": 2}), ((1,), {"b": 2})),
        (7, ((7,), {})),
        ("ab", (("ab",), {})),
    ],
    ids=repr,
)
def test_items_are_spread(item: Any, arguments: Any) -> None:
    """With `star`, an item gives all arguments of a call."""
    assert Inputs(([],), star=True).arguments(item) == arguments
    assert Inputs(([],), star=False).arguments(item) == ((item,), {})


@pytest.mark.parametrize("item", [{"args": 1}, {"args": "ab"}, {"kwargs": [1]}], ids=repr)
def test_records_that_make_no_sense_are_refused(item: Any) -> None:
    """'args' is a list and 'kwargs' a dictionary."""
    with pytest.raises(UsageError, match="'args' must be a list and 'kwargs' a dictionary"):
        Inputs(([],), star=True).arguments(item)


def test_a_stage_that_repeats_the_current_one_goes_on_with_it() -> None:
    """Calls count for the stage in which they end; the stages add up to the calls that were made."""
    tally = Tally()
    tally.begin_stage("sequential", 1, "first calls")
    tally.add(2)
    tally.begin_stage("sequential", 1, "again")
    tally.add(1)
    tally.begin_stage("threading", 8, "waits")
    tally.add(5, failed=2)
    tally.resumed += 4
    tally.end()
    report = tally.report()
    assert [(stage.strategy, stage.workers, stage.calls, stage.why) for stage in report.stages] == [
        ("sequential", 1, 3, "first calls"),
        ("threading", 8, 5, "waits"),
    ]
    assert (report.calls, report.succeeded, report.failed, report.resumed) == (12, 6, 2, 4)
    assert sum(stage.seconds for stage in report.stages) <= report.seconds
    assert tally.report() == report


def test_results_pass_by_while_none_wait() -> None:
    """Not behind a gap, and not out of order."""
    delivery = Delivery(ordered=True)
    assert delivery.pass_by(0, 3)
    assert not delivery.pass_by(4, 1)
    delivery.put(4, "four")
    assert not delivery.pass_by(3, 1)
    assert not delivery.is_ready
    delivery.put(3, "three")
    assert delivery.take(5) == ["three", "four"]
    assert delivery.pass_by(5, 1)


def test_progress_is_told_at_the_end() -> None:
    """Between, it is told now and then only."""
    told: list[int] = []
    reader = Reader(Delivery(ordered=True), lambda: told.append(1))
    reader.tell_progress()
    reader.tell_progress()
    assert len(told) == 1
    reader.tell_progress(always=True)
    assert len(told) == 2


def test_errors_are_described_in_a_line() -> None:
    """By their class and the first line of their message, which may be missing or fail."""

    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert describe(ValueError("first\nsecond")) == "ValueError: first"
    assert describe(ValueError()) == "ValueError"
    assert describe(MuteError()) == "MuteError"
    assert str_of(MuteError()) == ""
    assert describe(WorkerError("killed")) == "WorkerError: killed"
