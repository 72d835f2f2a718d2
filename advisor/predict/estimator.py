"""From a profile to predicted seconds: every strategy at every worker count, each with a 90 % interval.

`demands` completes what the profile says of a call, `cost_functions` predict the job's seconds by queueing networks,
`feasibility` and `bottlenecks` say what cannot be done and what limits the rest, `intervals` how far the figures may be
off. The costs of pools come from the Machine; nothing is measured here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from advisor.models import Estimate, Job, Machine, Profile, Range, Strategy
from advisor.models.strategies import OWN_GIL, available_strategies
from advisor.predict.bottlenecks import explain_bottleneck, find_bottleneck, max_speedup, speedup_limit
from advisor.predict.clusters import on_cluster
from advisor.predict.cost_functions import predict
from advisor.predict.demands import Scenario, scenario_of
from advisor.predict.feasibility import counts_beyond_memory, feasible_counts, infeasibility, memory_needed
from advisor.predict.intervals import ranges
from advisor.predict.prediction import Prediction
from advisor.predict.queueing.pool_throughput import EXACT_WORKERS
from advisor.predict.shared_resources import safe_start_method
from advisor.predict.worker_counts import TOLERANCE, WorkerCounts, tolerance, worker_counts

MIN_GAIN = 1.10  # sequential wins unless something else is at least this much faster


def estimate(profile: Profile, job: Job, machine: Machine, *, max_workers: int | None = None) -> tuple[Estimate, ...]:
    """Estimate every strategy that the function and interpreter allow, at every worker count worth considering.

    Infeasible strategies are included and marked, with the reason. `max_workers` bounds the size of pools.
    """
    return tuple(
        estimate
        for strategy, scenario in _scenarios(profile, job, machine)
        for estimate in _all_estimates(strategy, scenario, worker_counts(strategy, scenario, max_workers))
    )


def shortlist(profile: Profile, job: Job, machine: Machine, *, max_workers: int | None = None) -> tuple[Estimate, ...]:
    """Return only the estimates that a verdict needs: the leader and the fastest of each strategy.

    If a strategy cannot be used at all, the first of its worker counts says why. If memory keeps it from being faster,
    the infeasible leader of those that do not fit is included as a reason. Intervals take most of the time, and are
    computed for these estimates only.
    """
    return tuple(
        estimate
        for strategy, scenario in _scenarios(profile, job, machine)
        for estimate in _best_estimates(strategy, scenario, worker_counts(strategy, scenario, max_workers))
    )


def fastest_seconds(
    profile: Profile, job: Job, machine: Machine, *, max_workers: int | None = None
) -> dict[Strategy, float]:
    """Return the expected seconds of every feasible strategy at its best worker count, without intervals."""
    seconds: dict[Strategy, float] = {}
    for strategy, scenario in _scenarios(profile, job, machine):
        counts = feasible_counts(strategy, scenario, worker_counts(strategy, scenario, max_workers))
        if counts:
            seconds[strategy] = min(map(_seconds, _competitive_predictions(strategy, scenario, counts)))
    return seconds


def leaders(estimates: Sequence[Estimate]) -> dict[Strategy, Estimate]:
    """Return, for each strategy, the smallest worker count within `Estimate.tolerance` of its best.

    An infeasible one where none is feasible.
    """
    chosen: dict[Strategy, Estimate] = {}
    for strategy in dict.fromkeys(estimate.strategy for estimate in estimates):
        group = sorted((each for each in estimates if each.strategy == strategy), key=lambda each: each.workers)
        candidates = [each for each in group if each.feasible] or group
        limit = candidates[0].tolerance * min(each.seconds.expected for each in candidates)
        chosen[strategy] = next(each for each in candidates if each.seconds.expected <= limit)
    return chosen


def _all_estimates(strategy: Strategy, scenario: Scenario, counts: Sequence[int]) -> list[Estimate]:
    workers = WorkerCounts(counts, counts)
    return _estimates(strategy, scenario, workers, predict(strategy, scenario, workers))


def _best_estimates(strategy: Strategy, scenario: Scenario, counts: Sequence[int]) -> list[Estimate]:
    predictions = _competitive_predictions(strategy, scenario, counts)
    fastest = min(predictions, key=_seconds)
    leader = _leader(predictions, tolerance(strategy, scenario))
    best = [leader] if leader is fastest else [leader, fastest]
    best += _faster_with_more_memory(strategy, scenario, counts, fastest)
    workers = WorkerCounts(counts, [prediction.workers for prediction in best])
    return _estimates(strategy, scenario, workers, best)


def _competitive_predictions(strategy: Strategy, scenario: Scenario, counts: Sequence[int]) -> list[Prediction]:
    """Predict every feasible worker count that may come near the best, or the first count if none is feasible.

    Small process pools whose calls wait take long to solve, and are seldom what such calls need.
    """
    feasible = feasible_counts(strategy, scenario, counts) or counts[:1]
    exact = strategy in OWN_GIL and scenario.call.wait > 0
    small = [count for count in feasible if count <= EXACT_WORKERS] if exact else []
    large = feasible[len(small) :]
    if not small or not large:
        return predict(strategy, scenario, WorkerCounts(counts, feasible))
    predictions = predict(strategy, scenario, WorkerCounts(counts, large))
    limit = TOLERANCE * min(predictions, key=_seconds).seconds
    competitive = [count for count in small if scenario.min_seconds(count) <= limit]
    if competitive:
        predictions = predict(strategy, scenario, WorkerCounts(counts, competitive)) + predictions
    return predictions


def _faster_with_more_memory(
    strategy: Strategy, scenario: Scenario, counts: Sequence[int], best: Prediction
) -> list[Prediction]:
    """Return the leader of the worker counts that do not fit into the memory, if it is faster than the best."""
    too_large = counts_beyond_memory(strategy, scenario, counts)
    if not too_large:
        return []
    predictions = predict(strategy, scenario, WorkerCounts(counts, too_large))
    leader = _leader(predictions, tolerance(strategy, scenario))
    return [leader] if leader.seconds * TOLERANCE < best.seconds else []


def _leader(predictions: Sequence[Prediction], within: float) -> Prediction:
    """Return the smallest worker count within this factor of the fastest."""
    limit = within * min(predictions, key=_seconds).seconds
    return next(prediction for prediction in predictions if prediction.seconds <= limit)


def _seconds(prediction: Prediction) -> float:
    return prediction.seconds


def _estimates(
    strategy: Strategy, scenario: Scenario, workers: WorkerCounts, predictions: Sequence[Prediction]
) -> list[Estimate]:
    seconds = ranges(strategy, scenario, workers, predictions)
    return [_estimate(strategy, scenario, *pair) for pair in zip(predictions, seconds, strict=True)]


def _estimate(strategy: Strategy, scenario: Scenario, prediction: Prediction, seconds: Range) -> Estimate:
    reason = infeasibility(strategy, scenario, prediction.workers)
    memory = memory_needed(strategy, scenario, prediction.workers)
    scenario = on_cluster(scenario) if strategy == "cluster" else scenario
    station = find_bottleneck(scenario, prediction)
    limit = speedup_limit(strategy, scenario, prediction, station)
    return Estimate(
        strategy=strategy,
        workers=prediction.workers,
        start_method=scenario.start_method,
        chunk=prediction.chunk,
        seconds=seconds,
        bottleneck=station,
        start_up=prediction.start_up,
        memory=memory,
        feasible=not reason,
        tolerance=tolerance(strategy, scenario),
        why=reason or explain_bottleneck(strategy, scenario, prediction, station),
        limit=None if math.isinf(limit) else limit,
        max_speedup=max_speedup(strategy, scenario, prediction, station),
    )


def _scenarios(profile: Profile, job: Job, machine: Machine) -> Iterator[tuple[Strategy, Scenario]]:
    """Yield each available strategy with its scenario, in which worker processes start in a safe way."""
    scenario = scenario_of(profile, job, machine)
    version, cluster = machine.python.version, machine.cluster is not None
    for strategy in available_strategies(version, coroutine=profile.coroutine, cluster=cluster):
        method = safe_start_method(strategy, profile, machine)
        yield strategy, replace(scenario, machine=machine.started_by(method), start_method=method)
