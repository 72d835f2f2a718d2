"""From a profile to predicted seconds: every strategy at every worker count, each with a 90 % interval.

`call` completes what the profile says of a call, `strategies` predicts the job's seconds by queueing networks, `limits`
says what bounds them, `intervals` how far they may be off. What a pool costs is the Machine's to say; nothing is
measured here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from advisor.models import Estimate, Job, Machine, Profile, Range, Strategy
from advisor.models.strategies import OWN_GIL, available_strategies
from advisor.predict.bottlenecks import bottleneck, limit, memory_needed, most, obstacle, possible, too_large, why
from advisor.predict.demands import Call, Case, call_parts, case_of
from advisor.predict.intervals import ranges
from advisor.predict.queueing import FEW_WORKERS, sizes
from advisor.predict.strategies import (
    CROWDING,
    CROWDING_IN_THREADS,
    GIL_CONTENTION,
    PIPE_BYTES,
    Crews,
    Prediction,
    predict,
)

__all__ = [
    "CROWDING",
    "CROWDING_IN_THREADS",
    "GIL_CONTENTION",
    "MIN_GAIN",
    "PIPE_BYTES",
    "Call",
    "call_parts",
    "case_of",
    "estimate",
    "leaders",
    "shortlist",
]

MIN_GAIN = 1.10  # sequential wins unless something else is at least this much faster
# The smallest worker count within this factor of the best, since each worker costs memory. A thread or a coroutine
# costs next to none, and where calls wait the knee of the measured curves is at more workers than that of the predicted
# ones: of 28 recorded curves, the workers chosen took 1.08 times as long as the best number with 2 % (geometric mean),
# and 1.04 with a thousandth. Of calls that compute, more threads were worse.
GOOD_ENOUGH = 1.02
GOOD_ENOUGH_WAITING = 1.001
WAITING = 0.2  # of a call's time

MOST_THREADS = 256
MOST_PROCESSES = 512
FEW_PROCESSES = 64  # calls that wait may use this many on a small host
LIMITS = (2, 3, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 1000)  # of concurrent calls under asyncio


def estimate(profile: Profile, job: Job, machine: Machine, *, most: int | None = None) -> tuple[Estimate, ...]:
    """Every strategy this function and interpreter allow, at every worker count worth a look, up to `most` in a pool.

    What can't be done is there too, marked as infeasible with the reason.
    """
    case = case_of(profile, job, machine)
    return tuple(one for strategy in _strategies(case) for one in _every(strategy, case, most))


def shortlist(profile: Profile, job: Job, machine: Machine, *, most: int | None = None) -> tuple[Estimate, ...]:
    """Of all these estimates those that a verdict can rest on: of each strategy the leader and the fastest.

    Where a strategy can't be done at all, the first of its worker counts says why. Where memory keeps it from being
    faster, the leader of those that do not fit is there too, infeasible, since it is a reason for the verdict. The
    intervals take most of the time, and are left out for the others.
    """
    case = case_of(profile, job, machine)
    return tuple(one for strategy in _strategies(case) for one in _best(strategy, case, most))


def leaders(estimates: Sequence[Estimate]) -> dict[Strategy, Estimate]:
    """Return, for each strategy, the smallest worker count within `Estimate.tolerance` of its best.

    An infeasible one where none is feasible.
    """
    chosen: dict[Strategy, Estimate] = {}
    for strategy in dict.fromkeys(one.strategy for one in estimates):
        group = sorted((one for one in estimates if one.strategy == strategy), key=lambda one: one.workers)
        possible = [one for one in group if one.feasible] or group
        enough = possible[0].tolerance * min(one.seconds.expected for one in possible)
        chosen[strategy] = next(one for one in possible if one.seconds.expected <= enough)
    return chosen


def _every(strategy: Strategy, case: Case, most: int | None) -> list[Estimate]:
    workers = _worker_counts(strategy, case, most)
    crews = Crews(workers, workers)
    return _records(strategy, case, crews, predict(strategy, case, crews))


def _best(strategy: Strategy, case: Case, most: int | None) -> list[Estimate]:
    workers = _worker_counts(strategy, case, most)
    predictions = _promising(strategy, case, workers)
    fastest = min(predictions, key=_seconds)
    enough = _enough(strategy, case)
    leader = next(one for one in predictions if one.seconds <= enough * fastest.seconds)
    best = [leader] if leader is fastest else [leader, fastest]
    best += _without_memory(strategy, case, workers, fastest)
    return _records(strategy, case, Crews(workers, [one.workers for one in best]), best)


def _without_memory(strategy: Strategy, case: Case, workers: Sequence[int], best: Prediction) -> list[Prediction]:
    """What would be faster than the best, had the host the memory for it: the smallest that comes near its fastest."""
    large = too_large(strategy, case, workers)
    if not large:
        return []
    found = predict(strategy, case, Crews(workers, large))
    enough = _enough(strategy, case)
    leader = next(one for one in found if one.seconds <= enough * min(found, key=_seconds).seconds)
    return [leader] if leader.seconds * GOOD_ENOUGH < best.seconds else []


def _promising(strategy: Strategy, case: Case, workers: Sequence[int]) -> list[Prediction]:
    """With every feasible number of workers, but for a few that cannot come near the best; the first if none is.

    Small process pools whose calls wait are the ones that take long to solve, and seldom what such calls need.
    """
    feasible = possible(strategy, case, workers) or workers[:1]
    few = [one for one in feasible if one <= FEW_WORKERS] if strategy in OWN_GIL and case.call.wait else []
    many = feasible[len(few) :]
    if not few or not many:
        return predict(strategy, case, Crews(workers, feasible))
    found = predict(strategy, case, Crews(workers, many))
    enough = GOOD_ENOUGH * min(found, key=_seconds).seconds
    near = [one for one in few if case.at_least(one) <= enough]
    return (predict(strategy, case, Crews(workers, near)) if near else []) + found


def _enough(strategy: Strategy, case: Case) -> float:
    waits = case.call.wait + case.call.blocked > WAITING * case.call.wall
    return GOOD_ENOUGH_WAITING if waits and strategy not in OWN_GIL else GOOD_ENOUGH


def _seconds(one: Prediction) -> float:
    return one.seconds


def _records(strategy: Strategy, case: Case, crews: Crews, expected: Sequence[Prediction]) -> list[Estimate]:
    found = ranges(strategy, case, crews, expected)
    return [_record(strategy, case, one, seconds) for one, seconds in zip(expected, found, strict=True)]


def _record(strategy: Strategy, case: Case, one: Prediction, seconds: Range) -> Estimate:
    barred = obstacle(strategy, case, one.workers)
    station = bottleneck(case, one)
    named = limit(strategy, case, one, station)
    return Estimate(
        strategy=strategy,
        workers=one.workers,
        chunk=one.chunk,
        seconds=seconds,
        bottleneck=station,
        start_up=one.start_up,
        memory=memory_needed(strategy, case.profile, one.workers),
        feasible=not barred,
        tolerance=_enough(strategy, case),
        why=barred or why(strategy, case, one, station),
        limit=None if math.isinf(named) else named,
        max_speedup=most(strategy, case, one, station),
    )


def _strategies(case: Case) -> list[Strategy]:
    return available_strategies(case.machine.python.version, coroutine=case.profile.coroutine)


def _worker_counts(strategy: Strategy, case: Case, allowed: int | None) -> list[int]:
    calls, cores = case.job.calls, case.machine.cores
    if strategy == "sequential" or calls == 1:
        return [1]
    if strategy == "asyncio":
        return sorted({limit for limit in LIMITS if limit < calls} | {min(calls, LIMITS[-1])})
    most = min(MOST_THREADS if strategy == "threading" else _most_processes(case), calls, allowed or calls)
    return sorted({*sizes(most), min(cores, most), most} - {1})


def _most_processes(case: Case) -> int:
    """Twice as many as cores, more as far as calls wait: beyond that each further one only costs."""
    cores, call = case.machine.cores, case.call
    computing = max(call.cpu, 1e-6 * call.wall)
    useful = min(3 * cores * call.wall / computing, max(FEW_PROCESSES, 4 * cores))
    return int(min(max(2 * cores, useful), MOST_PROCESSES))
