"""The queueing model against limits known in closed form, and against a simulation that shares no code with it."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from advisor.predict.queueing.makespan import job_seconds
from advisor.predict.queueing.network import population_sizes, throughput, throughput_curve
from advisor.predict.queueing.pool_throughput import ProcessPool
from advisor.predict.queueing.stations import Cores, StationDemands, station_rates
from benchmarks.simulation.cores import constant, exponential
from benchmarks.simulation.jobs import Calls, Host, Stretch, processes_until_done, threads_until_done
from benchmarks.simulation.stations import IN_PROCESSES, ON_THREADS, simulate_pool, simulate_threads

WITHIN = 0.05

THREAD_POINTS = [
    ("GIL-bound", 1, 4),
    ("GIL-bound", 2, 8),
    ("GIL-bound", 64, 256),
    ("pure Python", 4, 4),
    ("GIL and waits", 2, 8),
    ("GIL and waits", 4, 32),
    ("GIL and waits", 64, 256),
    ("core-bound", 2, 3),
    ("core-bound", 16, 32),
    ("core-bound", 64, 256),
    ("native only", 16, 8),
    ("wait-bound", 1, 64),
    ("wait-bound", 2, 256),
    ("wait-bound", 64, 256),
    ("all balanced", 2, 4),
    ("all balanced", 4, 8),
    ("all balanced", 16, 32),
    ("GIL as long as native", 2, 2),
    ("GIL as long as native", 2, 4),
    ("GIL as long as native", 4, 8),
    ("blocked with the GIL", 2, 4),
    ("blocked with the GIL", 16, 4),
    ("two cores a call", 4, 4),
    ("two cores a call", 64, 32),
]
POOL_POINTS = [
    ("core-bound", 1, 4),
    ("core-bound", 16, 8),
    ("core-bound", 64, 64),
    ("parent-bound", 1, 2),
    ("parent-bound", 4, 2),
    ("parent-bound", 64, 64),
    ("parent and waits", 1, 2),
    ("parent and waits", 1, 8),
    ("parent and waits", 2, 4),
    ("parent and waits", 16, 32),
    ("half waits", 2, 2),
    ("half waits", 2, 4),
    ("half waits", 64, 128),
    ("wait-bound", 2, 64),
    ("wait-bound", 64, 256),
    ("all balanced", 2, 4),
    ("all balanced", 4, 8),
    ("all balanced", 16, 32),
]

seconds = some.floats(1e-9, 1e6)
demands_of_calls = some.builds(
    StationDemands,
    locked=some.one_of(some.just(0.0), seconds),
    blocked=some.one_of(some.just(0.0), seconds),
    parallel=seconds,
    delay=some.one_of(some.just(0.0), seconds),
    width=some.floats(1, 100),
    contended=some.one_of(some.just(0.0), seconds),
    crowding=some.floats(0, 1),
)


@pytest.mark.parametrize(("regime", "cores", "workers"), THREAD_POINTS)
def test_threads_agree_with_the_simulation(regime: str, cores: int, workers: int) -> None:
    """Calls per second of threads that share the GIL and the cores are within 5 % of the simulation."""
    outcome = simulate_threads(ON_THREADS[regime], workers=workers, cores=cores, calls=3000 + 10 * workers, seed=1)
    drawn = outcome.drawn
    demands = StationDemands(drawn.locked, drawn.blocked, drawn.parallel, drawn.delay, drawn.width)
    assert throughput_curve(demands, Cores(cores), workers)[workers] == pytest.approx(outcome.rate, rel=WITHIN)


@pytest.mark.parametrize(("regime", "cores", "workers"), POOL_POINTS)
def test_process_pools_agree_with_the_simulation(regime: str, cores: int, workers: int) -> None:
    """Tasks per second of a pool whose parent works ahead are within 5 % of the simulation."""
    outcome = simulate_pool(IN_PROCESSES[regime], workers=workers, cores=cores, calls=3000 + 10 * workers, seed=2)
    demands = StationDemands(parallel=outcome.drawn.parallel, delay=outcome.drawn.delay)
    pool = ProcessPool(demands, Cores(cores), outcome.drawn.parent, workers)
    assert pool.throughput(workers, workers + 1) == pytest.approx(outcome.rate, rel=WITHIN)


@pytest.mark.parametrize(("regime", "cores", "workers", "calls"), [
    ("wait-bound", 2, 32, 100),
    ("GIL and waits", 2, 8, 50),
    ("core-bound", 4, 4, 30),
    ("all balanced", 4, 8, 40),
])  # fmt: skip
@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_whole_jobs_agree_with_the_simulation(regime: str, cores: int, workers: int, calls: int, spread: float) -> None:
    """The seconds of a short job, its last rounds and drain included, are within 15 % of the mean of many runs."""
    draw = exponential if spread else constant
    runs = [
        simulate_threads(ON_THREADS[regime], workers=workers, cores=cores, calls=calls, seed=seed, draw=draw).makespan
        for seed in range(60 if spread else 1)
    ]
    work = ON_THREADS[regime]
    rate = throughput_curve(
        StationDemands(work.locked, work.blocked, work.parallel, work.delay, work.width), Cores(cores), workers
    )
    assert job_seconds(calls, workers, rate, spread) == pytest.approx(sum(runs) / len(runs), rel=0.15)


def test_one_worker_takes_its_own_time() -> None:
    """A call alone takes the sum of its parts: the holder of the GIL is not charged twice for its core."""
    demands = StationDemands(locked=0.2, blocked=0.1, parallel=0.6, delay=0.3, width=2.0, contended=5.0)
    assert demands.alone(Cores(4)) == pytest.approx(0.9)
    assert throughput_curve(demands, Cores(4), 1) == [0.0, pytest.approx(1 / 0.9)]


def test_one_core_is_never_idle() -> None:
    """On one core, calls that never wait complete at the rate of their computing, however it is split."""
    rates = station_rates(StationDemands(locked=0.3, parallel=0.7), Cores(1), 50)
    assert rates[1:] == pytest.approx([1.0] * 50)


def test_single_server_with_delay_is_the_textbook_recursion() -> None:
    """Lock and delay alone agree with exact mean-value analysis (Reiser and Lavenberg)."""
    service, delay, queue = 0.1, 1.0, 0.0
    curve = throughput_curve(StationDemands(locked=service, delay=delay), Cores(1), 16)
    for population in range(1, 17):
        response = service * (1 + queue)
        rate = population / (delay + response)
        queue = rate * response
        assert curve[population] == pytest.approx(rate)


def test_enough_cores_make_everything_a_delay() -> None:
    """With a core for each worker and no lock, workers do not slow each other."""
    curve = throughput_curve(StationDemands(parallel=0.5, delay=0.5), Cores(64), 64)
    assert curve == pytest.approx([float(n) for n in range(65)])


def test_two_workers_on_two_cores_are_not_slowed() -> None:
    """Two workers on two cores, where the Seidmann approximation is 20 % too low, are exact."""
    assert throughput_curve(StationDemands(parallel=1.0), Cores(2), 2)[2] == pytest.approx(2.0)


def test_busy_cores_are_slower() -> None:
    """The speed of a core falls linearly from one busy core to all."""
    cores = Cores(5, scaling=0.6)
    assert [cores.share(n) for n in (1, 3, 5)] == pytest.approx([1.0, 0.8, 0.6])
    assert cores.share(10) == pytest.approx(0.3)


def test_contention_costs_only_while_another_call_waits() -> None:
    """Contention slows two calls at the lock, but not one alone."""
    rates = station_rates(StationDemands(locked=1.0, contended=0.25), Cores(4), 3)
    assert rates[1] == pytest.approx(1.0)
    assert rates[3] == pytest.approx(0.8)


def test_wide_calls_crowd_each_other_out() -> None:
    """Two calls that each keep both cores busy gain nothing, and lose when their threads crowd each other."""
    wide = StationDemands(parallel=2.0, width=2.0)
    assert throughput_curve(wide, Cores(2), 2)[1:] == pytest.approx([1.0, 1.0])
    crowded = StationDemands(parallel=2.0, width=2.0, crowding=1.0)
    assert throughput_curve(crowded, Cores(2), 2)[1:] == pytest.approx([1.0, 0.5])


def test_parent_sets_the_pace_when_it_has_most_to_do() -> None:
    """A parent that needs longer per task than all workers together is the serial part of Amdahl's law."""
    busy, idle = (ProcessPool(StationDemands(parallel=1.0), Cores(64), parent, 32) for parent in (0.5, 0.0))
    assert busy.throughput(32, 33) == pytest.approx(2.0, rel=1e-6)
    assert idle.throughput(32, 33) == pytest.approx(32.0)


def test_exact_and_aggregated_pools_meet() -> None:
    """Four workers (solved exactly) and five (aggregated) lie on one curve of falling gains."""
    pool = ProcessPool(StationDemands(parallel=0.3, delay=0.7), Cores(2), 0.01, 8)
    rates = [pool.throughput(n, n + 1) for n in range(2, 8)]
    gains = [later - earlier for earlier, later in itertools.pairwise(rates)]
    assert gains == sorted(gains, reverse=True)


def test_equal_tasks_go_in_rounds() -> None:
    """Ten equal waits of a second take three rounds with four workers, two with five."""
    rate = [float(n) for n in range(11)]
    assert job_seconds(10, 4, rate, spread=0.0) == pytest.approx(3.0)
    assert job_seconds(10, 5, rate, spread=0.0) == pytest.approx(2.0)


def test_exponential_tasks_drain() -> None:
    """As many exponential waits as workers take as long as the longest: the harmonic sum."""
    rate = [float(n) for n in range(11)]
    assert job_seconds(10, 10, rate, spread=1.0) == pytest.approx(sum(1 / n for n in range(1, 11)))


def test_a_single_server_has_neither_rounds_nor_drain() -> None:
    """A job limited by a single server takes its time per call, whatever the spread."""
    assert job_seconds(7, 3, [0.0, 2.0, 2.0, 2.0], spread=2.0) == pytest.approx(3.5)


def test_equal_tasks_get_an_exclusive_resource_one_after_another() -> None:
    """Four equal tasks that start at once and need a lock for a tenth of a second each end a tenth apart."""
    demands = StationDemands(locked=0.1, delay=9.9)
    rate = throughput_curve(demands, Cores(4), 4)
    assert job_seconds(4, 4, rate, spread=0.0) == pytest.approx(10.0, rel=0.01)
    assert job_seconds(4, 4, rate, spread=0.0, serial=0.1) == pytest.approx(10.3, rel=0.01)


@pytest.mark.parametrize(("spread", "idle"), [(0.2, 0.67), (0.4, 1.12), (0.6, 1.59), (1.5, 5.8)])
def test_drain_is_that_of_gamma_distributed_tasks(spread: float, idle: float) -> None:
    """32 workers that only wait drain as long as the longest of 32 residual lives exceeds the mean."""
    rate = [float(n) for n in range(33)]
    assert job_seconds(32_000, 32, rate, spread) - 1000 == pytest.approx(idle, rel=0.15)


@pytest.mark.parametrize(("calls", "workers"), [(50, 32), (80, 8), (80, 16), (80, 64), (200, 32)])
@pytest.mark.parametrize("share", [0.02, 0.06])
@pytest.mark.parametrize("spread", [0.01, 0.12])
def test_short_jobs_that_start_in_step_agree_with_the_simulation(
    calls: int, workers: int, share: float, spread: float
) -> None:
    """A few calls of 50 ms that wait once are within 12 %, although all want the GIL at the same time."""
    burst = Stretch("gil", 0.05 * share / 2)
    cut = (burst, Stretch("wait", 0.05 * (1 - share)), burst)
    runs = [threads_until_done(Calls(calls, cut, spread, seed=seed), Host(8), workers) for seed in (0, 1)]
    demands = StationDemands(locked=0.05 * share, delay=0.05 * (1 - share))
    expected = job_seconds(calls, workers, throughput_curve(demands, Cores(8), workers), spread, demands.locked)
    assert expected == pytest.approx(sum(runs) / len(runs), rel=0.12)


# The simulation itself, against what can be counted by hand


def test_simulated_python_takes_turns() -> None:
    """Two calls that hold the GIL for 12 ms take turns of 5 ms, and together take as long as one after another."""
    job = Calls(2, (Stretch("gil", 12e-3),))
    assert threads_until_done(job, Host(2), 2) == pytest.approx(24e-3)
    cold = threads_until_done(job, Host(2, cold=0.1), 2)
    assert cold == pytest.approx(26.4e-3, rel=0.02)


def test_simulated_hand_over_costs_the_holder_and_the_waiter() -> None:
    """Of two calls with a native part, the second gets the GIL once it is awake."""
    job = Calls(2, (Stretch("gil", 1e-3), Stretch("free", 3e-3)))
    assert threads_until_done(job, Host(2), 2) == pytest.approx(5e-3)
    assert threads_until_done(job, Host(2, hand_over=1e-4), 2) == pytest.approx(5.1e-3)


def test_simulated_hand_overs_add_up_where_bursts_alternate() -> None:
    """Two calls of two bursts hand the GIL over three times, and neither computes meanwhile."""
    job = Calls(2, (Stretch("gil", 1e-3), Stretch("free", 1e-5), Stretch("gil", 1e-3)))
    assert threads_until_done(job, Host(2), 2) == pytest.approx(4e-3)
    assert threads_until_done(job, Host(2, hand_over=1e-4), 2) == pytest.approx(4.3e-3)


def test_simulated_pool_has_a_gil_per_worker_and_one_parent() -> None:
    """Processes compute in parallel; the work of the parent for each chunk is serial."""
    job = Calls(8, (Stretch("gil", 0.1), Stretch("wait", 0.1)))
    assert processes_until_done(job, Host(8), 8) == pytest.approx(0.2)
    assert processes_until_done(job, Host(8), 4, chunk=2) == pytest.approx(0.4)
    assert processes_until_done(job, Host(8), 8, parent=0.3) == pytest.approx(8 * 0.3, rel=0.15)


@given(some.integers(1, 5000))
def test_sizes_reach_the_end_in_small_steps(most: int) -> None:
    """Populations grow from one to the last in steps of at most an eighth beyond sixteen."""
    chosen = population_sizes(most)
    assert (chosen[0], chosen[-1]) == (1, most)
    assert all(0 < b - a <= max(1, a / 8) for a, b in itertools.pairwise(chosen))


@settings(deadline=None, max_examples=60)
@given(demands_of_calls, some.integers(1, 128), some.integers(1, 256))
def test_rates_are_finite_and_within_every_bound(demands: StationDemands, cores: int, workers: int) -> None:
    """No demand, however extreme, exceeds a bound: the lock, the cores, and workers that are never delayed."""
    rate = throughput_curve(demands, Cores(cores), workers)[workers]
    bounds = [workers / demands.alone(Cores(cores)), cores / (demands.locked + demands.parallel)]
    if demands.locked + demands.blocked:
        bounds.append(1 / (demands.locked + demands.blocked))
    assert math.isfinite(rate)
    assert 0 < rate <= min(bounds) * (1 + 1e-6)


@settings(deadline=None, max_examples=60)
@given(demands_of_calls, seconds, some.integers(1, 128), some.integers(1, 64))
def test_pools_are_finite_and_within_every_bound(
    demands: StationDemands, parent: float, cores: int, workers: int
) -> None:
    """Pools whose parent needs a core too stay within their bounds."""
    rate = ProcessPool(demands, Cores(cores), parent, workers).throughput(workers, workers + 1)
    assert math.isfinite(rate)
    assert 0 < rate <= min(1 / parent, cores / (parent + demands.parallel)) * (1 + 1e-6)


@settings(deadline=None, max_examples=60)
@given(demands_of_calls, some.integers(1, 64), some.integers(1, 64), some.integers(1, 64))
def test_more_cores_are_never_slower(demands: StationDemands, few: int, more: int, workers: int) -> None:
    """Adding equal cores never lowers the rate, as long as hand-overs cost nothing."""
    lossless = replace(demands, contended=0.0)
    slow, fast = (throughput_curve(lossless, Cores(n), workers)[workers] for n in (few, few + more))
    assert fast >= slow * (1 - 1e-6)


@settings(deadline=None, max_examples=60)
@given(demands_of_calls, some.integers(1, 64), some.integers(1, 64))
def test_contention_costs_no_more_than_if_every_call_were_blocked(
    demands: StationDemands, cores: int, workers: int
) -> None:
    """Contention may grow with the cores, but costs no more than if it blocked every call.

    Crowding is left out: where calls crowd the cores, blocking some is a gain.
    """
    demands = replace(demands, crowding=0.0)
    never = replace(demands, contended=0.0)
    always = replace(demands, contended=0.0, blocked=demands.blocked + demands.contended)
    worst, rate, best = (throughput_curve(each, Cores(cores), workers)[workers] for each in (always, demands, never))
    assert worst * (1 - 1e-6) <= rate <= best * (1 + 1e-6)


def test_throughput_with_no_delay_is_the_station_alone() -> None:
    """Without a delay, all workers are always at the station."""
    assert throughput([0.0, 1.0, 1.5], 0.0, 2) == 1.5
