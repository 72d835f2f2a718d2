"""The bottleneck of a strategy: which station it is, the speed-up that it allows, and how to say so."""

from __future__ import annotations

import math
from pathlib import PurePath

from advisor.models import Machine, Strategy
from advisor.models.strategies import OWN_GIL
from advisor.predict.demands import LOCK_CONTENTION, Scenario, residual_part
from advisor.predict.prediction import Prediction, Station
from advisor.predict.threads_and_asyncio import WIDE_CALL
from advisor.report import formatting

Z90 = 1.645  # standard errors of a two-sided 90 % interval
# A measured speed-up may exceed the named limit by this factor, since the loop's time is uncertain too. Of 424 pools in
# profiles/recorded with a named limit, 4 were faster than that, by 7 % at most.
LIMIT_TOLERANCE = 1.15
SATURATED = 0.7  # utilization from which a station limits the throughput


def oversubscribes(scenario: Scenario, workers: int) -> bool:
    """Return True if calls that use several cores each want more cores than there are."""
    width = scenario.call.mean_width
    return width > WIDE_CALL and workers * width > 1.1 * scenario.machine.cores


def find_bottleneck(scenario: Scenario, prediction: Prediction) -> Station:
    """Return the busiest station or, if none is saturated, the larger part of the call."""
    if prediction.start_up > 0.5 * prediction.seconds:
        return "start-up"
    busiest = prediction.busiest_station
    if prediction.utilization(busiest) >= SATURATED:
        return busiest
    return "wait" if scenario.call.off_core > 0.5 * scenario.call.wall else "cores"


def speedup_limit(strategy: Strategy, scenario: Scenario, prediction: Prediction, station: Station) -> float:
    """Return the speed-up that the bottleneck allows, without the GIL's hand-overs; infinite if it sets no limit."""
    if strategy == "sequential" or station == "start-up" or prediction.workers == 1:
        return math.inf
    if station == "wait":
        return _held_resource_limit(strategy, scenario, prediction)
    if prediction.utilization(station) < SATURATED:
        return math.inf
    if station == "cores" and oversubscribes(scenario, prediction.workers):
        return math.inf
    if _mostly_contention(prediction, station):
        return math.inf
    demand = prediction.demands[station] - (prediction.contention if station == "gil" else 0.0)
    return scenario.sequential_call / demand


def _held_resource_limit(strategy: Strategy, scenario: Scenario, prediction: Prediction) -> float:
    """Return the speed-up that the tightest held resource allows; infinite if calls do not queue for it."""
    resource = scenario.tightest_resource(processes=strategy in OWN_GIL)
    if resource is None:
        return math.inf
    utilization = prediction.throughput * resource.seconds / resource.places
    if utilization < SATURATED * (1.0 - LOCK_CONTENTION):
        return math.inf
    return scenario.sequential_call * resource.places / resource.seconds


def _mostly_contention(prediction: Prediction, station: Station) -> bool:
    """Return True if the GIL spends more time on hand-overs than on the calls."""
    return station == "gil" and prediction.contention > 0.5 * prediction.demands[station]


def max_speedup(strategy: Strategy, scenario: Scenario, prediction: Prediction, station: Station) -> float | None:
    """Return an upper bound of the speed-up, all uncertainty included; None if there is none.

    A warm cache does not shorten waits: calls that wait cannot gain more than the number of workers.
    """
    limit = speedup_limit(strategy, scenario, prediction, station)
    if math.isinf(limit):
        return float(prediction.workers) if station == "wait" and strategy != "sequential" else None
    error = _demand_error(strategy, scenario, station)
    return LIMIT_TOLERANCE * limit / (1.0 - error) if error < 1.0 else None


def _demand_error(strategy: Strategy, scenario: Scenario, station: Station) -> float:
    """Return half the 90 % interval of the bottleneck's demand, relative to it; 1 if it is unknown."""
    if residual_part(scenario.profile) is not None or _shares_objects(strategy, scenario, station):
        return 1.0
    errors, call = scenario.profile.standard_error, scenario.call
    if station == "gil" and strategy == "threading":
        return min(1.0, Z90 * errors.get("gil_held", 0.0) / max(call.gil + call.blocked, 1e-12))
    return min(1.0, Z90 * errors.get("wait", 0.0) / call.wall)


def _shares_objects(strategy: Strategy, scenario: Scenario, station: Station) -> bool:
    """Return True for threads without a GIL, which slow each other by an unknown amount."""
    if strategy != "threading" or station != "cores":
        return False
    return scenario.machine.python.free_threaded and scenario.python_share > 0


def explain_bottleneck(strategy: Strategy, scenario: Scenario, prediction: Prediction, station: Station) -> str:
    """Return why the strategy is as fast as predicted.

    A limit is called "at most" where the figures behind it were measured and are known well.
    """
    if strategy == "sequential":
        return "no pool to start, nothing to send"
    if station == "start-up":
        if strategy == "cluster":
            return f"loading the function takes {formatting.duration(prediction.start_up)}, longer than the work itself"
        pool, seconds = formatting.workers(strategy, prediction.workers), formatting.duration(prediction.start_up)
        return f"starting {pool} takes {seconds}, longer than the work itself"
    if prediction.workers == 1:
        return "a single call cannot be split"
    limit = speedup_limit(strategy, scenario, prediction, station)
    if math.isinf(limit):
        return _explain_no_limit(scenario, prediction, station)
    certain = scenario.profile.archetype is None
    certain = certain and _demand_error(strategy, scenario, station) <= LIMIT_TOLERANCE - 1.0
    bound = f"about {formatting.times(limit)}" + (" at most" if certain else "")
    resource = scenario.tightest_resource(processes=strategy in OWN_GIL)
    if station == "wait" and resource:
        return f"{PurePath(resource.name).name} ({resource.kind}) admits {resource.places} at a time: {bound}"
    shared = " and what threads share" if _shares_objects(strategy, scenario, station) else ""
    return f"limited by {limited_by(strategy, scenario.machine, station)}{shared}: {bound}"


def _explain_no_limit(scenario: Scenario, prediction: Prediction, station: Station) -> str:
    """Return what the calls do at the same time, where no shared resource limits them."""
    workers = prediction.workers
    if station == "wait":
        return f"{workers} calls wait at the same time"
    if station == "cores" and oversubscribes(scenario, workers):
        busy = formatting.count(round(scenario.call.width))
        return f"one call keeps {busy} cores busy: concurrent calls only compete for them"
    if prediction.utilization(station) >= SATURATED:
        return "limited by handing the GIL over from thread to thread"
    return f"{workers} calls compute at the same time"


def limited_by(strategy: Strategy, machine: Machine, station: Station) -> str:
    """Return the words for what limits a strategy, for use after "limited by"."""
    if station == "wait":
        return "the waiting"
    if station == "start-up":
        return "starting the workers"
    if station == "gil":
        return {"asyncio": "the event loop", "cluster": "the GIL of each worker process"}.get(strategy, "the GIL")
    if station == "parent":
        if strategy == "cluster":
            return "what the client and the scheduler must send"
        return "what the parent must pickle and send"
    cores = machine.cluster.cores if strategy == "cluster" and machine.cluster is not None else machine.cores
    return "1 core" if cores == 1 else f"{cores} cores"
