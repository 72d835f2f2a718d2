"""Describe this host as a Machine: its limits, and the measured cost of its pools, or assumed costs."""

from __future__ import annotations

import sys

from advisor.host import cores_and_memory, pool_costs, probe_cache
from advisor.models import START_COSTS, Machine, Profile

_measured: dict[str, Machine] = {}  # in this process, so that without a writable cache it happens only once


def unmeasured_machine() -> Machine:
    """Return this host's cores and memory with assumed costs, without measuring anything."""
    method = cores_and_memory.start_method()
    return Machine(
        cores=cores_and_memory.usable_cores(),
        memory=cores_and_memory.available_memory(),
        platform=sys.platform,
        python=cores_and_memory.python(),
        start_method=method,
        core_scaling=pool_costs.UNDISTURBED,
        source="assumed",
        **START_COSTS[method],
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
        costs = pool_costs.find_costs(host, key, seconds)
        if not costs:
            return host
        _measured[key] = host.model_copy(update={**costs, "source": "measured"})
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
