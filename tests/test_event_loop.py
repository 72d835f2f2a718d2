"""Blocking in coroutines: told from awaiting, with the line; real loops, real waits."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

import advisor
from advisor.measure import event_loop
from advisor.measure.clocks import ClockReading
from advisor.measure.meter import TimedBatch

CHILD = [sys.executable, "-S", "-E", "-c", "import time; time.sleep(0.02)"]


async def sleeps(_: int) -> None:
    time.sleep(0.01)


async def runs_a_child(_: int) -> None:
    subprocess.run(CHILD, check=True)


async def sleeps_deep_inside(_: int) -> None:
    async def inner() -> None:
        time.sleep(0.01)

    await asyncio.gather(inner(), asyncio.sleep(0.001))


async def awaits(_: int) -> None:
    await asyncio.sleep(0.005)


async def awaits_a_thread(_: int) -> None:
    await asyncio.to_thread(time.sleep, 0.005)


async def awaits_a_child(_: int) -> None:
    child = await asyncio.create_subprocess_exec(*CHILD)
    await child.wait()


async def awaits_many(_: int) -> None:
    await asyncio.gather(*(asyncio.sleep(0.005) for _ in range(20)))


def measure(function: Callable[..., Any]) -> advisor.Profile:
    return advisor.profile(function, range(20), budget=0.4)


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (sleeps, "time.sleep(0.01)"),
        (runs_a_child, "subprocess.run(CHILD, check=True)"),
        (sleeps_deep_inside, "time.sleep(0.01)"),
    ],
)
def test_a_coroutine_that_blocks_is_found_with_its_line(function: Callable[..., Any], line: str) -> None:
    """Whatever the coroutine waits in, except the event loop's own wait."""
    profile = measure(function)
    assert profile.loop_blocked is not None
    assert profile.wait is not None
    assert profile.loop_blocked > 0.3 * profile.wait
    assert profile.blocking_line is not None
    assert profile.blocking_line.startswith("test_event_loop.py:")
    assert profile.blocking_line.endswith(f": {line}")


@pytest.mark.parametrize("function", [awaits, awaits_a_thread, awaits_a_child, awaits_many])
def test_awaiting_is_no_blocking(function: Callable[..., Any]) -> None:
    """Nor is what threads and child programs do meanwhile."""
    profile = measure(function)
    assert (profile.loop_blocked, profile.blocking_line) == (0.0, None)


def test_functions_without_a_loop_block_none() -> None:
    """It is unknown, not zero."""
    assert advisor.profile(time.sleep, [0.001], budget=0.1).loop_blocked is None


def test_threads_are_advised_for_a_coroutine_that_blocks() -> None:
    """asyncio would take turns; the warning names the line and asyncio.to_thread."""
    machine = advisor.Machine(cores=2)
    advice = advisor.advise(measure(sleeps), calls=200, machine=machine)
    assert advice.recommendation in ("threading", "multiprocessing")  # the latter on a host too busy to sleep well
    (event_loop_,) = (each for each in advice.alternatives if each.strategy == "asyncio")
    assert event_loop_.speedup is not None
    assert event_loop_.speedup.expected < 1.5
    (text,) = (warning.text for warning in advice.warnings if warning.code == "blocking-call")
    assert "time.sleep(0.01)" in text
    assert "asyncio.to_thread" in text
    fine = advisor.advise(measure(awaits), calls=200, machine=machine)
    assert fine.recommendation == "asyncio"
    assert "blocking-call" not in [warning.code for warning in fine.warnings]


def test_a_batch_knows_how_long_its_loop_was_blocked() -> None:
    """Wall time without computing, the run queue and awaiting; unknown without a loop."""
    elapsed = ClockReading(10.0, 2.0, 2.5, 0.0, 1.5, 0.0, 0.0)
    assert TimedBatch(1, elapsed, awaited=4.0).loop_blocked == 2.0
    assert TimedBatch(1, elapsed).loop_blocked is None


def test_a_loop_of_the_targets_own_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as uvloop's: how long it waits is unknown then."""

    class Own(asyncio.SelectorEventLoop):
        pass

    monkeypatch.setattr(asyncio, "new_event_loop", Own)
    runner, selector = event_loop.open_runner()
    with runner:
        assert type(runner.get_loop()) is Own
    assert selector is None
    assert measure(awaits).loop_blocked is None


@pytest.mark.filterwarnings("error")
def test_the_loop_is_closed_even_if_no_call_was_made() -> None:
    """A runner by itself leaves a loop alone that it has not run yet."""
    runner, _ = event_loop.open_runner()
    runner.close()
    with pytest.raises(RuntimeError, match="closed"):
        runner.get_loop()


def test_an_event_loop_that_the_program_has_set_stays_set() -> None:
    """Measuring uses a loop of its own."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        advisor.profile(awaits, [1], budget=0.0)
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()
