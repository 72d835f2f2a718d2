"""The uncertainty of predictions: 90 % intervals, combined from half widths as logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from advisor.models import CLUSTER_COSTS, POOL_COSTS, START_COSTS, Cluster, Range, Strategy
from advisor.models.strategies import STRATEGIES
from advisor.predict.bottlenecks import Z90, oversubscribes
from advisor.predict.clusters import cluster_of, on_cluster
from advisor.predict.cost_functions import predict
from advisor.predict.demands import MIN_SECONDS, Scenario, call_demands, residual_part, with_warm_caches
from advisor.predict.feasibility import working_set
from advisor.predict.prediction import Prediction
from advisor.predict.worker_counts import WorkerCounts

MAX_HALF_WIDTH = 3.0  # a factor of 20 is as good as unknown
# For each doubling of the workers: calls that wait may meet limits at the other end that a lone call does not. Calls
# that compute, for each doubling beyond the cores: they evict each other from the caches.
_PER_DOUBLING_WAITING = 0.07
_PER_DOUBLING_COMPUTING = 0.06
_MIXED = 0.2  # where computing and waiting alternate in equal parts: a call that returns finds the cores busy
_GIL_ERROR = 0.45  # where the GIL sets the pace: hand-overs cost from nothing to several times the usual
_NO_GIL = 0.15
_NO_GIL_PYTHON = 0.45  # of 22 functions, seen from 0.8 of what the cores allow: half of that, to a quarter more
_NEGLIGIBLE = 1e-3  # of a call's wall time: a smaller error changes nothing
_CROWDING_ERROR = 0.9  # nothing lost, and 8.7 times slower, were both seen
_ASSUMED_PROFILE = 0.3  # in addition to the standard errors of the archetype
_ASSUMED_SPEED = 0.75  # of the cores of other hosts, relative to this one
_COST_FACTOR = {"measured": 1.25, "assumed": 2.0}
_GIL_SOURCE_ERROR = {"observed": 0.0, "sampled": 0.02, "estimated": 0.15, None: 0.0}
_LARGE_WORKING_SET = 32e6  # bytes: beyond a core's own caches, neighbours slow each other
_WORKING_SET_ERROR = 0.10


def ranges(
    strategy: Strategy, scenario: Scenario, workers: WorkerCounts, predictions: Sequence[Prediction]
) -> list[Range]:
    """Return the predicted seconds for each requested worker count, with their intervals."""
    variants = [predict(strategy, variant, workers) for variant in _variants(strategy, scenario)]
    if residual_part(scenario.profile) is None:
        if_waiting: Sequence[Prediction] = predictions
    else:
        if_waiting = predict(strategy, _residual_as_wait(scenario), workers)
    profile_error = _profile_error(strategy, scenario)
    scenario = on_cluster(scenario) if strategy == "cluster" else scenario
    intervals = []
    for index, prediction in enumerate(predictions):
        seconds = prediction.seconds
        shifts = [abs(math.log(variant[index].seconds / seconds)) for variant in variants]
        model_error = _model_error(strategy, scenario, prediction)
        width = min(MAX_HALF_WIDTH, math.hypot(model_error, profile_error, *shifts))
        low = min(seconds, if_waiting[index].seconds) * math.exp(-width)
        intervals.append(Range(low=low, expected=seconds, high=seconds * math.exp(width)))
    return intervals


def _variants(strategy: Strategy, scenario: Scenario) -> list[Scenario]:
    """Return the scenario with one figure each off by as much as a 90 % interval allows."""
    if strategy == "sequential":
        return []
    machine, errors = scenario.machine, scenario.profile.standard_error
    if strategy == "cluster":
        return _with_other_cluster(scenario) + _with_longer_wait(scenario, Z90 * errors.get("wait", 0.0))
    assumed = START_COSTS[scenario.start_method] if scenario.start_method else {}
    factors = {name: _COST_FACTOR["assumed" if name in assumed else machine.source] for name in POOL_COSTS}
    costs = {name: min(1e9, getattr(machine, name) * factors[name]) for name in POOL_COSTS}
    variants = [replace(scenario, machine=machine.model_copy(update=costs))]
    if strategy == "threading" and not machine.python.free_threaded:
        variants += _with_other_gil_share(scenario, Z90 * errors.get("gil_held", 0.0))
    return variants + _with_longer_wait(scenario, Z90 * errors.get("wait", 0.0))


def _with_other_cluster(scenario: Scenario) -> list[Scenario]:
    """Make the cluster's costs higher, and its cores slower where their speed is assumed."""
    cluster = cluster_of(scenario)
    factor = _COST_FACTOR[cluster.source]
    costs = {name: min(1e9, getattr(cluster, name) * factor) for name in CLUSTER_COSTS}
    changes: list[dict[str, float]] = [costs]
    if cluster.source == "assumed" and not cluster.on_this_host:
        changes.append({"speed": cluster.speed * _ASSUMED_SPEED})
    return [_with_cluster(scenario, cluster.model_copy(update=each)) for each in changes]


def _with_cluster(scenario: Scenario, cluster: Cluster) -> Scenario:
    return replace(scenario, machine=scenario.machine.model_copy(update={"cluster": cluster}))


def _with_other_gil_share(scenario: Scenario, seconds: float) -> list[Scenario]:
    """Move this much computing from holding the GIL to native code, or the other way if the GIL is held for less."""
    call = scenario.call
    native = call.native / call.width
    seconds = min(seconds, max(call.gil, native))
    if seconds < _NEGLIGIBLE * call.wall:
        return []
    if call.gil < seconds:
        seconds = -seconds
    return [replace(scenario, call=replace(call, gil=call.gil - seconds, native=(native + seconds) * call.width))]


def _with_longer_wait(scenario: Scenario, seconds: float) -> list[Scenario]:
    """Make the wait, and so the call, longer: the clocks of the computing are exact."""
    call = scenario.call
    if seconds < _NEGLIGIBLE * call.wall:
        return []
    return [replace(scenario, call=replace(call, wall=call.wall + seconds, wait=call.wait + seconds))]


def _residual_as_wait(scenario: Scenario) -> Scenario:
    call = call_demands(scenario.profile, residual="wait")
    return replace(scenario, call=with_warm_caches(call, scenario.profile, scenario.machine))


def _model_error(strategy: Strategy, scenario: Scenario, prediction: Prediction) -> float:
    """Return the half width for the error of the model itself."""
    errors = [STRATEGIES[strategy].model_error]
    if scenario.profile.archetype is not None:
        errors.append(_ASSUMED_PROFILE)
    if strategy == "sequential":
        return math.hypot(*errors)
    waiting = scenario.call.off_core / scenario.call.wall
    workers_per_core = prediction.workers / scenario.machine.cores
    errors.append(_PER_DOUBLING_WAITING * waiting * math.log2(prediction.workers))
    errors.append(_PER_DOUBLING_COMPUTING * (1.0 - waiting) * math.log2(max(1.0, workers_per_core)))
    errors.append(_MIXED * 4.0 * waiting * (1.0 - waiting))
    if strategy == "threading":
        free_threaded = scenario.machine.python.free_threaded
        errors.append(
            _no_gil_error(scenario, prediction) if free_threaded else _GIL_ERROR * prediction.utilization("gil")
        )
        errors.append(_GIL_SOURCE_ERROR[scenario.profile.gil_source])
    if oversubscribes(scenario, prediction.workers):
        errors.append(_CROWDING_ERROR)
    if working_set(scenario.profile) > _LARGE_WORKING_SET:
        errors.append(_WORKING_SET_ERROR)
    return math.hypot(*errors)


def _no_gil_error(scenario: Scenario, prediction: Prediction) -> float:
    """Return the half width for threads without a GIL: a profile does not tell how much Python code shares objects."""
    if prediction.workers == 1:
        return _NO_GIL
    return math.hypot(_NO_GIL, _NO_GIL_PYTHON * scenario.python_share * prediction.utilization("cores"))


def _profile_error(strategy: Strategy, scenario: Scenario) -> float:
    """Return the half width for the measured wall time, and for the luck of which calls come.

    In a pool without the error of the wait, which has a variant of its own.
    """
    errors = scenario.profile.standard_error
    wall_error = errors.get("wall", 0.0)
    if strategy != "sequential":
        wall_error = math.sqrt(max(0.0, wall_error**2 - errors.get("wait", 0.0) ** 2))
    luck = (scenario.profile.spread or 0.0) / math.sqrt(scenario.job.calls)
    return Z90 * math.hypot(wall_error / max(scenario.profile.wall, MIN_SECONDS), luck)
