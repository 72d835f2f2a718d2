"""Detect results that depend on earlier calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from types import CodeType
from typing import Any

from advisor.measure.shared_state.attribute_chains import names_in

_REPEATS = 4
# Names of clocks, as the last of a chain, and of random generators, anywhere in it.
_CLOCKS = frozenset(
    {"time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "process_time", "thread_time"}
    | {"now", "utcnow", "today", "localtime", "gmtime", "ctime", "strftime", "times"}
)
_RANDOM = frozenset({"random", "Random", "RandomState", "default_rng", "secrets", "uuid", "uuid1", "uuid4", "urandom"})


def uses_time_or_chance(codes: Iterable[CodeType]) -> bool:
    """Return True if code reads a clock or draws random numbers, so that results differ for no other reason."""
    chains = (chain for code in codes for chain in names_in(code).chains)
    paths = ([chain.root.removeprefix("import "), *chain.attributes] for chain in chains)
    return any(path[-1] in _CLOCKS or not _RANDOM.isdisjoint(path) for path in paths)


def depends_on_earlier_calls(result: Any, call_again: Callable[[], Any]) -> bool:
    """Return True if repeating the call that gave `result` gives another result, the same each time.

    Random results differ each time, and a cache returns the earlier result. That leaves calls that look up data from
    earlier calls, such as a list of visited pages.
    """
    with suppress(Exception):  # an input may be used up, and values may not be comparable
        second = call_again()
        if second != result and result == result:
            return all(call_again() == second for _ in range(_REPEATS - 1))
    return False
