"""Conditions of pitfalls that take more than one expression."""

from __future__ import annotations

from advisor.decide import thread_limits
from advisor.decide.rule_inputs import (
    FEW_CALLS,
    LARGE_OBJECT,
    LARGE_WORKING_SET,
    MOSTLY,
    SLOW_FIRST,
    SMALL_TASK,
    WIDE_INTERVAL,
    Facts,
)
from advisor.models.strategies import OWN_GIL


def large_self(facts: Facts) -> bool:
    return (facts.profile.function_bytes or 0.0) >= LARGE_OBJECT and processes_matter(facts)


def processes_matter(facts: Facts) -> bool:
    """Return True if processes were chosen, or would speed up the call."""
    return facts.strategy in OWN_GIL or facts.wants_processes


def exception_breaks_the_pool(facts: Facts) -> bool:
    """Return True if inputs failed with an exception that a worker process could not send back."""
    failed = facts.profile.failed_inputs
    return failed is not None and not failed.picklable and processes_matter(facts)


def data_is_expensive(facts: Facts) -> bool:
    """Return True if arguments and results, not a large `self`, make pickling expensive."""
    mostly_self = (facts.profile.function_bytes or 0.0) > facts.pipe_bytes and large_self(facts)
    return facts.pickling_is_expensive and processes_matter(facts) and not mostly_self and not too_small(facts)


def too_small(facts: Facts) -> bool:
    return facts.profile.wall < SMALL_TASK * facts.dispatch


def uncertain(facts: Facts) -> bool:
    seconds = facts.chosen.seconds
    wide = seconds.high > WIDE_INTERVAL * max(seconds.low, 1e-12)
    few = wide or facts.profile.calls < FEW_CALLS
    return few and not facts.assumed and not facts.verified and not only_first_call(facts)


def only_first_call(facts: Facts) -> bool:
    """Return True if only the first call of the process was measured, and no trial was run."""
    return facts.profile.is_only_first_call and facts.job.calls > 1 and not facts.assumed and not facts.verified


def slow_first_call(facts: Facts) -> bool:
    first = facts.profile.first_call or 0.0
    return first >= SLOW_FIRST * facts.profile.wall and first * 10 >= facts.chosen.seconds.expected


def parallel_by_itself(facts: Facts) -> bool:
    """Return True if a call uses several cores; for a described call, only with several workers."""
    return (
        thread_limits.is_parallel(facts.profile)
        and facts.machine.cores > 1
        and (facts.workers > 1 or not facts.assumed)
    )


def memory_is_short(facts: Facts) -> bool:
    needed, memory = facts.memory_needed, facts.machine.memory
    return facts.workers > 1 and needed is not None and memory is not None and needed > 0.5 * memory


def shares_bandwidth(facts: Facts) -> bool:
    busy = facts.gil_share + facts.free_share >= MOSTLY
    return facts.workers > 1 and busy and facts.working_set >= LARGE_WORKING_SET and not facts.verified


def imports_are_slow(facts: Facts) -> bool:
    imports = facts.profile.import_seconds or 0.0
    return facts.start_method != "fork" and imports >= 0.3 and imports * 10 >= facts.chosen.seconds.expected


def draws_the_same(facts: Facts) -> bool:
    """Return True if forked workers draw the same numbers, since calls do not seed the generator themselves."""
    is_seeded = any(touch.resource == "random seed" for touch in facts.profile.touches)
    return facts.effects.random_shared and not is_seeded and facts.start_method == "fork"


def threads_would_be_lost(facts: Facts) -> bool:
    return facts.start_method == "fork" and (bool(facts.effects.threads_left) or facts.native_threads >= 1.5)


def changes_are_lost(facts: Facts) -> bool:
    """Return True if calls change something in place that no touch reports."""
    return not {touch.name for touch in facts.profile.touches}.issuperset(facts.effects.changed)
