"""Find the number of calls from which a cluster pays."""

from __future__ import annotations

import math

from advisor.input_limits import MAX_CALLS
from advisor.models import Job, Machine, Profile
from advisor.predict.estimator import fastest_seconds

PRECISION = 1.02  # the result may be too large by this factor


def break_even(profile: Profile, machine: Machine, *, max_workers: int | None = None) -> int | None:
    """Return the number of calls from which the machine's cluster beats every strategy of the host.

    `max_workers` bounds the size of pools. None if there is no cluster, or if it never does.
    """

    def pays(calls: int) -> bool:
        seconds = fastest_seconds(profile, Job(calls=calls), machine, max_workers=max_workers)
        on_cluster = seconds.pop("cluster", math.inf)
        return on_cluster < min(seconds.values(), default=math.inf)

    if machine.cluster is None or not pays(MAX_CALLS):
        return None
    if pays(1):
        return 1
    low, high = 1, MAX_CALLS
    while high > low + 1 and high > PRECISION * low:
        middle = min(max(math.isqrt(low * high), low + 1), high - 1)
        low, high = (low, middle) if pays(middle) else (middle, high)
    return high
