"""Predicted seconds against the laws they must obey, and against cases that burnt users elsewhere."""

from __future__ import annotations

import math
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from advisor.models import Estimate, Job, Machine, Picklable, Profile, Python, Range, SideEffects, Strategy
from advisor.predict import estimator
from advisor.predict.estimator import MIN_GAIN, call_parts, estimate, leaders, shortlist
from advisor.predict.strategies import CHUNK_SECONDS

TWO_CORES = Machine(cores=2)
TOLERANCE = 1.001


def call(wall: float, *, gil: float = 0.0, free: float = 0.0, child: float = 0.0, **rest: Any) -> Profile:
    """A profile whose parts are shares of the wall time, the remainder waiting."""
    wait = wall * max(0.0, 1 - gil - free - child)
    return Profile(
        calls=100, wall=wall, gil_held=gil * wall, gil_free=free * wall, child_cpu=child * wall, wait=wait, **rest
    )


def speedups(profile: Profile, calls: int = 1000, machine: Machine = TWO_CORES) -> dict[tuple[Strategy, int], float]:
    """Expected speed-up over a plain loop of every strategy and worker count."""
    estimates = estimate(profile, Job(calls=calls), machine)
    loop = estimates[0].seconds.expected
    return {(one.strategy, one.workers): loop / one.seconds.expected for one in estimates}


def best(profile: Profile, calls: int = 1000, machine: Machine = TWO_CORES) -> tuple[Strategy, int]:
    """What a reader of the leaders would pick: the plain loop unless something else gains a tenth."""
    chosen = leaders(estimate(profile, Job(calls=calls), machine))
    loop = chosen["sequential"].seconds.expected
    fastest = min((one for one in chosen.values() if one.feasible), key=lambda one: one.seconds.expected)
    return (fastest.strategy, fastest.workers) if loop / fastest.seconds.expected >= MIN_GAIN else ("sequential", 1)


def only(
    profile: Profile, strategy: Strategy, workers: int, calls: int = 1000, machine: Machine = TWO_CORES
) -> Estimate:
    """The one estimate of a strategy with this worker count."""
    (found,) = (
        one
        for one in estimate(profile, Job(calls=calls), machine)
        if (one.strategy, one.workers) == (strategy, workers)
    )
    return found


# What users were burnt by


def test_microsecond_function_stays_in_a_loop() -> None:
    """Pools make a hundred trivial calls at least ten times slower (pathos #79), however many calls there are."""
    trivial = call(0.1e-6, gil=1)
    assert best(trivial, calls=100) == ("sequential", 1)
    assert best(trivial, calls=10**9) == ("sequential", 1)
    assert all(gain < 0.1 for (strategy, _), gain in speedups(trivial, calls=100).items() if strategy != "sequential")
    pool = only(trivial, "multiprocessing", 2, calls=100)
    assert pool.bottleneck == "start-up"
    assert pool.why.startswith("starting 2 processes takes 12 ms")


def test_large_results_are_limited_by_pickling_not_by_cores() -> None:
    """Results of 1 GB each take longer through a pipe than the work that made them (joblib #1309)."""
    large = call(2.0, gil=1, result_bytes=1e9, pickle_seconds=3.0)
    host = Machine(cores=8)
    pool = only(large, "multiprocessing", 4, calls=10, machine=host)
    assert pool.bottleneck == "parent"
    assert "pickle" in pool.why
    assert max(gain for (strategy, _), gain in speedups(large, 10, host).items() if strategy == "multiprocessing") < 1.0


def test_bound_method_that_drags_its_self_along() -> None:
    """9 MB of `self` pickled with every task undo what two cores gain (boltzgen #235), unless a task is many calls."""
    light = call(0.05, gil=1)
    heavy = call(0.05, gil=1, function_bytes=9e6, pickle_seconds=0.08)
    assert speedups(light, 12)["multiprocessing", 2] > 1.8
    assert speedups(heavy, 12)["multiprocessing", 2] < 1.0
    assert only(heavy, "multiprocessing", 2, 1000).chunk >= 10
    assert speedups(heavy, 1000)["multiprocessing", 2] > 1.5


def test_a_chunk_may_be_a_hair_below_a_power_of_ten() -> None:
    """Where a thousand calls would be a trifle too many, there are fewer in a chunk, and no error."""
    wall = CHUNK_SECONDS / math.nextafter(1000, 0)
    assert only(call(wall, gil=1.0), "multiprocessing", 2, calls=100_000).chunk in (500, 1000)


def test_chunks_carry_the_function_once() -> None:
    """With short calls a chunk is one task, and the function travels once with it, not once a call."""
    short = call(1e-4, gil=1, function_bytes=1e5, pickle_seconds=1e-4)
    pool = only(short, "multiprocessing", 2, calls=10_000)
    assert pool.chunk >= 50
    assert speedups(short, 10_000)["multiprocessing", 2] > 1.8


def test_a_call_that_uses_all_cores_gains_nothing() -> None:
    """BLAS keeps both cores busy by itself: threads gain nothing, processes lose, and the words say why."""
    blas = Profile(calls=9, wall=0.1, gil_held=0.001, gil_free=0.198, child_cpu=0, wait=0, native_threads=2)
    assert best(blas) == ("sequential", 1)
    gains = speedups(blas)
    assert gains["threading", 2] < 1.02
    assert gains["multiprocessing", 2] < 0.7
    assert "2 cores busy by itself" in only(blas, "multiprocessing", 2).why


def test_native_threads_stand_for_core_seconds_that_were_not_measured() -> None:
    """Native threads measured without their CPU time keep as many cores busy all the same."""
    blas = Profile(calls=9, wall=0.1, gil_held=0.0, gil_free=0.1, child_cpu=0, wait=0, native_threads=4)
    assert call_parts(blas).native == pytest.approx(0.4)
    assert best(blas, machine=Machine(cores=4)) == ("sequential", 1)


def test_more_processes_than_cores_when_calls_wait() -> None:
    """Four processes on two cores beat two by half when a call waits for half of its time."""
    half = call(0.02, gil=0.5)
    gains = speedups(half)
    assert gains["multiprocessing", 2] == pytest.approx(1.8, abs=0.2)
    assert gains["multiprocessing", 4] > 1.5 * gains["multiprocessing", 2]
    assert best(half)[1] > 2


def test_tasks_too_large_for_the_pipe_cannot_be_sent_ahead() -> None:
    """A parent that fills a pipe's buffer waits for a worker to read, and the workers then wait for the parent."""
    cheap = Machine(cores=8, process_byte=0)
    small, large = (
        only(call(0.01, gil=0.5, argument_bytes=size, pickle_seconds=0.004), "multiprocessing", 5, machine=cheap)
        for size in (60_000, 70_000)
    )
    assert large.seconds.expected > 1.02 * small.seconds.expected


def test_amdahl_for_the_parent() -> None:
    """Half the pickling is the parent's alone: no number of processes gets beyond call over that."""
    dear = call(0.01, gil=1, pickle_seconds=0.004, argument_bytes=100)
    gains = speedups(dear, machine=Machine(cores=64))
    assert max(gain for (strategy, _), gain in gains.items() if strategy == "multiprocessing") <= 0.01 / 0.002
    assert only(dear, "multiprocessing", 64, machine=Machine(cores=64)).bottleneck == "parent"


def test_native_work_with_large_arguments_prefers_threads() -> None:
    """A GIL-free call with 8 MB arguments gains on threads what pickling eats up in processes."""
    gains = speedups(call(0.02, free=1, argument_bytes=8e6, pickle_seconds=0.01), calls=200)
    assert gains["threading", 2] > 1.9
    assert gains["multiprocessing", 2] < 1.3


def test_pure_python_loses_on_threads() -> None:
    """Threads that take turns at the GIL are up to 20 % slower than a loop."""
    gains = speedups(call(0.05, gil=1))
    assert 0.80 <= gains["threading", 4] <= 0.98
    assert gains["multiprocessing", 2] > 1.9


def test_waiting_work_wants_more_threads_than_cores() -> None:
    """Ten threads cost several times what fifty do when a call only waits."""
    waits = call(0.1, gil=0.005)
    gains = speedups(waits)
    assert gains["threading", 10] == pytest.approx(10, rel=0.05)
    assert gains["threading", 48] > 4 * gains["threading", 10]


def test_short_job_of_long_calls_goes_in_rounds() -> None:
    """Nine equal calls take three rounds on four cores as on three; one process more than cores fills the gap."""
    nine = call(1.0, gil=1, spread=0.0)
    gains = speedups(nine, 9, Machine(cores=4))
    assert gains["multiprocessing", 3] == pytest.approx(3.0, rel=0.02)
    assert gains["multiprocessing", 4] == pytest.approx(3.0, rel=0.02)
    assert gains["multiprocessing", 5] == pytest.approx(4.0, rel=0.02)


# Strategies and limits


def test_first_estimate_is_the_plain_loop() -> None:
    """The plain loop comes first, takes calls times wall, and is as fast as itself."""
    loop = estimate(call(0.5, gil=1), Job(calls=10), TWO_CORES)[0]
    assert (loop.strategy, loop.workers, loop.seconds.expected, loop.start_up) == ("sequential", 1, 5.0, 0.0)


def test_slow_first_call_is_paid_once_in_a_loop_and_by_each_process() -> None:
    """A first call that loads something is paid once where memory is shared, per worker where it is not."""
    warm = call(0.1, gil=1)
    cold = call(0.1, gil=1, first_call=2.1)
    extra = {
        strategy: only(cold, strategy, workers).seconds.expected - only(warm, strategy, workers).seconds.expected
        for strategy, workers in (("sequential", 1), ("threading", 4), ("multiprocessing", 4))
    }
    assert extra == pytest.approx({"sequential": 2.0, "threading": 2.0, "multiprocessing": 4.0})


def test_spawned_workers_import_the_target() -> None:
    """Without fork every worker imports, as many at once as there are cores."""
    heavy = call(0.1, gil=1, import_seconds=1.0)
    forked = only(heavy, "multiprocessing", 4)
    spawned = only(heavy, "multiprocessing", 4, machine=Machine(cores=2, start_method="spawn"))
    assert spawned.start_up - forked.start_up == pytest.approx(2.0)


def test_asyncio_is_for_coroutine_functions() -> None:
    """asyncio is considered for a coroutine function only, and its computing serialises on the loop."""
    plain, coroutine = call(0.1, gil=0.05, free=0.05), call(0.1, gil=0.05, free=0.05, coroutine=True)
    assert "asyncio" not in leaders(estimate(plain, Job(), TWO_CORES))
    gains = speedups(coroutine)
    assert 9.0 < gains["asyncio", 50] <= 10.2
    assert only(coroutine, "asyncio", 50).why.startswith("limited by the event loop")
    assert gains["threading", 16] > gains["asyncio", 16]


def test_caches_are_cold_only_while_a_call_is_alone() -> None:
    """What a call loses after each wait, it does not lose beside others: the GIL lets more of them through."""
    waits = Profile(calls=50, wall=0.0126, gil_held=0.0006, gil_free=0.0, child_cpu=0.0, wait=0.012, switches=1.0)
    cold, warm = (
        max(gain for (strategy, _), gain in speedups(waits, machine=Machine(cores=2, cold_wake=lost)).items())
        for lost in (0.0, 200e-6)
    )
    assert 1.15 * cold < warm < 1.6 * cold


def test_calls_that_let_go_of_the_gil_often_lose_on_threads() -> None:
    """Each hand-over costs several times what the burst before it lasts, where another thread wants the GIL too."""
    often = call(0.012, gil=0.75, free=0.25, gil_releases=230.0)
    seldom = call(0.012, gil=0.75, free=0.25, gil_releases=2.0)
    host = Machine(cores=2, gil_switch=20e-6)
    assert speedups(often, machine=host)["threading", 4] < 0.95
    assert speedups(seldom, machine=host)["threading", 4] > 1.15


def test_a_blocked_gil_blocks_threads_but_not_processes() -> None:
    """Waiting with the GIL held keeps other threads out, and needs no core."""
    blocked = call(0.1, gil=0.1, gil_blocked=0.09)
    gains = speedups(blocked)
    assert gains["threading", 16] < 1.1
    assert gains["multiprocessing", 16] > 10


def test_free_threading_lets_python_run_in_parallel() -> None:
    """Without a GIL threads gain nearly what processes do, and what is native all of it."""
    free = Machine(cores=8, python=Python(version="3.13.1", free_threaded=True))
    assert 6 < speedups(call(0.01, gil=1), machine=free)["threading", 8] < 7
    assert speedups(call(0.01, free=1), machine=free)["threading", 8] > 7


def test_threads_without_a_gil_contend_for_what_they_share() -> None:
    """Calls that write globals or draw from the one random generator lose more than the cores give."""
    free = Machine(cores=2, python=Python(version="3.13.1", free_threaded=True))
    for effects in (SideEffects(globals_written=("ROWS",)), SideEffects(random_shared=True)):
        sharing = call(0.01, free=1, python=free.python, side_effects=effects)
        gains = speedups(sharing, machine=free)
        assert gains["threading", 2] < 1.0
        assert gains["multiprocessing", 2] > 1.5


def test_how_much_python_shares_without_a_gil_is_not_known() -> None:
    """The interval of threads is wide for Python code, narrow for native code and for waiting."""
    free = Machine(cores=2, python=Python(version="3.13.1", free_threaded=True))
    python = only(call(0.01, gil=1), "threading", 2, machine=free).seconds
    native = only(call(0.01, free=1), "threading", 2, machine=free).seconds
    waiting = only(call(0.01), "threading", 2, machine=free).seconds
    assert python.high / python.low > 2.5
    assert max(native.high / native.low, waiting.high / waiting.low) < 2


def test_a_profile_without_a_gil_does_not_tell_who_would_hold_one() -> None:
    """Where there is a GIL, its computing counts as holding it, and may turn out not to: the interval says so."""
    free = Python(version="3.14.0", free_threaded=True)
    measured = call(0.01, free=1, python=free)
    assert speedups(measured, machine=Machine(cores=8, python=free))["threading", 8] > 6
    with_gil = Machine(cores=8, python=Python(version="3.14.0"))
    assert speedups(measured, machine=with_gil)["threading", 8] < 1.1
    threads = only(measured, "threading", 8, machine=with_gil)
    assert threads.seconds.high / threads.seconds.low > 6


def test_subinterpreters_start_side_by_side_as_far_as_there_are_cores() -> None:
    """Each worker's thread starts its own: two on two cores take as long as one, eight four times as long."""
    host = Machine(cores=2, python=Python(version="3.14.0"), interpreter_start=0.04)
    waiting = call(0.1)
    starts = [only(waiting, "interpreters", workers, machine=host).start_up for workers in (2, 8)]
    assert starts == pytest.approx([0.04, 0.16])


def test_tiny_tasks_of_subinterpreters_are_limited_by_handing_them_over() -> None:
    """However many workers, a task takes the GIL of the interpreter that has the pool for so long."""
    host = Machine(cores=8, python=Python(version="3.14.0"), interpreter_task=1e-4, interpreter_start=0)
    tiny = only(call(1e-4, gil=1), "interpreters", 8, machine=host, calls=100_000)
    assert tiny.bottleneck == "parent"
    assert tiny.seconds.expected >= 10


@pytest.mark.parametrize(("version", "there"), [("3.13.5", False), ("3.14.0", True), ("3.14", True), ("", False)])
def test_interpreters_from_314(version: str, there: bool) -> None:
    """Subinterpreters are considered where the interpreter has their pool."""
    found = leaders(estimate(call(0.01, gil=1), Job(), Machine(cores=8, python=Python(version=version))))
    assert ("interpreters" in found) is there
    if there:
        assert found["interpreters"].workers > 4


@pytest.mark.parametrize("part", ["function", "arguments", "results"])
def test_what_cannot_be_pickled_cannot_be_sent(part: str) -> None:
    """Anything unpicklable rules processes out, with the reason; threads do not care."""
    profile = call(1.0, gil=1, picklable=Picklable.model_validate({part: False, "reasons": {part: "it is a lambda"}}))
    chosen = leaders(estimate(profile, Job(), TWO_CORES))
    assert not chosen["multiprocessing"].feasible
    assert part in chosen["multiprocessing"].why
    assert "it is a lambda" in chosen["multiprocessing"].why
    assert chosen["threading"].feasible


def test_memory_limits_the_workers() -> None:
    """Workers that need more than four fifths of the memory are ruled out with both figures; threads share more."""
    hungry = call(1.0, gil=0.1, peak_memory=10**9, idle_memory=9 * 10**8)
    host = Machine(cores=4, memory=6 * 10**9)
    four, three = (only(hungry, "multiprocessing", n, machine=host) for n in (4, 3))
    assert four.memory == 4.9e9
    assert (four.feasible, three.feasible) == (False, True)
    assert four.why == "4 processes need 4.9 GB of memory, more than 80 % of the 6 GB available"
    assert only(hungry, "threading", 16, machine=host).feasible
    assert leaders(estimate(hungry, Job(), host))["multiprocessing"].workers == 3


def test_what_memory_keeps_from_being_faster_is_on_the_shortlist() -> None:
    """The smallest of the numbers of workers that would be faster, infeasible, so that a reason can name it."""
    hungry = call(1.0, gil=1, peak_memory=10**9, idle_memory=10**7)
    for memory, fits in ((6 * 10**9, 4), (2 * 10**9, None)):
        rows = shortlist(hungry, Job(), Machine(cores=8, memory=memory))
        processes = [one for one in rows if one.strategy == "multiprocessing"]
        assert [one.workers for one in processes if one.feasible] == ([fits] if fits else [])
        assert max(one.workers for one in processes if not one.feasible) == 8


def test_leaders_take_the_fewest_workers_that_suffice() -> None:
    """The smallest count within 2 % of the best is chosen, never an infeasible one while another can do it."""

    def one(workers: int, seconds: float, feasible: bool = True) -> Estimate:
        return Estimate(
            strategy="threading",
            workers=workers,
            seconds=Range(low=seconds, expected=seconds, high=seconds),
            bottleneck="gil",
            feasible=feasible,
        )

    assert leaders([one(8, 1.0), one(4, 1.015), one(2, 1.2), one(16, 0.5, feasible=False)]) == {
        "threading": one(4, 1.015)
    }


def test_waiting_threads_are_not_spared() -> None:
    """Threads that wait cost little: as good is only what is nearer to the best than for others."""

    def spared(profile: Profile, strategy: Strategy) -> set[float]:
        return {one.tolerance for one in estimate(profile, Job(), TWO_CORES) if one.strategy == strategy}

    assert spared(call(0.1, gil=0.1), "threading") == {1.001}
    assert spared(call(0.1, gil=0.1), "multiprocessing") == {1.02}
    assert spared(call(0.1, gil=0.1, free=0.9), "threading") == {1.02}


def test_words_name_the_limit() -> None:
    """A short phrase says what limits a strategy, and by how much."""
    mixed = call(0.1, gil=0.5, free=0.5)
    many = Machine(cores=8, gil_switch=0, thread_task=0)
    assert only(mixed, "threading", 8, machine=many).bottleneck == "gil"
    assert only(mixed, "threading", 8, machine=many).why == "limited by the GIL: about 2× at most"
    assert only(mixed, "multiprocessing", 2).why == "limited by 2 cores: about 2× at most"
    assert only(call(0.1), "threading", 8).why == "8 calls wait at the same time"
    assert only(call(0.1), "multiprocessing", 1, calls=1).why == "one call, with nothing to do beside it"


def test_a_limit_is_none_where_the_figures_are_guessed() -> None:
    """Of an assumed call, or of one whose share of the GIL is known badly, nobody can say "at most"."""
    mixed = call(0.1, gil=0.5, free=0.5)
    host = Machine(cores=8, gil_switch=0, thread_task=0)
    for guessed in ({"archetype": "image"}, {"standard_error": {"gil_held": 0.01}}):
        words = only(mixed.model_copy(update=guessed), "threading", 8, machine=host).why
        assert words == "limited by the GIL: about 2×"


def test_hand_overs_are_no_limit() -> None:
    """What a lock loses to hand-overs is an estimate, of which few workers lose little: it is in no limit."""
    often = call(0.0003, gil=0.09, free=0.47, child=0.2)
    four = only(often, "threading", 4, machine=Machine(cores=3))
    assert four.bottleneck == "gil"
    assert four.limit is None
    assert four.why == "limited by handing the GIL over from thread to thread"


# Unknown parts and intervals


def test_unknown_time_counts_as_holding_the_gil() -> None:
    """A profile that knows nothing but its length is predicted like pure Python, less surely on the fast side."""
    known, unknown = call(0.01, gil=1), Profile(calls=1, wall=0.01)
    sure, unsure = only(known, "threading", 8), only(unknown, "threading", 8)
    assert unsure.seconds.expected == sure.seconds.expected
    assert unsure.seconds.low < 0.5 * sure.seconds.low


def test_busy_host_does_not_turn_into_waiting() -> None:
    """Time in the run queue was computing: alone it is given back to the parts that compute."""
    parts = call_parts(Profile(calls=9, wall=1.0, gil_held=0.3, gil_free=0.1, child_cpu=0, wait=0.4, run_queue=0.2))
    assert (parts.gil, parts.native, parts.wait) == pytest.approx((0.45, 0.15, 0.4))


def test_to_wait_for_a_core_after_a_wait_is_more_of_that() -> None:
    """Who is woken and finds no core has no GIL meanwhile: 1.4 ms in line are no 1.4 ms of computing."""
    nap = Profile(calls=9, wall=0.0515, gil_held=4e-5, gil_free=0, child_cpu=0, wait=0.05, run_queue=0.00146)
    parts = call_parts(nap.model_copy(update={"preempted": 1e-5}))
    assert (parts.gil, parts.wait) == pytest.approx((5e-5, 0.05145))
    assert best(nap.model_copy(update={"preempted": 1e-5}))[0] == "threading"
    assert best(nap.model_copy(update={"preempted": 0.00146}))[0] == "multiprocessing"


def test_standard_errors_widen_the_interval() -> None:
    """A GIL share that is known badly makes the prediction for threads wide, and that for processes no wider."""
    sharp = call(0.1, gil=0.3, free=0.7)
    blunt = call(0.1, gil=0.3, free=0.7, standard_error={"gil_held": 0.01})
    host = Machine(cores=16)

    def width(profile: Profile, strategy: Strategy) -> float:
        seconds = only(profile, strategy, 16, machine=host).seconds
        return seconds.high / seconds.low

    assert width(blunt, "threading") > 1.3 * width(sharp, "threading")
    assert width(blunt, "multiprocessing") == pytest.approx(width(sharp, "multiprocessing"))


def test_assumed_figures_are_less_sure_than_measured_ones() -> None:
    """Assumed costs of a pool, and an assumed profile, give wider intervals around the same figure."""

    def seconds(archetype: str | None, source: str) -> Range:
        machine = Machine.model_validate({"cores": 4, "source": source})
        return only(call(0.001, gil=1, archetype=archetype), "multiprocessing", 4, calls=100, machine=machine).seconds

    measured, assumed, described = seconds(None, "measured"), seconds(None, "assumed"), seconds("parse", "assumed")
    assert measured.expected == assumed.expected == described.expected
    assert measured.high < assumed.high < described.high


# Laws


@some.composite
def profiles(draw: some.DrawFn) -> Profile:
    """Any profile whose four parts add up to its wall time."""
    wall = draw(some.floats(1e-9, 1e6))
    weights = [draw(some.one_of(some.just(0.0), some.floats(1e-6, 1.0))) for _ in range(4)]
    total = math.fsum(weights) or 1.0
    gil, free, child, wait = (wall * weight / total for weight in weights)
    sent = some.one_of(some.none(), some.floats(0, 1e10))
    return Profile(
        calls=1,
        wall=wall,
        gil_held=gil,
        gil_free=free,
        child_cpu=child,
        wait=wait,
        gil_releases=draw(some.one_of(some.none(), some.floats(0, 1e6))),
        switches=draw(some.one_of(some.none(), some.floats(0, 1e6))),
        argument_bytes=draw(sent),
        result_bytes=draw(sent),
        function_bytes=draw(sent),
        pickle_seconds=draw(some.one_of(some.none(), some.floats(0, 1e3))),
        spread=draw(some.one_of(some.none(), some.floats(0, 1e6))),
        first_call=draw(some.one_of(some.none(), some.floats(0, 1e6))),
        coroutine=draw(some.booleans()),
        standard_error=draw(some.dictionaries(some.sampled_from(["wall", "wait", "gil_held"]), some.floats(0, 1e6))),
    )


machines = some.builds(
    Machine,
    cores=some.integers(1, 128),
    memory=some.one_of(some.none(), some.integers(1, 10**12)),
    start_method=some.sampled_from(["fork", "spawn"]),
    core_scaling=some.floats(0.5, 1.0),
    cold_wake=some.just(0.0),  # a call that loses less beside others than alone gains more than these laws allow
    source=some.sampled_from(["measured", "assumed"]),
    python=some.builds(Python, version=some.sampled_from(["3.11.9", "3.14.0"])),
)
jobs = some.builds(Job, calls=some.integers(1, 10**9))


@settings(deadline=None, max_examples=60)
@given(profiles(), jobs, machines)
def test_laws_that_no_pool_can_break(profile: Profile, job: Job, machine: Machine) -> None:
    """1 / GIL share for threads, cores / CPU share for all, ordered intervals, workers no more than calls.

    Nor is more expected than the limit that is named, but for a first call that is dearer and costs a loop as much.
    """
    warm = (profile.first_call or 0.0) <= profile.wall
    estimates = estimate(profile, job, machine)
    loop = estimates[0].seconds.expected
    gil, cpu = (profile.gil_held or 0.0) * job.calls, profile.cpu * job.calls
    for one in estimates:
        expected = one.seconds.expected
        assert one.seconds.low <= expected <= one.seconds.high
        assert 1 <= one.workers <= job.calls
        assert expected * TOLERANCE >= cpu / machine.cores
        assert expected * one.workers * TOLERANCE >= profile.wall * job.calls
        assert one.start_up <= expected
        assert one.why
        assert one.limit is None or not warm or loop <= one.limit * expected * TOLERANCE
        if one.strategy in ("threading", "asyncio", "sequential"):
            assert expected * TOLERANCE >= gil
    assert estimates[0].strategy == "sequential"
    assert loop * TOLERANCE >= profile.wall * job.calls
    assert set(leaders(estimates)) == {one.strategy for one in estimates}


@settings(deadline=None, max_examples=60)
@given(profiles(), jobs, machines)
def test_the_shortlist_is_a_part_of_all_estimates(profile: Profile, job: Job, machine: Machine) -> None:
    """What a verdict rests on is the same to the last digit, whether all worker counts were looked at or not."""
    every, best = estimate(profile, job, machine), shortlist(profile, job, machine)
    assert all(one in every for one in best)
    feasible = {strategy: one for strategy, one in leaders(every).items() if one.feasible}
    assert {strategy: one for strategy, one in leaders(best).items() if one.feasible} == feasible
    for strategy in feasible:
        fastest = [
            min(one.seconds.expected for one in several if one.feasible and one.strategy == strategy)
            for several in (every, best)
        ]
        assert fastest[0] == fastest[1]


@settings(deadline=None, max_examples=60)
@given(profiles(), jobs, machines, some.integers(1, 128))
def test_more_cores_are_never_slower(profile: Profile, job: Job, machine: Machine, more: int) -> None:
    """With the same workers, more cores never make a job longer.

    But for the GIL's lost hand-overs: these do grow with the cores, as more threads come back to the GIL at once
    (Beazley, "Understanding the Python GIL", 2010). So they are left out here, and for threads only.
    """
    lossless = machine.model_copy(update={"gil_switch": 0.0})
    larger = lossless.model_copy(update={"cores": machine.cores + more})
    with patch.object(estimator, "GIL_CONTENTION", 0.0):
        here, there = estimate(profile, job, lossless), estimate(profile, job, larger)
    after = {(one.strategy, one.workers): one.seconds.expected for one in there}
    for one in here:
        assert after.get((one.strategy, one.workers), 0.0) <= one.seconds.expected * TOLERANCE


unmeasured = some.one_of(some.none(), some.floats(0, 1e9))


@settings(deadline=None, max_examples=100)
@given(
    some.builds(
        Profile,
        calls=some.just(1),
        wall=some.floats(1e-300, 1e9),
        gil_held=some.none(),
        wait=some.none(),
        gil_free=unmeasured,
        child_cpu=unmeasured,
        gil_blocked=unmeasured,
        run_queue=unmeasured,
        native_threads=some.one_of(some.none(), some.floats(0, 1e5)),
        peak_memory=some.one_of(some.none(), some.integers(0, 10**18)),
        idle_memory=some.one_of(some.none(), some.integers(0, 10**18)),
    ),
    some.builds(Job, calls=some.integers(1, 10**12)),
    some.builds(
        Machine,
        cores=some.integers(1, 4096),
        core_scaling=some.floats(1e-3, 1.0),
        thread_task=some.floats(0, 1e9),
        process_task=some.floats(0, 1e9),
        process_byte=some.floats(0, 1e9),
        gil_switch=some.floats(0, 1e9),
    ),
)
def test_absurd_profiles_are_answered_too(profile: Profile, job: Job, machine: Machine) -> None:
    """Whatever a valid record says, there is a finite estimate and no exception."""
    for one in estimate(profile, job, machine):
        assert 0 <= one.seconds.low <= one.seconds.expected <= one.seconds.high < math.inf
