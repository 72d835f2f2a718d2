"""What a strategy cannot do with a call, what limits it where it can, and that in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import PurePath

from advisor.models import MEMORY_SHARE, Machine, Profile, Strategy
from advisor.models.strategies import OWN_GIL, PROCESSES
from advisor.predict.demands import LOCK_CONTENTION, Case, takes_the_rest
from advisor.predict.strategies import WIDE, Prediction, Station
from advisor.report import formatting

Z90 = 1.645  # standard errors of a two-sided 90 % interval
# Times what is named as the limit, what a speed-up may turn out to be, since the loop's time is uncertain too. Of 424
# pools in profiles/recorded that a limit was named for, 4 were faster than that, by 7 % at the most.
LEEWAY = 1.15
BUSY = 0.7  # a station busy for this share of the time sets the pace


def crowds(case: Case, workers: int) -> bool:
    """Whether calls that use several cores each want more of them than there are."""
    width = case.call.mean_width
    return width > WIDE and workers * width > 1.1 * case.machine.cores


def working_set(profile: Profile) -> float:
    """Bytes that a call adds to the process at its peak; 0 where unknown."""
    if profile.peak_memory is None or profile.idle_memory is None:
        return 0.0
    return float(max(0, profile.peak_memory - profile.idle_memory))


def memory_needed(strategy: Strategy, profile: Profile, workers: int) -> float | None:
    """Bytes at the peak: threads share all but what their calls add, processes share nothing."""
    idle = float(profile.idle_memory or 0)
    if profile.peak_memory is None:
        return None
    if strategy in PROCESSES:
        return idle + workers * float(profile.peak_memory)
    return None if profile.idle_memory is None else idle + workers * working_set(profile)


def possible(strategy: Strategy, case: Case, workers: Sequence[int]) -> list[int]:
    """With which of these numbers of workers it can be done that way."""
    if _unfit(strategy, case.profile):
        return []
    needed = ((one, memory_needed(strategy, case.profile, one)) for one in workers)
    return [one for one, memory in needed if not _out_of_memory(strategy, case.machine, one, memory)]


def too_large(strategy: Strategy, case: Case, workers: Sequence[int]) -> list[int]:
    """With which of these numbers of workers nothing but the memory is in the way."""
    if _unfit(strategy, case.profile):
        return []
    return [one for one in workers if obstacle(strategy, case, one)]


def obstacle(strategy: Strategy, case: Case, workers: int) -> str:
    """Why it can't be done that way with so many workers; empty if it can."""
    memory = memory_needed(strategy, case.profile, workers)
    return _unfit(strategy, case.profile) or _out_of_memory(strategy, case.machine, workers, memory)


def _out_of_memory(strategy: Strategy, machine: Machine, workers: int, memory: float | None) -> str:
    if strategy == "sequential" or memory is None or machine.memory is None or memory <= MEMORY_SHARE * machine.memory:
        return ""
    crew = formatting.workers(strategy, workers)
    share, available = formatting.percent(MEMORY_SHARE), formatting.size(machine.memory)
    return f"{crew} need {formatting.size(memory)} of memory, more than {share} of the {available} available"


def _unfit(strategy: Strategy, profile: Profile) -> str:
    """Why the call can't be made that way; empty if it can."""
    if strategy not in OWN_GIL:
        return ""
    for name, verb in (("function", "is"), ("arguments", "are"), ("results", "are")):
        if getattr(profile.picklable, name) is False:
            reason = profile.picklable.reasons.get(name)
            return f"the {name} {verb} not picklable" + (f": {reason}" if reason else "")
    return ""


def bottleneck(case: Case, one: Prediction) -> Station:
    """The station that sets the pace: the busiest, or where none is busy the larger part of the call."""
    if one.start_up > 0.5 * one.seconds:
        return "start-up"
    if one.load(one.busiest) >= BUSY:
        return one.busiest
    waiting = case.call.wait + case.call.blocked
    return "wait" if waiting > 0.5 * case.call.wall else "cores"


def limit(strategy: Strategy, case: Case, one: Prediction, station: Station) -> float:
    """Times the plain loop that what limits it allows, hand-overs left out; infinite where nothing is named."""
    if strategy == "sequential" or station == "start-up" or one.workers == 1:
        return math.inf
    if station == "wait":
        held = case.in_turn(processes=strategy in OWN_GIL)
        stands_in_line = held and one.pace * held.seconds / held.places >= BUSY * (1.0 - LOCK_CONTENTION)
        return case.one_after_another * held.places / held.seconds if held and stands_in_line else math.inf
    if one.load(station) < BUSY or (station == "cores" and crowds(case, one.workers)):
        return math.inf
    if _hand_overs_dominate(one, station):
        return math.inf
    demand = one.demands[station] - (one.contended if station == "gil" else 0.0)
    return case.one_after_another / demand


def _hand_overs_dominate(one: Prediction, station: Station) -> bool:
    """Whether the GIL is busier changing hands than with what the calls do with it."""
    return station == "gil" and one.contended > 0.5 * one.demands[station]


def most(strategy: Strategy, case: Case, one: Prediction, station: Station) -> float | None:
    """Times the plain loop that it may turn out to be at most, by all that is uncertain; None where nobody knows.

    Who waits is not helped by a warm cache: so many calls cannot wait in less than their share of the time.
    """
    named = limit(strategy, case, one, station)
    if math.isinf(named):
        return float(one.workers) if station == "wait" and strategy != "sequential" else None
    off = _error(strategy, case, station)
    return LEEWAY * named / (1.0 - off) if off < 1.0 else None


def _error(strategy: Strategy, case: Case, station: Station) -> float:
    """Half width of a 90 % interval of what the limiting station has to do, as a share of it; 1 where nobody knows."""
    if takes_the_rest(case.profile, "held") is not None or _shares_objects(strategy, case, station):
        return 1.0
    errors, call = case.profile.standard_error, case.call
    if station == "gil" and strategy == "threading":
        return min(1.0, Z90 * errors.get("gil_held", 0.0) / max(call.gil + call.blocked, 1e-12))
    return min(1.0, Z90 * errors.get("wait", 0.0) / call.wall)


def _shares_objects(strategy: Strategy, case: Case, station: Station) -> bool:
    """Threads without a GIL, of which nobody knows how much they slow each other."""
    return strategy == "threading" and station == "cores" and case.machine.python.free_threaded and case.in_python > 0


def why(strategy: Strategy, case: Case, one: Prediction, station: Station) -> str:
    """Why it is as fast as it is.

    A limit is called one, "at most", where the figures that it comes from were measured and are known well.
    """
    if strategy == "sequential":
        return "no pool to start, nothing to send"
    if station == "start-up":
        crew = formatting.workers(strategy, one.workers)
        return f"starting {crew} takes {formatting.duration(one.start_up)}, longer than the work itself"
    if one.workers == 1:
        return "one call, with nothing to do beside it"
    named = limit(strategy, case, one, station)
    if math.isinf(named):
        return _unlimited(case, one, station)
    sure = case.profile.archetype is None and _error(strategy, case, station) <= LEEWAY - 1.0
    bound = f"about {formatting.times(named)}" + (" at most" if sure else "")
    held = case.in_turn(processes=strategy in OWN_GIL)
    if station == "wait" and held:
        return f"{PurePath(held.name).name} ({held.kind}) lets {held.places} at a time through: {bound}"
    shared = " and what threads share" if _shares_objects(strategy, case, station) else ""
    return f"limited by {_limit(strategy, case.machine, station)}{shared}: {bound}"


def _unlimited(case: Case, one: Prediction, station: Station) -> str:
    """What the calls do at the same time, where nothing that they share sets the pace."""
    if station == "wait":
        return f"{one.workers} calls wait at the same time"
    if station == "cores" and crowds(case, one.workers):
        busy = formatting.count(round(case.call.width))
        return f"one call keeps {busy} cores busy by itself: more at once only crowd them"
    if one.load(station) >= BUSY:
        return "limited by handing the GIL over from thread to thread"
    return f"{one.workers} calls compute at the same time"


def _limit(strategy: Strategy, machine: Machine, station: Station) -> str:
    if station == "gil":
        return "the event loop" if strategy == "asyncio" else "the GIL"
    if station == "parent":
        return "what the parent must pickle and send"
    return "1 core" if machine.cores == 1 else f"{machine.cores} cores"
