"""Rough figures become a profile, and what contradicts itself is refused by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from advisor.api import advise_task
from advisor.describe.task import Task, job_of, profile_of
from advisor.models import Machine

SHARES = ("cpu_share", "gil_share", "child_share", "wait_share")
MACHINE = Machine(cores=4, memory=8 * 2**30)


@pytest.mark.parametrize(
    ("task", "parts"),
    [
        pytest.param(
            {"cpu_share": 0.8}, (0.72, 0.08, 0.0, 0.2), id="the rest of a CPU share waits, most of it is Python"
        ),
        pytest.param({"wait_share": 0.6}, (0.36, 0.04, 0.0, 0.6), id="the rest of a wait share computes"),
        pytest.param({"cpu_share": 0.8, "gil_share": 0.1}, (0.1, 0.7, 0.0, 0.2), id="a stated GIL share is kept"),
        pytest.param({"gil_share": 0.5}, (0.5, 0.0, 0.0, 0.5), id="a GIL share alone is all of the CPU's"),
        pytest.param({"child_share": 0.9}, (0.0, 0.0, 0.9, 0.1), id="a child program's share leaves nothing for us"),
        pytest.param({"coroutine": True}, (0.0, 0.0, 0.0, 1.0), id="a coroutine function waits"),
        pytest.param({"cpu_share": 0.2, "wait_share": 0.2, "gil_share": 0.1}, (0.25, 0.25, 0.0, 0.5), id="scaled to 1"),
    ],
)
def test_stated_shares_become_seconds_of_a_call(task: dict[str, float], parts: tuple[float, ...]) -> None:
    """The parts of the profile are the shares of the stated time, completed to the whole."""
    profile = profile_of(Task(seconds_per_call=2.0, **task))
    assert profile is not None
    found = (profile.gil_held, profile.gil_free, profile.child_cpu, profile.wait)
    assert found == pytest.approx(tuple(2.0 * part for part in parts))


def test_native_threads_are_more_cpu_than_wall() -> None:
    """A call that keeps four cores busy computes nearly four seconds a second, little of it with the GIL."""
    profile = profile_of(Task(seconds_per_call=1.0, cpu_share=1.0, native_threads=4))
    assert profile is not None
    assert (profile.gil_held, profile.gil_free) == pytest.approx((0.1, 3.6))


def test_a_guess_is_marked_and_wide() -> None:
    """The profile says that it is assumed, and what was not stated is less certain than what was."""
    stated = profile_of(Task(seconds_per_call=1.0, cpu_share=0.9, gil_share=0.8))
    guessed = profile_of(Task(cpu_share=0.9))
    assert stated is not None
    assert guessed is not None
    assert (guessed.archetype, guessed.gil_source) == ("task", "estimated")
    assert guessed.standard_error["gil_held"] / guessed.wall > stated.standard_error["gil_held"] / stated.wall > 0
    assert guessed.standard_error["wall"] / guessed.wall > stated.standard_error["wall"] / stated.wall > 0


@pytest.mark.parametrize(
    ("task", "field"),
    [
        ({"cpu_share": 0.7, "wait_share": 0.7}, "wait_share"),
        ({"cpu_share": 0.7, "child_share": 0.4}, "child_share"),
        ({"gil_share": 0.7, "wait_share": 0.4}, "wait_share"),
        ({"cpu_share": 0.3, "gil_share": 0.5}, "gil_share"),
        ({"gil_share": 1.0, "native_threads": 8}, "native_threads"),
        ({"memory": 1_000, "argument_bytes": 5_000}, "memory"),
        ({"memory": 1_000, "result_bytes": 5_000}, "memory"),
        ({"cpu_share": 1.2}, "cpu_share"),
        ({"cpu_share": float("nan")}, "cpu_share"),
        ({"seconds_per_call": 0}, "seconds_per_call"),
        ({"seconds_per_cal": 1}, "seconds_per_cal"),
    ],
)
def test_a_contradiction_is_refused_by_name(task: dict[str, float], field: str) -> None:
    """Shares that cannot be, and fields that do not exist, are errors at their own field."""
    with pytest.raises(ValidationError) as refused:
        Task(**task)
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


def test_every_contradiction_is_named() -> None:
    """Not only the first one."""
    with pytest.raises(ValidationError) as refused:
        Task(cpu_share=0.3, gil_share=0.5, child_share=0.5, wait_share=0.9, memory=10, argument_bytes=20)
    assert [error["loc"] for error in refused.value.errors()] == [("gil_share",), ("wait_share",), ("memory",)]


def test_a_task_says_what_surrounds_the_calls() -> None:
    """Shared state and responsiveness reach the job, with the number of calls if one was given."""
    task = Task(shares_state=True, responsive=False)
    assert job_of(task, 7).model_dump() == {"calls": 7, "shares_state": True, "responsive": False}
    assert job_of(task).calls == 1000


@pytest.mark.parametrize("task", [Task(), Task(seconds_per_call=3, shares_state=True), Task(cpu_share=0, wait_share=0)])
def test_a_task_that_does_not_say_where_the_time_goes_is_undecided(task: Task) -> None:
    """Without any share there is nothing to decide by: the answer asks for it instead of guessing."""
    advice = advise_task(task, machine=MACHINE)
    assert profile_of(task) is None
    assert advice.recommendation == "undecided"
    assert advice.questions


@pytest.mark.parametrize(
    ("task", "recommendation"),
    [
        (Task(seconds_per_call=0.5, wait_share=0.95), "threading"),
        (Task(seconds_per_call=0.5, cpu_share=1.0, gil_share=1.0), "multiprocessing"),
        (Task(seconds_per_call=1e-6, cpu_share=1.0), "sequential"),
    ],
)
def test_a_task_is_advised_by_where_its_time_goes(task: Task, recommendation: str) -> None:
    """Waiting goes to threads, Python code to processes, and what is too small to matter stays a loop."""
    advice = advise_task(task, calls=200, machine=MACHINE)
    assert (advice.recommendation, advice.evidence) == (recommendation, "described")


@given(
    st.fixed_dictionaries({}, optional={name: st.floats(0, 1) for name in SHARES}),
    st.none() | st.floats(1e-9, 1e6),
    st.none() | st.floats(0, 1000),
)
def test_any_task_gives_a_profile_whose_parts_fit(
    shares: dict[str, float], seconds: float | None, cores: float | None
) -> None:
    """Whatever is stated without contradiction completes to parts that make up the whole call."""
    try:
        task = Task(seconds_per_call=seconds, native_threads=cores, **shares)
    except ValidationError:
        return
    profile = profile_of(task)
    if profile is None:
        return
    parts = (profile.gil_held, profile.child_cpu, profile.wait)
    assert all(part is not None and 0 <= part <= profile.wall * (1 + 1e-9) for part in parts)
    native = (profile.gil_free or 0.0) / max(1.0, cores or 1.0)
    assert sum(part or 0.0 for part in parts) + native == pytest.approx(profile.wall)
