"""Processes with a lock each on shared cores, against limits in closed form and against a simulation."""

from __future__ import annotations

import random

import pytest

from advisor.predict.queueing.network import throughput_curve
from advisor.predict.queueing.several_locks import LockedHost, fed_throughput, locks_in_use
from advisor.predict.queueing.stations import Cores, StationDemands

CALLS = 20_000
WITHIN = 0.02
POINTS = [
    (1, 4, 4, StationDemands(locked=0.5, parallel=0.5)),
    (2, 2, 4, StationDemands(locked=0.5, parallel=0.5)),
    (4, 2, 8, StationDemands(locked=0.25, parallel=0.75)),
    (4, 4, 8, StationDemands(locked=0.1, parallel=0.4, delay=0.5)),
    (2, 8, 4, StationDemands(locked=0.2, delay=0.8)),
    (8, 2, 8, StationDemands(locked=0.6, delay=0.4)),
    (2, 2, 2, StationDemands(locked=0.3, parallel=0.3, delay=0.4)),
    (3, 3, 2, StationDemands(locked=0.3, parallel=0.2, delay=0.5, contended=0.1)),
]


@pytest.mark.parametrize(("processes", "threads_each", "cores", "demands"), POINTS)
def test_throughput_agrees_with_a_simulation(
    processes: int, threads_each: int, cores: int, demands: StationDemands
) -> None:
    """The locks and cores of a host complete as many calls as in an event-by-event simulation."""
    host = LockedHost(demands, Cores(cores), processes, threads_each)
    simulated = _simulated(demands, cores, processes, threads_each)
    assert host.throughput() == pytest.approx(simulated, rel=WITHIN)
    assert host.curve()[-1] == pytest.approx(host.throughput())


def test_one_process_is_the_network_of_one_lock() -> None:
    """A single process has the curve of threads that share a GIL."""
    demands = StationDemands(locked=0.2, parallel=0.5, delay=0.3, contended=0.05)
    assert LockedHost(demands, Cores(4), 1, 12).curve() == pytest.approx(throughput_curve(demands, Cores(4), 12))


def test_processes_with_one_thread_need_no_lock() -> None:
    """Locks without rivals change nothing: as many processes as cores make as many calls as cores."""
    demands = StationDemands(locked=0.9, parallel=0.1, contended=5.0)
    assert LockedHost(demands, Cores(6), 6, 1).throughput() == pytest.approx(6.0)


def test_locks_limit_each_process() -> None:
    """Two processes whose calls always hold the lock make two calls at once, however many threads they have."""
    host = LockedHost(StationDemands(locked=1.0), Cores(16), 2, 8)
    assert host.throughput() == pytest.approx(2.0)


def test_every_lock_is_busy_when_every_thread_wants_one() -> None:
    """The number of busy locks goes from one, for a single call, to all; lone threads never wait for a lock."""
    locks = locks_in_use(4, 3)
    assert locks.busy[0] == 0
    assert locks.busy[1] == pytest.approx(1.0)
    assert locks.busy[12] == pytest.approx(4.0)
    assert list(locks.busy) == sorted(locks.busy)
    assert locks.contended[1] == pytest.approx(0.0)
    assert locks.contended[12] == pytest.approx(1.0)
    assert locks_in_use(5, 1).busy == pytest.approx([0, 1, 2, 3, 4, 5])


def test_a_server_in_front_of_workers_limits_them() -> None:
    """A slow server sets the pace, a fast one lets the workers set it, and tasks sent ahead help in between."""
    workers = [0.0, 1.0, 2.0]
    assert fed_throughput(workers, 2.0, [0.01] * 3, queued=2) == pytest.approx(0.01, rel=1e-3)
    assert fed_throughput(workers, 2.0, [1e6] * 3, queued=2) == pytest.approx(2.0, rel=1e-5)
    few, many = (fed_throughput(workers, 2.0, [2.0] * 3, queued=queued) for queued in (1, 20))
    assert few < many < 2.0


def _simulated(demands: StationDemands, cores: int, processes: int, threads_each: int) -> float:
    """Return the calls per second of a Markov chain with a state for each process."""
    draw = random.Random(1)
    at_lock, past, waiting = [threads_each] * processes, [0] * processes, [0] * processes
    seconds, completed = 0.0, 0
    while completed < CALLS:
        share = min(1.0, cores / max(1, sum(map(bool, at_lock)) + sum(past)))
        rates = []
        for process in range(processes):
            if at_lock[process]:
                contended = demands.contended if at_lock[process] > 1 else 0.0
                rates.append((1 / (demands.locked / share + contended), process, "lock"))
            if past[process]:
                rates.append((past[process] * share / demands.parallel, process, "past"))
            if waiting[process]:
                rates.append((waiting[process] / demands.delay, process, "wait"))
        seconds += 1 / sum(rate for rate, _, _ in rates)
        _, process, event = draw.choices(rates, [rate for rate, _, _ in rates])[0]
        leaves = {"lock": at_lock, "past": past, "wait": waiting}[event]
        leaves[process] -= 1
        if event == "lock" and demands.parallel:
            past[process] += 1
        elif event != "wait" and demands.delay:
            waiting[process] += 1
        else:
            at_lock[process] += 1
            completed += 1
    return completed / seconds
