"""Find out what this host's pools cost: when to measure, how often, and which of several measurements counts.

The costs are measured in a fresh interpreter (`probes`), since a pool cannot be started safely from every process: this
one may have threads, be an interactive session, or a script without a `__main__` guard. `probe_cache` keeps them.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from advisor.host.probe_cache import CostMeasurement, read_measurements, write_measurements
from advisor.models import POOL_COSTS, Machine
from advisor.target import python_command
from advisor.target.bounded_process import run_bounded

# A host may have had a bad minute: its cores were once seen at 0.6 of their speed. So it is measured again, an hour
# later at the earliest, until there are enough measurements for a trustworthy median.
ENOUGH_MEASUREMENTS = 3
MIN_INTERVAL = 3600.0  # seconds
# The share of their speed that all cores have left, busy for as long as a job takes, beside whatever else runs on the
# host: the probes' bursts of 10 ms seldom meet that. 62 jobs that compute on two cores lost 2 % at the median in a
# quiet hour, 6 % in a busy one.
UNDISTURBED = 0.96
PROBES = "advisor.host.probes:main"
_START_SECONDS = 0.15  # of the time to measure, for the child's interpreter to start and end


def measurable_costs() -> frozenset[str]:
    """Return the names of the costs that can be measured with this interpreter: fields of Machine."""
    names = {*POOL_COSTS, "cold_wake", "core_scaling"}
    if sys.version_info < (3, 14):
        names = {name for name in names if not name.startswith("interpreter_")}
    return frozenset(names)


def find_costs(host: Machine, key: str, seconds: float) -> dict[str, float]:
    """Return the medians of the host's measured costs, fields of Machine: from the cache, and measured if need be.

    Empty if nothing could be measured in `seconds` and the cache has nothing under the `key`.
    """
    measurements = read_measurements(key)
    if _needs_measurement(measurements) and (costs := measure_costs(host, seconds)):
        measurements = (*measurements[1 - ENOUGH_MEASUREMENTS :], CostMeasurement(taken=time.time(), costs=costs))
        write_measurements(key, measurements)
    return _medians(measurements) if measurements else {}


def measure_costs(host: Machine, seconds: float) -> dict[str, float]:
    """Run the probes in a child process and return the costs that they found in time: fields of Machine."""
    if not sys.executable or getattr(sys, "frozen", False) or seconds <= _START_SECONDS:
        return {}  # embedded, or an application that would start itself again: there is no interpreter to run
    request = {"cores": host.cores, "start_method": host.start_method, "seconds": seconds - _START_SECONDS}
    # Warnings must not become errors in the child.
    command = python_command.command(PROBES, json.dumps(request), options=("-W", "ignore"))
    ended = run_bounded(command, seconds)
    for line in reversed(ended.output.splitlines(keepends=True) if ended else []):
        with contextlib.suppress(ValueError):  # cut off in the middle, or not JSON at all
            return _valid_costs(json.loads(line))
    return {}


def _needs_measurement(measurements: Sequence[CostMeasurement]) -> bool:
    """Return True if the latest measurement is not too recent, and there are not enough complete ones."""
    if measurements and time.time() - measurements[-1].taken < MIN_INTERVAL:
        return False
    complete = [measurement for measurement in measurements if measurement.costs.keys() >= measurable_costs()]
    return len(complete) < ENOUGH_MEASUREMENTS


def _medians(measurements: Sequence[CostMeasurement]) -> dict[str, float]:
    """Return the median of each cost, as a job is going to meet it."""
    from statistics import median

    costs = [measurement.costs for measurement in measurements]
    medians = {name: median(c[name] for c in costs if name in c) for name in {name for c in costs for name in c}}
    if "core_scaling" in medians:
        medians["core_scaling"] *= UNDISTURBED
    return _valid_costs(medians)


def _valid_costs(found: Any) -> dict[str, float]:
    """Return the child's figures that are valid fields of Machine."""
    costs: dict[str, float] = {}
    for name in measurable_costs():
        with contextlib.suppress(ValidationError, AttributeError, KeyError, TypeError):
            costs[name] = getattr(Machine.model_validate({name: found[name]}), name)
    return costs
