"""From a callable, or a block, to a Profile."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import ctypes
import functools
import hashlib
import itertools
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import advisor
from advisor.errors import AdvisorError, TargetError, UsageError
from advisor.measure.gil import observer_process
from advisor.models import Profile
from advisor.target import sampling
from advisor.target.process_tree import children

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads the lock word through the kernel")
with_gil = pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="there is no GIL here")


def spin() -> None:
    ends = time.thread_time() + 0.002
    while time.thread_time() < ends:
        pass


def nap() -> None:
    time.sleep(0.005)


def digest() -> bytes:
    return hashlib.sha256(b"x" * (1 << 20)).digest()


def yielding() -> Iterator[int]:
    yield 1


async def rows() -> AsyncIterator[int]:
    yield 1


def parts(profile: Profile) -> tuple[float, float, float]:
    """Return seconds with the GIL, without, and waiting."""
    return profile.gil_held or 0.0, profile.gil_free or 0.0, profile.wait or 0.0


@pytest.mark.slow
@with_gil
@pytest.mark.parametrize(
    ("watch", "by_call", "sources"),
    [
        ("outside", True, {"observed", "sampled"}),
        pytest.param("outside", False, {"observed"}, marks=linux, id="by the file of the memory"),
        ("inside", True, {"sampled", "estimated"}),
    ],
)
def test_computing_with_and_without_the_gil_and_waiting_are_distinguished(
    monkeypatch: pytest.MonkeyPatch, watch: Any, by_call: bool, sources: set[str]
) -> None:
    """In every way to watch the GIL: some containers refuse the system call, others refuse to be read at all."""
    monkeypatch.setattr(observer_process, "BY_CALL", by_call)
    computing, sleeping, hashing = (advisor.profile(f, budget=0.6, watch=watch) for f in (spin, nap, digest))
    # Of the time on a CPU, since on a busy host the rest counts as waiting, and the sampler sees less of it.
    computing_share, hashing_share = (held / (held + free) for held, free, _ in map(parts, (computing, hashing)))
    assert computing_share > 0.7
    assert hashing_share < 0.8 * computing_share
    held, free, wait = parts(sleeping)
    assert wait > 2 * (held + free)
    assert {computing.gil_source, hashing.gil_source} <= sources


@linux
def test_blocking_with_the_gil_held_is_told_from_other_waiting() -> None:
    """C code that sleeps without releasing the GIL waits, yet stops every other thread."""
    profile = advisor.profile(lambda: ctypes.PyDLL(None).usleep(5000), budget=0.5)
    if profile.gil_source != "observed":
        pytest.skip("this platform does not let a process be read")
    held, free, wait = parts(profile)
    assert profile.gil_blocked is not None
    assert profile.gil_blocked > 0.7 * (held + free + wait)


def test_children_are_counted_apart() -> None:
    """The CPU of a program that the call waits for needs a core and no GIL."""
    command = [sys.executable, "-I", "-S", "-c", "sum(range(2_000_000))"]
    profile = advisor.profile(lambda: subprocess.run(command, check=True), budget=0.5)
    assert profile.child_cpu is not None
    assert profile.child_cpu > 0.5 * (profile.wall - (profile.wait or 0) - (profile.run_queue or 0))


@linux
def test_the_work_of_living_children_counts() -> None:
    """A pool's workers are not waited for by the call, which only looks as if it waited itself."""
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        profile = advisor.profile(lambda: pool.submit(sum, range(300_000)).result(), budget=0.3)
    assert profile.child_cpu is not None
    assert profile.child_cpu > (profile.gil_held or 0.0) + (profile.gil_free or 0.0)


def test_tiny_functions_are_called_in_batches() -> None:
    """So many calls fit that no clock can have been read for each."""
    profile = advisor.profile(int, budget=0.3)
    assert profile.calls > 10_000
    assert profile.spread is None


def test_nothing_is_called_concurrently() -> None:
    """Profiling is as safe as calling the function in a loop."""
    running = 0
    threads = set()

    def alone() -> None:
        nonlocal running
        running += 1
        assert running == 1
        threads.add(threading.get_ident())
        time.sleep(0.001)
        running -= 1

    advisor.profile(alone, budget=0.2)
    assert threads == {threading.get_ident()}


def test_one_call_finishes_even_without_a_budget() -> None:
    """A call longer than the budget is measured all the same."""
    profile = advisor.profile(nap, budget=0)
    assert profile.calls == 1
    assert profile.first_call == pytest.approx(profile.wall)


@pytest.mark.parametrize("budget", [0.3, 0.05])
def test_the_first_call_is_reported_and_left_out(budget: float) -> None:
    """Imports and caches of the first call do not count for the others, even if they took all of the budget."""
    calls = 0

    def slow_at_first() -> None:
        nonlocal calls
        calls += 1
        time.sleep(0.1 if calls == 1 else 0.001)

    profile = advisor.profile(slow_at_first, budget=budget)
    assert profile.first_call is not None
    assert profile.first_call > 10 * profile.wall
    assert profile.calls < calls


@pytest.mark.parametrize("decorated", [False, True])
def test_a_coroutine_function_is_awaited(decorated: bool) -> None:
    """One call after the other, also where an ordinary decorator hides that it is one."""
    running = most = awaited = 0

    async def work(seconds: float) -> None:
        nonlocal running, most, awaited
        running += 1
        most = max(most, running)
        await asyncio.sleep(seconds)
        running -= 1
        awaited += 1

    profile = advisor.profile((lambda seconds: work(seconds)) if decorated else work, [0.001, 0.002], budget=0.2)
    assert profile.coroutine
    assert most == 1
    assert profile.calls <= awaited
    assert profile.wait is not None


def test_a_call_that_raises_ends_the_profiling_with_its_traceback() -> None:
    """The traceback shows the user's frames alone."""

    def broken(text: str) -> int:
        return int(text)

    with pytest.raises(TargetError, match=r"call 1 of .*broken \(input 1\) raised ValueError") as caught:
        advisor.profile(broken, ["x"], budget=0.1)
    assert "test_profiler.py" in caught.value.traceback
    assert str(Path("advisor") / "measure") not in caught.value.traceback
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize(
    ("function", "inputs", "options", "words"),
    [
        (nap, [1], {}, "does not fit"),
        (abs, [], {}, "no inputs"),
        (abs, 5, {}, "inputs must be a list or another iterable of arguments, not int"),
        (abs, itertools.count(), {}, "the inputs produced .* without ending"),
        (yielding, None, {}, "generator function"),
        ("nap", None, {}, "not callable"),
        (nap, None, {"budget": -1}, "budget"),
        (nap, None, {"budget": float("nan")}, "budget"),
    ],
)
def test_wrong_questions_are_refused(
    monkeypatch: pytest.MonkeyPatch, function: Any, inputs: Any, options: dict[str, Any], words: str
) -> None:
    """Before anything is called."""
    monkeypatch.setattr(sampling, "MAX_INPUT_SECONDS", 0.01)
    with pytest.raises(UsageError, match=words):
        advisor.profile(function, inputs, **options)


class Greeter:
    word = "hello"

    def greet(self) -> str:
        return self.word

    def __call__(self) -> str:
        return self.word

    @classmethod
    def named(cls) -> str:
        return cls.word


@pytest.mark.parametrize(
    ("function", "inputs", "target", "reached"),
    [
        (digest, None, "digest", "name"),
        (Greeter.greet, [Greeter()], "Greeter.greet", "name"),
        (Greeter.named, None, "Greeter.named", "name"),
        (Greeter().greet, None, "Greeter.greet", "program"),
        (Greeter(), None, "Greeter", "program"),
        (functools.partial(digest), None, "digest", "program"),
        (functools.wraps(digest)(lambda: None), None, "digest", "program"),
    ],
)
def test_a_profile_says_whether_code_can_name_the_function(
    function: Any, inputs: Any, target: str, reached: str
) -> None:
    """A name that means something else, or nothing, is only shown."""
    profile = advisor.profile(function, inputs, budget=0.01, watch="inside")
    assert (profile.target, profile.reached) == (f"{__name__}:{target}", reached)


@pytest.mark.parametrize("function", [lambda: (n for n in range(3)), lambda: map(abs, [1]), lambda: rows()])
def test_what_returns_a_generator_is_refused(function: Any) -> None:
    """Its calls do no work yet, so that their time would say nothing."""
    with pytest.raises(UsageError, match="returns a generator: calling it only creates a generator"):
        advisor.profile(function, budget=0.05)
    with advisor.Profiler(watch="inside") as profiler, pytest.raises(UsageError, match="returns a generator"):
        profiler.call(function)


def test_a_coroutine_function_is_measured_beside_a_running_event_loop() -> None:
    """Where an event loop is running, as in a notebook, coroutines are awaited in another thread."""

    async def wait() -> None:
        await asyncio.sleep(0.001)

    async def measure() -> Profile:
        return advisor.profile(wait, budget=0.05)

    measured = asyncio.run(measure())
    assert measured.coroutine
    assert measured.loop_blocked is not None
    assert "advisor-event-loop" not in [thread.name for thread in threading.enumerate()]


def test_calls_of_a_profiler_are_not_coroutines() -> None:
    """`Profiler.call()` awaits nothing, and says what to use instead."""

    async def answer() -> None: ...

    with advisor.Profiler() as profiler, pytest.raises(UsageError, match="cannot run coroutine functions"):
        profiler.call(answer)


def test_a_target_that_replaces_the_clocks_is_measured_by_the_real_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """As freezegun does it: the functions of `time` stand still from the first call on."""

    def freeze() -> int:
        for name in ("perf_counter", "monotonic", "process_time", "thread_time"):
            monkeypatch.setattr(time, name, lambda: 42.0)
        return sum(range(10_000))

    profile = advisor.profile(freeze, budget=0.5)
    assert profile.calls > 1
    assert profile.wall > 0


@pytest.mark.parametrize("watch", ["outside", "inside"])
def test_profiling_leaves_neither_thread_nor_process_behind(watch: Any) -> None:
    """Whether it ends well or not."""
    before = children(os.getpid())
    threads = threading.enumerate()
    advisor.profile(nap, budget=0.05, watch=watch)
    with pytest.raises(TargetError):
        advisor.profile(lambda: 1 // 0, budget=0.05, watch=watch)
    assert children(os.getpid()) == before
    assert threading.enumerate() == threads


@pytest.mark.parametrize(
    ("thing", "words"),
    [(lambda: 0, "lambda"), (threading.Lock(), "lock"), (open(os.devnull), "TextIOWrapper")],  # noqa: SIM115, PTH123
)
def test_what_cannot_be_pickled_is_reported_with_its_reason(thing: object, words: str) -> None:
    """In pickle's own words, as a pool would raise them."""
    picklable = advisor.profile(lambda argument: argument, [thing], budget=0).picklable
    assert (picklable.function, picklable.arguments, picklable.results) == (False, False, False)
    assert words in picklable.reasons["arguments"]
    assert words in picklable.reasons["results"]


class Heavy:
    def __init__(self) -> None:
        self.ballast = b"x" * 100_000

    def method(self, _: bytes) -> bytes:
        return b"z" * 20_000


def test_pickled_sizes_are_those_of_what_is_sent() -> None:
    """A bound method takes its object along."""
    profile = advisor.profile(Heavy().method, [b"y" * 50_000], budget=0.1)
    assert profile.picklable.function
    assert profile.function_bytes == pytest.approx(100_000, abs=500)
    assert profile.argument_bytes == pytest.approx(50_000, abs=100)
    assert profile.result_bytes == pytest.approx(20_000, abs=100)
    assert profile.pickle_seconds is not None


def test_a_block_is_one_call() -> None:
    """Without `call()` the profile is of the block."""
    with advisor.Profiler() as profiler:
        nap()
        nap()
    assert profiler.profile.calls == 1
    assert profiler.profile.wall >= 0.01


def test_calls_within_a_block_are_measured_each() -> None:
    """With `call()` the rest of the block does not count, and results come back."""
    with advisor.Profiler() as profiler:
        results = [profiler.call(divmod, number, 3) for number in range(7)]
        time.sleep(0.05)
    assert results[4] == (1, 1)
    assert profiler.profile.calls == 6
    assert profiler.profile.first_call is not None
    assert profiler.profile.wall < 0.05
    assert profiler.profile.picklable.function is True
    assert profiler.profile.argument_bytes is not None


def test_a_profiler_used_wrongly_says_so() -> None:
    """Before the end, after it, twice, and a call within another."""
    profiler = advisor.Profiler()
    with pytest.raises(AdvisorError, match="available only after"):
        _ = profiler.profile
    with profiler, pytest.raises(AdvisorError, match="must not be nested"):
        profiler.call(profiler.call, nap)
    with pytest.raises(AdvisorError, match="inside"):
        profiler.call(nap)
    with pytest.raises(AdvisorError, match="already in use"), profiler:
        pass


def test_a_call_that_raises_is_not_measured() -> None:
    """Its error is the caller's to handle; the other calls make the profile."""
    with advisor.Profiler() as profiler:
        for divisor in (1, 0, 2):
            with contextlib.suppress(ZeroDivisionError):
                profiler.call(divmod, 1, divisor)
    assert profiler.profile.calls == 1


def test_an_error_in_the_block_is_raised_and_gives_no_profile() -> None:
    """The block's own error is what the user sees."""
    profiler = advisor.Profiler()
    with pytest.raises(ZeroDivisionError), profiler:
        _ = 1 // 0
    with pytest.raises(AdvisorError):
        _ = profiler.profile
