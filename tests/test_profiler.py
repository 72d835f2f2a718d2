"""From a callable to a Profile."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import functools
import hashlib
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import advisor
from advisor.errors import AdvisorError, TargetError, UsageError
from advisor.measure import lock_contention, pickling, repeat_effects, side_effects
from advisor.measure.clocks import Reading
from advisor.measure.gil import locate, observer, sampler
from advisor.measure.meter import Meter, Record, Stretch
from advisor.measure.profiler import _beside
from advisor.measure.runner import call_within
from advisor.measure.summarize import summarise
from advisor.models import Profile
from advisor.target.loader import Call

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads the lock word through the kernel")
with_gil = pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="there is no GIL here")


def spin(seconds: float = 0.002) -> None:
    ends = time.thread_time() + seconds
    while time.thread_time() < ends:
        pass


def nap() -> None:
    time.sleep(0.005)


def yielding() -> Iterator[int]:
    yield 1


def digest() -> bytes:
    return hashlib.sha256(b"x" * (1 << 20)).digest()


def blocked() -> None:
    ctypes.PyDLL(None).usleep(5000)


# --- the measured path, on callables of known make-up ---------------------------------------------------------------


def assert_shares(watch: Any, sources: set[str]) -> None:
    computing = advisor.measure.profiler.profile(spin, budget=0.6, watch=watch)
    sleeping = advisor.measure.profiler.profile(nap, budget=0.6, watch=watch)
    hashing = advisor.measure.profiler.profile(digest, budget=0.6, watch=watch)
    assert computing.gil_held is not None
    assert sleeping.wait is not None
    assert hashing.gil_free is not None
    assert computing.gil_held / (computing.wall - (computing.run_queue or 0)) > 0.7
    assert sleeping.wait / sleeping.wall > 0.8
    assert hashing.gil_free / (hashing.wall - (hashing.run_queue or 0)) > 0.7
    assert computing.gil_source == hashing.gil_source
    assert computing.gil_source in sources


@with_gil
def test_python_code_holds_the_gil_and_sleeping_does_not() -> None:
    """Computing is told from waiting, and computing with the GIL from computing without."""
    assert_shares("outside", {"observed", "sampled"})


@with_gil
def test_the_shares_are_told_also_where_the_lock_word_cannot_be_read() -> None:
    """By the switches of a thread that wakes and asks for the GIL."""
    assert_shares("inside", {"sampled", "estimated"})


@with_gil
@linux
def test_the_shares_are_told_also_where_only_the_file_of_the_memory_can_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some containers refuse the system call; the file was opened by the process that is observed."""
    monkeypatch.setattr(observer, "BY_CALL", False)
    assert_shares("outside", {"observed"})


@linux
def test_blocking_with_the_gil_held_is_told_from_other_waiting() -> None:
    """C code that sleeps without releasing the GIL waits, yet stops every other thread."""
    profile = advisor.profile(blocked, budget=0.5)
    if profile.gil_source != "observed":
        pytest.skip("this platform does not let a process be read")
    assert profile.gil_blocked is not None
    assert profile.gil_blocked / profile.wall > 0.8


def test_children_are_counted_apart() -> None:
    """The CPU of a program that the call waits for needs a core and no GIL."""

    def program() -> None:
        subprocess.run([sys.executable, "-I", "-S", "-c", "sum(range(2_000_000))"], check=True)

    profile = advisor.profile(program, budget=0.5)
    assert profile.child_cpu is not None
    assert profile.child_cpu > 0.5 * (profile.wall - (profile.wait or 0) - (profile.run_queue or 0))


def test_a_coroutine_function_is_awaited() -> None:
    """Its calls run on an event loop, one after the other."""
    running = 0
    most = 0

    async def wait_a_little(seconds: float) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(seconds)
        running -= 1
        return "done"

    profile = advisor.profile(wait_a_little, [0.001, 0.002], budget=0.3)
    assert profile.coroutine
    assert most == 1
    assert profile.wait is not None
    assert profile.wait > 0


def test_tiny_functions_are_called_in_batches() -> None:
    """So many calls fit that no clock can have been read for each."""
    profile = advisor.profile(int, budget=0.3)
    assert profile.calls > 10_000
    assert profile.spread is None


def test_nothing_is_called_concurrently() -> None:
    """Profiling is as safe as calling the function in a loop."""
    inside = 0
    threads = set()

    def alone() -> None:
        nonlocal inside
        inside += 1
        assert inside == 1
        threads.add(threading.get_ident())
        time.sleep(0.001)
        inside -= 1

    advisor.profile(alone, budget=0.2)
    assert threads == {threading.get_ident()}


def test_one_call_finishes_even_without_a_budget() -> None:
    """A call longer than the budget is measured all the same."""
    profile = advisor.profile(nap, budget=0)
    assert profile.calls == 1
    assert profile.first_call == pytest.approx(profile.wall)


def test_the_first_call_is_reported_and_left_out() -> None:
    """Imports and caches of the first call do not count for the others."""
    calls = 0

    def slow_at_first() -> None:
        nonlocal calls
        calls += 1
        time.sleep(0.1 if calls == 1 else 0.001)

    profile = advisor.profile(slow_at_first, budget=0.3)
    assert profile.first_call is not None
    assert profile.first_call > 10 * profile.wall
    assert profile.calls < calls


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_call_that_raises_ends_the_profiling_with_its_traceback() -> None:
    """The traceback shows the user's frames alone."""

    def broken(text: str) -> int:
        return int(text)

    with pytest.raises(TargetError, match=r"call 1 of .*broken \(input 1\) raised ValueError") as caught:
        advisor.profile(broken, ["x"], budget=0.1)
    assert "test_profiler.py" in caught.value.traceback
    assert str(Path("advisor") / "profiler") not in caught.value.traceback


def test_an_input_that_works_only_once_ends_the_measuring_quietly(tmp_path: Path) -> None:
    """A file that the first call removed is no failure of the target."""
    names = [tmp_path / str(n) for n in range(5)]
    for name in names:
        name.touch()
    profile = advisor.profile(os.remove, names, budget=0.3)
    assert 1 <= profile.calls <= 5


@pytest.mark.parametrize("bad", [1, 2, 7, 50, 99, 100])
def test_the_input_that_fails_is_named_wherever_it_lies_in_a_batch(bad: int) -> None:
    """Short calls are made in batches, and each may be the one that raises: in the first round none is passed over."""

    def parse(text: str) -> int:
        return int(text)

    calls = [Call(("oops" if n == bad else "1",), where=f"line {n}") for n in range(1, 101)]
    with Meter("inside") as meter, pytest.raises(TargetError, match=rf"\(line {bad}\) raised ValueError"):
        call_within(parse, calls, meter, ends=1.0, name="parse", clock=lambda: 0.0)


def test_a_call_that_fails_in_a_later_round_ends_the_measuring_quietly() -> None:
    """Also in the middle of a batch: its input was there once, and worked."""
    numbers = [[n] for n in range(100)]
    with Meter("inside") as meter:
        call_within(list.pop, [Call((one,)) for one in numbers], meter, ends=1.0, name="pop", clock=lambda: 0.0)
    assert numbers == [[]] * 100


@pytest.mark.parametrize(
    ("function", "inputs", "options", "words"),
    [
        (nap, [1], {}, "does not fit"),
        (spin, [], {}, "no inputs"),
        (spin, 5, {}, "inputs of type int"),
        (spin, itertools.count(), {}, "more than 1,000,000 inputs"),
        (yielding, None, {}, "generator function"),
        ("nap", None, {}, "not callable"),
        (nap, None, {"budget": -1}, "budget"),
        (nap, None, {"budget": float("nan")}, "budget"),
    ],
)
def test_wrong_questions_are_refused(function: Any, inputs: Any, options: dict[str, Any], words: str) -> None:
    """Before anything is called."""
    with pytest.raises(UsageError, match=words):
        advisor.profile(function, inputs, **options)


def test_what_returns_a_coroutine_is_awaited() -> None:
    """An ordinary decorator hides a coroutine function; each of its calls is awaited all the same."""
    made = awaited = 0

    async def work(number: int) -> int:
        nonlocal awaited
        await asyncio.sleep(0)
        awaited += 1
        return number

    @functools.wraps(work)
    def decorated(number: int) -> Any:
        nonlocal made
        made += 1
        return work(number)

    profile = advisor.profile(decorated, [1, 2, 3], budget=0.05)
    assert profile.coroutine
    assert awaited == made - 1, "the coroutine that told it was put away"
    assert profile.calls <= awaited


class _Greeter:
    word = "hello"

    def greet(self) -> str:
        return self.word

    def __call__(self) -> str:
        return self.word

    @classmethod
    def named(cls) -> str:
        return cls.word

    @staticmethod
    def loud() -> str:
        return "HELLO"


@pytest.mark.parametrize(
    ("function", "inputs", "target", "reached"),
    [
        (digest, None, "digest", "name"),
        (_Greeter.greet, [_Greeter()], "_Greeter.greet", "name"),
        (_Greeter.named, None, "_Greeter.named", "name"),
        (_Greeter.loud, None, "_Greeter.loud", "name"),
        (_Greeter().greet, None, "_Greeter.greet", "program"),
        (_Greeter(), None, "_Greeter", "program"),
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
    assert Profile.model_validate({"calls": 1, "wall": 1.0, "target": "a:b"}).reached is None


class _Yielding:
    def __call__(self) -> Iterator[int]:
        yield 1


async def _rows() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    "function", [_Yielding(), lambda: (n for n in range(3)), lambda: map(abs, [1]), lambda: _rows()]
)
def test_what_returns_a_generator_is_refused(function: Any) -> None:
    """Its calls do no work yet, so that their time would say nothing."""
    with pytest.raises(UsageError, match="returns a generator: calling it does no work yet"):
        advisor.profile(function, budget=0.05)
    with advisor.Profiler(watch="inside") as profiler, pytest.raises(UsageError, match="returns a generator"):
        profiler.call(function)


def test_a_coroutine_function_is_refused_where_it_cannot_be_awaited() -> None:
    """Inside a running event loop, and in `Profiler.call()`: the question is wrong, not the function."""

    async def ask() -> None:
        advisor.profile(answer)

    async def answer() -> None: ...

    with pytest.raises(UsageError, match="event loop is running"):
        asyncio.run(ask())
    with advisor.Profiler() as profiler, pytest.raises(UsageError, match="awaits nothing"):
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


def test_profiling_leaves_neither_thread_nor_process_behind() -> None:
    """Whether it ends well or not."""

    def broken() -> None:
        raise ValueError

    before = side_effects.children()
    for watch in ("outside", "inside"):
        advisor.measure.profiler.profile(nap, budget=0.05, watch=watch)  # type: ignore[arg-type]
        with pytest.raises(TargetError):
            advisor.measure.profiler.profile(broken, budget=0.05, watch=watch)  # type: ignore[arg-type]
    assert side_effects.children() == before
    assert threading.active_count() == 1


# --- Profiler --------------------------------------------------------------------------------------------------------


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
    """Before the end, after it, and twice."""
    profiler = advisor.Profiler()
    with pytest.raises(AdvisorError, match="no profile yet"):
        _ = profiler.profile
    with profiler:
        nap()
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
    with advisor.Profiler() as outer, pytest.raises(AdvisorError, match="measured twice"):
        outer.call(outer.call, nap)


def test_an_error_in_the_block_is_raised_and_gives_no_profile() -> None:
    """The block's own error is what the user sees."""
    profiler = advisor.Profiler()
    with pytest.raises(ZeroDivisionError), profiler:
        _ = 1 // 0
    with pytest.raises(AdvisorError):
        _ = profiler.profile


# --- the parts --------------------------------------------------------------------------------------------------------


@with_gil
@linux
def test_the_lock_word_is_found_and_the_switch_interval_put_back() -> None:
    """It names this thread as the holder, and reads as taken while Python code runs."""
    before = sys.getswitchinterval()
    word = locate.find()
    assert word is not None
    assert sys.getswitchinterval() == before
    assert word.thread == locate.this_thread()
    assert ctypes.c_int.from_address(word.address + 8).value == 1


@with_gil
@linux
@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="the table of offsets is that of 3.13")
def test_the_lock_word_is_where_the_interpreter_says() -> None:
    """The search finds what `_Py_DebugOffsets` publishes."""
    from benchmarks.gil_share import published_lock_word

    word = locate.find()
    assert word is not None
    assert published_lock_word() == word.address + 8


def test_an_instant_is_counted_for_the_window_it_lay_in() -> None:
    """Also when it is counted later, and for none before, between and after them."""
    timeline = sampler.Timeline()
    before = time.perf_counter()
    timeline.begin(3)
    during = time.perf_counter()
    timeline.begin(None)
    between = time.perf_counter()
    timeline.begin(4)
    assert [timeline.window(instant) for instant in (before, during, between, time.perf_counter())] == [
        None,
        3,
        None,
        4,
    ]


@with_gil
@linux
def test_the_observer_ends_with_the_process_it_watches() -> None:
    """Also when that is killed."""
    script = (
        "import os, time\nfrom advisor.measure.profiler import lockword, observer\n"
        "o = observer.Observer(lockword.find())\nprint(o.process.pid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as watched:
        assert watched.stdout is not None
        pid = int(watched.stdout.readline())
        watched.kill()
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    ("thing", "words"),
    [(lambda: 0, "lambda"), (threading.Lock(), "lock"), (open(os.devnull), "TextIOWrapper")],  # noqa: SIM115, PTH123
)
def test_what_cannot_be_pickled_is_told_with_its_reason(thing: object, words: str) -> None:
    """In pickle's own words, as a pool would raise them."""
    sent = pickling.measure(len, [Call((thing,))], [thing], 0.1)
    assert sent.picklable.function is True
    assert sent.picklable.arguments is False
    assert sent.picklable.results is False
    assert words in sent.picklable.reasons["arguments"]


def test_pickled_sizes_are_those_of_what_is_sent() -> None:
    """A bound method drags its object along."""

    class Heavy:
        def __init__(self) -> None:
            self.ballast = b"x" * 100_000

        def method(self, _: bytes) -> bytes:
            return b""

    globals()["Heavy"] = Heavy
    Heavy.__qualname__ = "Heavy"
    sent = pickling.measure(Heavy().method, [Call((b"y" * 50_000,))], [b"z" * 20_000], 0.1)
    del globals()["Heavy"]
    assert sent.function_bytes is not None
    assert 100_000 < sent.function_bytes < 100_500
    assert sent.argument_bytes == pytest.approx(50_000, abs=100)
    assert sent.result_bytes == pytest.approx(20_000, abs=100)
    assert sent.pickle_seconds is not None


counter = 0
found: list[int] = []


def _remember(number: int) -> None:
    global counter
    counter += 1
    found.append(number)


def _indirectly(number: int) -> None:
    _remember(number)


@pytest.mark.parametrize("function", [_remember, _indirectly])
def test_globals_that_calls_change_are_named(function: Callable[[int], None]) -> None:
    """Rebound ones and containers that grew, also through another function of the module."""
    profile = advisor.profile(function, [1, 2, 3], budget=0.05)
    assert profile.side_effects is not None
    assert set(profile.side_effects.globals_written) == {"counter", "found"}


def test_threads_and_random_numbers_are_noticed() -> None:
    """A thread that outlives the calls, and the generator that forks would copy."""
    import random

    stop = threading.Event()

    def leaves() -> None:
        random.random()
        threading.Thread(target=stop.wait, name="left-over", daemon=True).start()

    profile = advisor.profile(leaves, budget=0)
    stop.set()
    assert profile.side_effects is not None
    assert profile.side_effects.threads_left == ("left-over",)
    assert profile.side_effects.random_shared


def test_calls_stop_at_the_budget_by_the_clock_given() -> None:
    """With a clock that goes one second a look, three looks are enough."""
    times = iter(range(1000))
    made = []
    with Meter("inside") as meter:
        call_within(made.append, [Call((1,))], meter, ends=5, name="append", clock=lambda: float(next(times)))
    assert 2 <= len(made) < 64


def test_to_get_ready_takes_nothing_from_the_time_for_calls() -> None:
    """The clock stands at 100 s when a million inputs are shuffled, and the end was to be at 5 s."""
    times = iter(range(100, 200))
    made: list[int] = []
    with Meter("inside") as meter:
        call_within(made.append, [Call((1,))], meter, ends=5, least=3, name="append", clock=lambda: float(next(times)))
    assert 2 <= len(made) < 64


def test_a_first_call_may_take_all_of_that_and_another_is_made() -> None:
    """It may be an import; the second is worth as much time again."""
    now = 100.0

    def slow() -> None:
        nonlocal now
        now += 0.35

    with Meter("inside") as meter:
        call_within(slow, None, meter, ends=5, least=0.4, name="slow", clock=lambda: now)
    assert now == pytest.approx(100.7)


# --- summary, from hand-built records ---------------------------------------------------------------------------------


def reading(wall: float, thread: float, **others: float) -> Reading:
    zero = {"children": 0.0, "run_queue": 0.0, "switches": 0.0, "preemptions": 0.0, "process": thread}
    return Reading(wall=wall, thread=thread, **{**zero, **others})


def record(*stretches: Stretch, **others: Any) -> Record:
    plain: dict[str, Any] = {
        "observed": {},
        "sampled": {},
        "counts_switches": True,
        "free_threaded": False,
        "alone": True,
        "sampler_cpu": 0.0,
    }
    return Record(stretches, **{**plain, **others})


def tally(instants: float, taken: float, *, missed: float = 0, looks: float = 0, idle: float = 0) -> observer.Tally:
    return observer.Tally(instants, taken, taken, missed, 8, 1e-3, looks, idle)


def test_parts_add_up_to_the_whole() -> None:
    """6 s a call: 1 s with the GIL, 2 s without, 1 s in a child, 2 s waiting."""
    fields = summarise(record(Stretch(2, reading(12, 6, children=2)), observed={0: tally(1200, 200)}))
    assert fields["gil_held"] == pytest.approx(1)
    assert fields["gil_free"] == pytest.approx(2)
    assert fields["child_cpu"] == pytest.approx(1)
    assert fields["wait"] == pytest.approx(2)
    assert fields["gil_releases"] == pytest.approx(4 / 1e-3 * 6)
    assert fields["gil_source"] == "observed"


def test_waiting_for_a_core_is_nobodys_waiting() -> None:
    """On a busy host, the run queue is subtracted, and who is preempted with the GIL does not compute meanwhile."""
    passed = reading(10, 5, run_queue=5, preemptions=10)
    fields = summarise(record(Stretch(1, passed), observed={0: tally(1000, 1000)}))
    assert fields["wait"] == 0
    assert fields["run_queue"] == 5
    assert fields["preempted"] == 5
    assert fields["gil_held"] == pytest.approx(5)
    assert fields["gil_free"] == pytest.approx(0)


def test_the_line_after_a_wait_is_told_from_that_after_losing_a_core() -> None:
    """By how often each was the case; not at all where the kernel does not count."""
    passed = reading(10, 1, run_queue=4, switches=3, preemptions=1)
    assert summarise(record(Stretch(1, passed)))["preempted"] == pytest.approx(1)
    assert summarise(record(Stretch(1, replace(passed, preemptions=None))))["preempted"] is None


def test_instants_missed_behind_the_target_are_made_up_for() -> None:
    """100 instants, 20 of them on a core: 16 missed, 4 seen, all with the GIL taken."""
    fields = summarise(record(Stretch(1, reading(10, 2)), observed={0: tally(84, 4, missed=16)}))
    assert fields["gil_held"] == pytest.approx(2)


def test_native_threads_are_the_cores_kept_busy() -> None:
    """Two cores for 4 of 5 seconds, and nobody running for the fifth."""
    passed = reading(5, 4, process=8)
    fields = summarise(record(Stretch(1, passed), observed={0: tally(1000, 0, looks=100, idle=20)}))
    assert fields["wait"] == pytest.approx(1)
    assert fields["gil_free"] == pytest.approx(8)
    assert fields["native_threads"] == pytest.approx(min(2, advisor.measure.summarize.usable_cores()))


def test_waiting_and_holding_the_gil_are_never_more_than_the_whole() -> None:
    """Beside threads that the call started, each is looked at by chance, and few looks may all have been idle ones."""
    passed = reading(1, 0.5, process=0.9)
    fields = summarise(record(Stretch(100, passed), observed={0: tally(40, 20, looks=10, idle=10)}))
    assert fields["gil_held"] + fields["wait"] == pytest.approx(fields["wall"])
    assert fields["gil_held"] == pytest.approx(0.005)
    assert Profile(**fields).wait == pytest.approx(0.005)


def test_other_python_threads_are_not_the_calls() -> None:
    """Beside other threads, only the measuring thread's own CPU and its own holding count."""
    seen = observer.Tally(100, 90, 30, 0, 0, 1e-3, 0, 0)
    fields = summarise(record(Stretch(1, reading(10, 5, process=9)), observed={0: seen}, alone=False))
    assert fields["gil_held"] == pytest.approx(3)
    assert fields["gil_free"] == pytest.approx(2)


def test_a_first_call_alone_tells_little_unless_it_is_long() -> None:
    """What it may do once, such as to import, is not known from it; one call more, and that is known."""
    once = [summarise(record(Stretch(1, reading(wall, wall)))) for wall in (15e-6, 30.0)]
    assert [fields["standard_error"]["wall"] / fields["wall"] for fields in once] == pytest.approx([1.5, 0.01])
    assert once[0]["first_call"] == once[0]["wall"]
    twice = summarise(record(Stretch(1, reading(0.2, 0.2)), Stretch(1, reading(15e-6, 15e-6))))
    assert "wall" not in twice["standard_error"]


def in_rounds(*rounds_of: Sequence[float], **others: float) -> Record:
    """Each call timed by itself, with so many seconds in each of the rounds."""
    return record(*(Stretch(1, reading(wall, wall, **others)) for round_of in rounds_of for wall in round_of))


def test_where_inputs_are_cheaper_again_the_first_round_is_what_counts() -> None:
    """40 calls of 10 ms each, whose results are remembered: afterwards they come in batches, at 1 µs each."""
    remembered = [Stretch(40, reading(40e-6, 40e-6)), Stretch(10_000, reading(10e-3, 10e-3))]
    first = in_rounds([0.01] * 40).stretches
    fields = summarise(record(*first, *remembered), inputs=40)
    assert fields["calls"] == 39
    assert fields["wall"] == pytest.approx(0.01)
    assert fields["repeated_call"] == pytest.approx(1e-6)
    assert summarise(record(*first, *remembered))["repeated_call"] is None  # without inputs nothing comes again


def test_batches_of_the_first_round_are_compared_with_the_same_inputs() -> None:
    """1,000 calls of 0.5 ms in batches of 10, and of all at once when they come again."""
    first = [Stretch(10, reading(5e-3, 5e-3))] * 100
    assert repeat_effects.is_cheaper_again([*first, Stretch(1000, reading(1e-3, 1e-3))], 1000)
    assert not repeat_effects.is_cheaper_again([*first, Stretch(1000, reading(0.3, 0.3))], 1000)
    assert not repeat_effects.is_cheaper_again([*first, Stretch(500, reading(1e-3, 1e-3))], 1000)  # not its later half


UNEVEN = [0.001 * (1 + n % 7) ** 2 for n in range(40)]


@pytest.mark.parametrize(
    "told",
    [
        in_rounds(UNEVEN, UNEVEN, UNEVEN[:10]),
        in_rounds([0.05] * 15 + [0.01] * 25, [0.01] * 40),  # warms up for a third of the round
        in_rounds([0.01] * 40, [0.006] * 40),  # a busier host, or warmer caches
        in_rounds([0.01, 0.5] * 20, [0.01, 0.02] * 20),  # other work came between, every other time
        in_rounds([0.01] * 39 + [9.0], [0.01] * 40),  # once
        in_rounds(UNEVEN, UNEVEN[::-1]),  # lengths that are all chance
        in_rounds([1e-4] * 40, [1e-6] * 40),  # too short to tell
        in_rounds([0.01] * 40, [1e-6] * 22),  # too few that came again
        in_rounds([0.01] * 40),
    ],
)
def test_noise_and_warming_up_are_no_cheaper_repeats(told: Record) -> None:
    """All calls but the first are counted, as if inputs did not matter."""
    fields = summarise(told, inputs=40)
    assert fields == summarise(told)
    assert fields["calls"] == len(told.stretches) - 1


def test_a_busy_host_in_the_first_round_is_no_cheaper_repeat() -> None:
    """Time in line for a core is not the calls'."""
    busy = in_rounds([0.03] * 40, run_queue=0.02).stretches
    assert summarise(record(*busy, *in_rounds([0.01] * 40).stretches), inputs=40)["repeated_call"] is None


def test_batches_end_with_the_round_twice() -> None:
    """Then they grow beyond it, as few inputs would otherwise be timed one by one."""
    times = itertools.chain([0.0] * 60, itertools.repeat(9.0))
    with Meter("inside") as meter:
        call_within(abs, [Call((n,)) for n in range(10)], meter, ends=1.0, name="abs", clock=lambda: next(times))
    ends = list(itertools.accumulate(stretch.calls for stretch in meter.stretches))
    assert {10, 20} <= set(ends)
    assert max(stretch.calls for stretch in meter.stretches) > 10


def test_nothing_is_held_where_inputs_that_come_again_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls that would be looked at are no calls."""
    monkeypatch.setattr(lock_contention, "look", lambda *_: ("something",))
    waiting = {"wall": 1.0, "gil_held": 0.0}
    assert _beside(nap, None, {**waiting, "repeated_call": None}, 0.1) == {"held": ("something",)}
    assert _beside(nap, None, {**waiting, "repeated_call": 1e-6}, 0.1) == {}


def test_standard_errors_come_from_the_spread_between_batches() -> None:
    """Two halves that differ; a share that was found on few instants is uncertain at the least by that."""
    stretches = [Stretch(1, reading(9, 1)), Stretch(1, reading(1, 1)), Stretch(1, reading(3, 1))]
    fields = summarise(record(*stretches, observed={1: tally(10, 10), 2: tally(30, 10)}))
    assert fields["calls"] == 2
    assert fields["first_call"] == 9
    assert fields["wall"] == 2
    assert fields["standard_error"]["wall"] == pytest.approx(1)
    assert fields["standard_error"]["gil_held"] > 0.1
    assert fields["spread"] == pytest.approx(2**0.5 / 2)


def test_what_the_sampler_found_is_scaled_by_exact_cpu_time() -> None:
    """A fifth on a CPU, 40 instants on it, 8 dropped, 16 of the others with the GIL: phi is a half."""
    assert sampler.held_share(sampler.Tally(200, 16, 8, 4), 0.2) == pytest.approx(0.1)
    assert sampler.held_share(sampler.Tally(200, 0, 0, 0), 0.0) == 0
    assert sampler.held_share(sampler.Tally(10, 10, 0, 0), 1.0) == 1
