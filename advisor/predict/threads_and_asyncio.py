"""Strategies within one process: a plain loop, threads, an event loop.

The GIL is the lock of the queueing network for threads, and the event loop that for asyncio.
"""

from __future__ import annotations

import math
from dataclasses import replace

from advisor.predict.demands import Scenario
from advisor.predict.prediction import Prediction, Station
from advisor.predict.queueing.makespan import drain_times, job_seconds
from advisor.predict.queueing.network import throughput_curve
from advisor.predict.queueing.stations import StationDemands
from advisor.predict.worker_counts import WorkerCounts

SWITCH_INTERVAL = 5e-3  # sys.getswitchinterval(): how long pure Python keeps the GIL that another thread wants
GIL_CONTENTION = 0.07  # of the GIL's time, lost while others want it: pure Python on threads was seen to lose 0 to 20 %
# Without a GIL: of a call's computing, lost while all cores compute, to reference counts, locks and memory that threads
# share. Of 22 functions of pure Python on two cores with 3.13t, threads reached 0.4 to 1.05 times what the cores allow,
# 0.8 at the median. The two that write a global or draw from the global random generator were slower than a loop.
NO_GIL_CONTENTION = 0.2
NO_GIL_CONTENTION_WRITING = 1.2
# Of a core's speed, lost per wanted core beyond one per core, by native thread pools that run side by side in threads;
# some libraries share one pool. Two threads took from 0.77 to 2.1 times as long as a loop.
CROWDING_IN_THREADS = 0.6
WIDE_CALL = 1.5  # mean cores in use by a call that runs a thread pool of its own
# Of a call's computing, lost at most to hand-overs of the GIL: calls that release it every 4 µs took 2 to 5 times as
# long on threads, though each hand-over cost less than it does where bursts are long.
MAX_HAND_OVER_LOSS = 2.0
# Hand-overs that a thread pool adds per task: its result wakes the thread that waits for it, and the worker and the
# queue of tasks wait for each other. Two threads took twice as long for calls of 7 to 70 µs as without these.
POOL_HAND_OVERS = 3.0
# Per piece of native memory in a result: the main thread gives it back to the arena from which its maker takes new
# pieces, if that computes without the GIL meanwhile. Of trees that lxml parsed on two cores, 11 to 30 ns of the cores'
# time per piece were lost with up to 16,000 pieces, and 72 to 124 ns beyond 33,000, which leave a core's cache
# (`python -m benchmarks.native_results`).
PIECE, PIECE_BEYOND_CACHE = 20e-9, 85e-9
PIECES_WITHIN_CACHE, PIECES_BEYOND_CACHE = 15_000, 40_000
MAIN_THREAD_SHARE = 0.3  # of that time; the main thread holds the GIL meanwhile
ASYNCIO_TASK = 8e-6  # a task created, awaited under a semaphore and collected: 7-9 µs with CPython 3.11


def predict_sequential(scenario: Scenario, workers: WorkerCounts) -> list[Prediction]:
    """Predict a plain loop."""
    each, waiting = scenario.sequential_call, scenario.call.off_core
    demands: dict[Station, float] = {"cores": each - waiting, "wait": waiting}
    seconds = scenario.job.calls * each + scenario.warm_up
    return [Prediction(count, seconds, 1 / each, demands) for count in workers.requested]


def predict_threads(scenario: Scenario, workers: WorkerCounts) -> list[Prediction]:
    """Predict a thread pool, with or without a GIL."""
    free_threaded = scenario.machine.python.free_threaded
    if free_threaded:
        scenario = _without_gil(scenario)
    call, deallocation = scenario.call, _deallocation_seconds(scenario)
    task = scenario.machine.thread_task + scenario.event_loop_overhead + MAIN_THREAD_SHARE * deallocation
    makers = (1.0 - MAIN_THREAD_SHARE) * deallocation
    if free_threaded:
        demands = StationDemands(parallel=call.cpu + task + makers, delay=call.off_core, width=call.mean_width)
    else:
        demands = StationDemands(
            locked=call.gil + task,
            blocked=call.blocked,
            parallel=call.free + makers,
            delay=call.wait,
            width=call.width,
            contended=gil_contention(scenario),
            crowding=CROWDING_IN_THREADS if call.mean_width > WIDE_CALL else 0.0,
        )
    return _predict_shared_lock(scenario, demands, workers, scenario.machine.thread_start)


def predict_asyncio(scenario: Scenario, workers: WorkerCounts) -> list[Prediction]:
    """Predict an event loop, which runs all computing, native code included, and stands still while a call blocks it.

    Child programs are awaited, unless a call waits for them in the loop's thread.
    """
    call, profile = scenario.call, scenario.profile
    on_loop = call.gil + call.native / call.width + ASYNCIO_TASK
    waiting = _blocked_share(profile.loop_blocked or 0.0, profile.wait)
    in_child = _blocked_share((profile.loop_blocked or 0.0) - (profile.wait or 0.0), profile.child_cpu)
    demands = StationDemands(
        locked=on_loop,
        blocked=call.blocked + waiting * call.wait + in_child * call.child / call.width,
        parallel=(1.0 - in_child) * call.child,
        delay=(1.0 - waiting) * call.wait,
    )
    return _predict_shared_lock(scenario, demands, workers, start_each=0.0)


def _blocked_share(blocked: float, seconds: float | None) -> float:
    return min(1.0, max(0.0, blocked) / seconds) if seconds else 0.0


def _deallocation_seconds(scenario: Scenario) -> float:
    """Return the core seconds lost while one thread gives a result's memory back and others take theirs."""
    call, pieces = scenario.call, scenario.profile.result_pieces
    return deallocation_per_piece(pieces) * pieces * call.native / call.cpu if pieces and call.native else 0.0


def deallocation_per_piece(pieces: float) -> float:
    """Return the core seconds per piece of native memory that another thread gives back than the one that took it."""
    beyond = (pieces - PIECES_WITHIN_CACHE) / (PIECES_BEYOND_CACHE - PIECES_WITHIN_CACHE)
    return PIECE + (PIECE_BEYOND_CACHE - PIECE) * min(1.0, max(0.0, beyond))


def _without_gil(scenario: Scenario) -> Scenario:
    """Slow the cores by what threads lose to the objects that they share, when all of them compute in Python."""
    effects = scenario.profile.side_effects
    writes = effects is not None and bool(effects.globals_written or effects.random_shared)
    lost = (NO_GIL_CONTENTION_WRITING if writes else NO_GIL_CONTENTION) * scenario.python_share
    scaling = scenario.machine.core_scaling / (1.0 + lost)
    return replace(scenario, machine=scenario.machine.model_copy(update={"core_scaling": scaling}))


def _predict_shared_lock(
    scenario: Scenario, demands: StationDemands, workers: WorkerCounts, start_each: float
) -> list[Prediction]:
    """Predict calls that share a lock (the GIL, an event loop); starting a worker takes `start_each` seconds."""
    calls, spread, warm_up = scenario.job.calls, scenario.spread, scenario.warm_up
    limit = scenario.max_throughput(processes=False)
    curve = throughput_curve(demands, scenario.cores, max(workers.candidates), max(workers.requested))
    rate = [min(per_second, limit) for per_second in curve]
    drained = drain_times(rate)
    exclusive = demands.locked + demands.blocked
    lock, cores = exclusive + demands.contended, (demands.locked + demands.parallel) / scenario.capacity
    predictions = []
    for count in workers.requested:
        start_up = start_each * count
        seconds = job_seconds(calls, count, rate, spread, exclusive, drained) + start_up + warm_up
        per_call: dict[Station, float] = {"gil": lock, "cores": cores, "wait": max(demands.delay / count, 1.0 / limit)}
        predictions.append(Prediction(count, seconds, rate[count], per_call, start_up, contention=demands.contended))
    return predictions


def gil_contention(scenario: Scenario) -> float:
    """Return the GIL seconds that a call loses while others want the GIL: hand-overs, and Python that must release it.

    A hand-over is lost each time a call returns from waiting or releases the GIL. Where it is released every few µs, a
    hand-over costs no more than a few such bursts: often the GIL is taken back before another thread is awake. More
    cores bring more threads back to the GIL at once, so this part alone may grow with the cores.
    """
    call, profile = scenario.call, scenario.profile
    waits = profile.switches if profile.switches is not None else float(call.wait > 0)
    releases = max(1.0 + waits, profile.gil_releases or 0.0)
    computing = call.gil + call.native / call.width + scenario.machine.thread_task
    hand_overs = min((POOL_HAND_OVERS + releases) * scenario.machine.gil_switch, MAX_HAND_OVER_LOSS * computing)
    burst = call.gil / (releases - 1.0) if releases >= 2.0 else math.inf
    return hand_overs + GIL_CONTENTION * call.gil * min(1.0, burst / SWITCH_INTERVAL)
