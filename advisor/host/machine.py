"""Describe this host as a Machine: its limits, and the measured cost of its pools.

The costs are measured in a fresh interpreter (`probes.py`), since a pool cannot be started safely from every process:
this one may have threads, be an interactive session, or a script without a `__main__` guard. If the measuring or the
cache fails, the costs are the assumed ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from advisor.host import cores_and_memory, probe_cache
from advisor.models import POOL_COSTS, Machine, Profile, StartMethod
from advisor.target import python_command

if TYPE_CHECKING:
    import subprocess

# A host may have had a bad minute: its cores were once seen at 0.6 of their speed. So it is measured again, an hour
# later at the earliest, until there are enough measurements for a trustworthy median.
ENOUGH_MEASUREMENTS = 3
MIN_INTERVAL = 3600.0  # seconds
# The share of their speed that all cores have left, busy for as long as a job takes, beside whatever else runs on the
# host: the probes' bursts of 10 ms seldom meet that. 62 jobs that compute on two cores lost 2 % at the median in a
# quiet hour, 6 % in a busy one.
UNDISTURBED = 0.96

# A worker that is not forked starts an interpreter first. Typical figures, CPython 3.11 to 3.14 on Linux.
_ASSUMED_STARTS: dict[StartMethod, dict[str, float]] = {
    "fork": {},
    "forkserver": {"process_start": 0.08, "process_start_each": 0.02},
    "spawn": {"process_start": 0.08, "process_start_each": 0.04},
}
PROBES = "advisor.host.probes:main"
_START_SECONDS = 0.15  # of the time to measure, for the child's interpreter to start and end
_measured: dict[str, Machine] = {}  # in this process, so that without a writable cache it happens only once


def measurable_costs() -> frozenset[str]:
    """Return the names of the costs that can be measured with this interpreter: fields of Machine."""
    names = {*POOL_COSTS, "cold_wake", "core_scaling"}
    if sys.version_info < (3, 14):
        names = {name for name in names if not name.startswith("interpreter_")}
    return frozenset(names)


def unmeasured_machine() -> Machine:
    """Return this host's cores and memory with assumed costs, without measuring anything."""
    method = cores_and_memory.start_method()
    return Machine(
        cores=cores_and_memory.usable_cores(),
        memory=cores_and_memory.available_memory(),
        platform=sys.platform,
        python=cores_and_memory.python(),
        start_method=method,
        core_scaling=UNDISTURBED,
        source="assumed",
        **_ASSUMED_STARTS[method],
    )


def this_machine(*, seconds: float = 1.2) -> Machine:
    """Describe this host.

    Costs are medians of earlier measurements, from the user's cache, and a new one if those do not suffice.

    Args:
        seconds: Time limit of the measurement; costs that are not measured in time stay assumed.

    Returns:
        The machine, costs in seconds; its `source` is "assumed" if nothing could be measured.
    """
    host = unmeasured_machine()
    key = probe_cache.cache_key(host)
    if key not in _measured:
        measurements = probe_cache.read_measurements(key)
        if _needs_measurement(measurements) and (costs := measure_costs(host, seconds)):
            new = probe_cache.CostMeasurement(taken=time.time(), costs=costs)
            measurements = (*measurements[1 - ENOUGH_MEASUREMENTS :], new)
            probe_cache.write_measurements(key, measurements)
        if not measurements:
            return host
        _measured[key] = host.model_copy(update={**_medians(measurements), "source": "measured"})
    return _measured[key].model_copy(update={"memory": host.memory})


def with_cores(host: Machine, cores: int | None) -> Machine:
    """Return the host with another number of cores; None changes nothing."""
    if cores is None or cores == host.cores:
        return host
    return host.model_copy(update={"cores": cores, "cores_measured": host.cores_measured or host.cores})


def with_gil_of(host: Machine, profile: Profile) -> Machine:
    """Return the host with a GIL if the target turned that of a free-threaded build on, as an old extension does.

    The cost of a hand-over could not be measured without a GIL, so that is the typical figure.
    """
    if profile.python.free_threaded or not host.python.free_threaded:
        return host
    typical = Machine.model_fields["gil_switch"].default
    return host.model_copy(update={"python": profile.python, "gil_switch": typical})


def measure_costs(host: Machine, seconds: float) -> dict[str, float]:
    """Run the probes in a child process and return the costs that they found in time: fields of Machine."""
    if not sys.executable or getattr(sys, "frozen", False) or seconds <= _START_SECONDS:
        return {}  # embedded, or an application that would start itself again: there is no interpreter to run
    request = {"cores": host.cores, "start_method": host.start_method, "seconds": seconds - _START_SECONDS}
    # Warnings must not become errors in the child.
    command = python_command.command(PROBES, json.dumps(request), options=("-W", "ignore"))
    for line in reversed(_output(command, seconds).splitlines(keepends=True)):
        with contextlib.suppress(ValueError):  # cut off in the middle, or not JSON at all
            return _valid_costs(json.loads(line))
    return {}


def _needs_measurement(measurements: Sequence[probe_cache.CostMeasurement]) -> bool:
    """Return True if the latest measurement is not too recent, and there are not enough complete ones."""
    if measurements and time.time() - measurements[-1].taken < MIN_INTERVAL:
        return False
    complete = [measurement for measurement in measurements if measurement.costs.keys() >= measurable_costs()]
    return len(complete) < ENOUGH_MEASUREMENTS


def _medians(measurements: Sequence[probe_cache.CostMeasurement]) -> dict[str, float]:
    """Return the median of each cost, as a job is going to meet it."""
    from statistics import median

    costs = [measurement.costs for measurement in measurements]
    medians = {name: median(c[name] for c in costs if name in c) for name in {name for c in costs for name in c}}
    if "core_scaling" in medians:
        medians["core_scaling"] *= UNDISTURBED
    return _valid_costs(medians)


def _output(command: list[str], timeout: float) -> bytes:
    """Return what a command prints until it ends or the time is up, and end its whole process group."""
    import subprocess

    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return b""
    with child:
        try:
            return child.communicate(timeout=timeout)[0]
        except subprocess.TimeoutExpired:
            _kill_group(child)
            return child.communicate()[0]
        finally:
            # After an orderly end nothing is left, and the process id may belong to another process by now.
            if child.returncode != 0:
                _kill_group(child)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    import signal

    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()


def _valid_costs(found: Any) -> dict[str, float]:
    """Return the child's figures that are valid fields of Machine."""
    costs: dict[str, float] = {}
    for name in measurable_costs():
        with contextlib.suppress(ValidationError, AttributeError, KeyError, TypeError):
            costs[name] = getattr(Machine.model_validate({name: found[name]}), name)
    return costs
