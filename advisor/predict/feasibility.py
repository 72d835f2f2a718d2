"""Check that a strategy can run the calls at all: pickling, memory, subinterpreters and what calls share."""

from __future__ import annotations

import math
from collections.abc import Sequence

from advisor.models import Profile, Strategy
from advisor.models.strategies import OWN_GIL, PROCESSES
from advisor.predict.cluster_feasibility import beyond_memory, memory_of_worker, needs_this_host
from advisor.predict.demands import Scenario
from advisor.predict.shared_resources import broken_by
from advisor.report import formatting

MEMORY_SHARE = 0.8  # of the memory available that the workers may take


def feasible_counts(strategy: Strategy, scenario: Scenario, counts: Sequence[int]) -> list[int]:
    """Return the worker counts with which the strategy can do the job."""
    return [count for count in counts if not infeasibility(strategy, scenario, count)]


def counts_beyond_memory(strategy: Strategy, scenario: Scenario, counts: Sequence[int]) -> list[int]:
    """Return the worker counts that only the memory of the machine rules out."""
    if _not_possible(strategy, scenario):
        return []
    return [count for count in counts if infeasibility(strategy, scenario, count)]


def infeasibility(strategy: Strategy, scenario: Scenario, workers: int) -> str:
    """Return why the strategy cannot do the job with so many workers; empty if it can."""
    return _not_possible(strategy, scenario) or _out_of_memory(strategy, scenario, workers)


def memory_needed(strategy: Strategy, scenario: Scenario, workers: int) -> float | None:
    """Return the bytes at the peak: threads share all but what their calls add, processes share nothing."""
    profile, cluster = scenario.profile, scenario.machine.cluster
    if strategy == "cluster" and cluster is not None:
        processes = min(cluster.workers, workers)
        each = memory_of_worker(profile, math.ceil(workers / processes))
        return None if each is None else processes * each
    idle = float(profile.idle_memory or 0)
    if profile.peak_memory is None:
        return None
    if strategy in PROCESSES:
        return idle + workers * float(profile.peak_memory)
    return None if profile.idle_memory is None else idle + workers * working_set(profile)


def working_set(profile: Profile) -> float:
    """Return the bytes that a call adds to the process at its peak; 0 if unknown."""
    if profile.peak_memory is None or profile.idle_memory is None:
        return 0.0
    return float(max(0, profile.peak_memory - profile.idle_memory))


def _not_possible(strategy: Strategy, scenario: Scenario) -> str:
    return (
        _not_picklable(strategy, scenario.profile)
        or _fails_in_interpreter(strategy, scenario.profile)
        or broken_by(strategy, scenario.profile, scenario.machine)
        or _needs_this_host(strategy, scenario)
    )


def _needs_this_host(strategy: Strategy, scenario: Scenario) -> str:
    cluster = scenario.machine.cluster
    return needs_this_host(scenario.profile, cluster) if strategy == "cluster" and cluster is not None else ""


def _not_picklable(strategy: Strategy, profile: Profile) -> str:
    if strategy not in OWN_GIL:
        return ""
    for part in profile.unpicklable_parts:
        reason = profile.picklable.reasons.get(part)
        verb = "is" if part == "function" else "are"
        return f"the {part} {verb} not picklable" + (f": {reason}" if reason else "")
    return ""


def _fails_in_interpreter(strategy: Strategy, profile: Profile) -> str:
    if strategy != "interpreters" or profile.interpreters is None:
        return ""
    return profile.interpreters.failure or ""


def _out_of_memory(strategy: Strategy, scenario: Scenario, workers: int) -> str:
    machine, memory = scenario.machine, memory_needed(strategy, scenario, workers)
    if strategy == "cluster" and machine.cluster is not None:
        return beyond_memory(scenario.profile, machine.cluster, workers)
    if strategy == "sequential" or memory is None or machine.memory is None or memory <= MEMORY_SHARE * machine.memory:
        return ""
    pool = formatting.workers(strategy, workers)
    share, available = formatting.percent(MEMORY_SHARE), formatting.size(machine.memory)
    return f"{pool} need {formatting.size(memory)} of memory, more than {share} of the {available} available"
