"""The worker counts to consider for each strategy: how many threads, processes or concurrent coroutines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from advisor.models import Strategy
from advisor.models.strategies import OWN_GIL
from advisor.predict.cluster_chunks import threads_of
from advisor.predict.demands import Scenario
from advisor.predict.queueing.network import population_sizes
from advisor.predict.shared_resources import max_threads

MAX_THREADS = 256
MAX_PROCESSES = 512
MIN_MAX_PROCESSES = 64  # calls that wait may use this many on a small host
ASYNCIO_COUNTS = (2, 3, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 1000)  # concurrent calls

# The smallest worker count within this factor of the best wins, since each worker costs memory. A thread or a coroutine
# costs little, and where calls wait the measured curves bend at more workers than the predicted ones: of 28 recorded
# curves, the chosen workers took 1.08 times as long as the best count with 2 % (geometric mean), and 1.04 with a
# thousandth. For calls that compute, more threads were worse.
TOLERANCE = 1.02
TOLERANCE_WAITING = 1.001
MOSTLY_COMPUTING = 0.2  # up to this share of a call's time spent waiting


class WorkerCounts(NamedTuple):
    """The worker counts to predict, and the candidates, whose largest fixes where curves are solved."""

    candidates: Sequence[int]
    requested: Sequence[int]


def worker_counts(strategy: Strategy, scenario: Scenario, max_workers: int | None) -> list[int]:
    """Return the worker counts of a strategy that are worth considering, at most `max_workers` for pools."""
    calls, cores = scenario.job.calls, scenario.machine.cores
    if strategy == "sequential" or calls == 1:
        return [1]
    if strategy == "asyncio":
        return sorted({count for count in ASYNCIO_COUNTS if count < calls} | {min(calls, ASYNCIO_COUNTS[-1])})
    if strategy == "cluster" and scenario.machine.cluster is not None:
        return [min(threads_of(scenario.machine.cluster), calls, max_workers or calls)]
    largest = MAX_THREADS if strategy == "threading" else _max_processes(scenario)
    if strategy == "threading":
        largest = max_threads(scenario.profile, scenario.machine) or largest
    largest = min(largest, calls, max_workers or calls)
    return sorted({*population_sizes(largest), min(cores, largest), largest} - {1})


def _max_processes(scenario: Scenario) -> int:
    """Return twice the number of cores, or more where calls wait; further processes would only cost."""
    cores, call = scenario.machine.cores, scenario.call
    computing = max(call.cpu, 1e-6 * call.wall)
    useful = min(3 * cores * call.wall / computing, max(MIN_MAX_PROCESSES, 4 * cores))
    return int(min(max(2 * cores, useful), MAX_PROCESSES))


def tolerance(strategy: Strategy, scenario: Scenario) -> float:
    """Return the factor of the best time within which the smallest worker count is preferred."""
    waits = scenario.call.off_core > MOSTLY_COMPUTING * scenario.call.wall
    return TOLERANCE_WAITING if waits and strategy not in OWN_GIL else TOLERANCE
