"""Strategies whose workers have an interpreter each, fed by a parent that pickles, sends and collects."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from advisor.predict.chunk_sizes import PIPE_BYTES, process_chunks
from advisor.predict.demands import Scenario
from advisor.predict.pickling_cost import payloads
from advisor.predict.prediction import Prediction, Station
from advisor.predict.queueing.makespan import job_seconds
from advisor.predict.queueing.pool_throughput import ProcessPool
from advisor.predict.queueing.stations import StationDemands
from advisor.predict.threads_and_asyncio import WIDE_CALL
from advisor.predict.worker_counts import WorkerCounts

# Of a core's speed, lost per wanted core beyond one per core, by native thread pools side by side. On two cores, two
# processes with two native threads each took from 0.75 to 8.7 times as long as a loop: 2.9 at the geometric mean.
CROWDING = 2.0
# Seen with CPython 3.11 on a shared two-core host.
FORK_BYTE = 20e-12  # a fork copies the page tables of its parent: 1.9, 2.4 and 4.0 ms with 25, 57 and 131 MB
# For each call in a chunk of several, besides pickling: to make the chunk and to hand out its results, and to call the
# function by the worker's loop. CPU time beyond that of a plain loop: 0.33 to 0.38 and 0.11 to 0.13 µs with 3.11.
ITEM_IN_PARENT = 0.35e-6
ITEM_IN_WORKER = 0.12e-6
WORKER_BYTE = 0.4  # of a pipe's seconds per byte, which are the parent's, in a worker; seen between 0.3 and 1


def predict_processes(scenario: Scenario, workers: WorkerCounts) -> list[Prediction]:
    """Predict a pool of processes."""
    chunks = process_chunks(scenario, workers.candidates)
    return _predict_pools(scenario, workers, chunks, _process_task, _process_start)


def predict_interpreters(scenario: Scenario, workers: WorkerCounts) -> list[Prediction]:
    """Predict a pool of subinterpreters, whose `map` ignores `chunksize`."""
    chunks = {count: [1] for count in workers.candidates}
    return _predict_pools(scenario, workers, chunks, _interpreter_task, _interpreter_start)


class Chunk(NamedTuple):
    """A chunk of calls sent to a worker with an interpreter of its own."""

    parent: float  # seconds of the parent: its half of the pickling, the pipe
    demands: StationDemands
    ahead: bool  # small enough to be sent before a worker asks for it


TaskOf = Callable[[Scenario, int], Chunk]  # of a chunk of so many calls
StartUp = Callable[[Scenario, int], float]  # seconds to start so many workers


def _predict_pools(
    scenario: Scenario,
    workers: WorkerCounts,
    chunks: Mapping[int, Sequence[int]],
    task_of: TaskOf,
    start_up: StartUp,
) -> list[Prediction]:
    """Predict each worker count with the best of its candidate chunks."""
    best: dict[int, Prediction] = {}
    for chunk in dict.fromkeys(chunk for count in workers.requested for chunk in chunks[count]):
        largest = max(count for count, sizes in chunks.items() if chunk in sizes)
        counts = WorkerCounts((largest,), [count for count in workers.requested if chunk in chunks[count]])
        for prediction in _predict_pool(scenario, task_of(scenario, chunk), counts, chunk, start_up):
            known = best.get(prediction.workers)
            if known is None or prediction.seconds < known.seconds:
                best[prediction.workers] = prediction
    return [best[count] for count in workers.requested]


def _predict_pool(
    scenario: Scenario, task: Chunk, workers: WorkerCounts, chunk: int, start_up: StartUp
) -> Iterator[Prediction]:
    """Predict each worker count with chunks of one size."""
    cores, capacity = scenario.cores, scenario.capacity
    warm_up, spread = scenario.warm_up, scenario.spread / math.sqrt(chunk)
    pool = ProcessPool(task.demands, cores, task.parent, max(workers.candidates), max(workers.requested))
    limit = scenario.max_throughput(processes=True) / chunk
    tasks = math.ceil(scenario.job.calls / chunk)
    first_task = task.parent + task.demands.alone(cores)  # it is not sent ahead
    for count in workers.requested:
        queued = count + 1 if task.ahead else 1  # concurrent.futures.process: EXTRA_QUEUED_CALLS
        throughput = min(pool.throughput(count, queued), limit)
        rate = [alone if alone < throughput else throughput for alone in pool.beside_idle_parent[: count + 1]]
        seconds = job_seconds(tasks, count, rate, spread)
        last_result = task.parent / 2 if tasks * task.parent < seconds else 0.0
        started = start_up(scenario, count)
        demands: dict[Station, float] = {
            "parent": task.parent / chunk,
            "cores": (task.parent + task.demands.parallel) / chunk / capacity,
            "wait": max(task.demands.delay / count, 1.0 / limit) / chunk,
        }
        total = max(seconds + last_result, first_task) + started + scenario.on_every_worker(warm_up, count)
        yield Prediction(count, total, throughput * chunk, demands, started, chunk)


def _process_task(scenario: Scenario, chunk: int) -> Chunk:
    machine, (once, each) = scenario.machine, payloads(scenario.profile)
    parent = machine.process_task + once.seconds / 2 + machine.process_byte * once.bytes
    parent += chunk * (each.seconds / 2 + machine.process_byte * each.bytes)
    items = chunk if chunk > 1 else 0  # alone, a call's are part of the cost of a task
    parent += items * ITEM_IN_PARENT
    ahead = once.sent + chunk * each.sent < PIPE_BYTES
    read = WORKER_BYTE * machine.process_byte * (once.bytes + chunk * each.bytes)
    return Chunk(
        parent, _worker_demands(scenario, chunk, machine.process_task_worker + read + items * ITEM_IN_WORKER), ahead
    )


def _interpreter_task(scenario: Scenario, chunk: int) -> Chunk:
    """Return a task whose pickles are handed over in memory.

    A worker's thread does that, with the GIL of the interpreter that has the pool, so all workers share this parent.
    """
    once, each = payloads(scenario.profile)
    parent = scenario.machine.interpreter_task + (once.seconds + chunk * each.seconds) / 2
    return Chunk(parent, _worker_demands(scenario, chunk, scenario.machine.thread_task), ahead=True)


def _worker_demands(scenario: Scenario, chunk: int, task: float) -> StationDemands:
    call, (once, each) = scenario.call, payloads(scenario.profile)
    per_call = call.cpu + scenario.event_loop_overhead + each.seconds / 2
    return StationDemands(
        parallel=chunk * per_call + task + once.seconds / 2,
        delay=chunk * call.off_core,
        width=call.mean_width,
        crowding=CROWDING if call.mean_width > WIDE_CALL else 0.0,
    )


def _process_start(scenario: Scenario, workers: int) -> float:
    machine, profile = scenario.machine, scenario.profile
    seconds = machine.process_start + machine.process_start_each * (workers - 1)
    if machine.start_method == "fork":
        return seconds + FORK_BYTE * (profile.idle_memory or 0) * workers
    return seconds + scenario.on_every_worker(profile.import_seconds or 0.0, workers)


def _interpreter_start(scenario: Scenario, workers: int) -> float:
    """Return the seconds until every worker's thread has started its interpreter, in parallel on the cores."""
    seconds = scenario.machine.interpreter_start + (scenario.profile.import_seconds or 0.0)
    return scenario.on_every_worker(seconds, workers)
