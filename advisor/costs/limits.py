"""What a strategy cannot do with a call, what limits it where it can, and that in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from advisor import figures
from advisor.costs.call import LOCK_CONTENTION, Case
from advisor.costs.strategies import OWN_GIL, WIDE, Prediction, Station
from advisor.records import Machine, Profile, Strategy

MEMORY_SHARE = 0.8  # of the memory available that the workers may take
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
    if strategy == "multiprocessing":
        return idle + workers * float(profile.peak_memory)
    return None if profile.idle_memory is None else idle + workers * working_set(profile)


def possible(strategy: Strategy, case: Case, workers: Sequence[int]) -> list[int]:
    """With which of these numbers of workers it can be done that way."""
    if _unfit(strategy, case.profile):
        return []
    needed = ((one, memory_needed(strategy, case.profile, one)) for one in workers)
    return [one for one, memory in needed if not _out_of_memory(strategy, case.machine, one, memory)]


def obstacle(strategy: Strategy, case: Case, workers: int) -> str:
    """Why it can't be done that way with so many workers; empty if it can."""
    memory = memory_needed(strategy, case.profile, workers)
    return _unfit(strategy, case.profile) or _out_of_memory(strategy, case.machine, workers, memory)


def _out_of_memory(strategy: Strategy, machine: Machine, workers: int, memory: float | None) -> str:
    if strategy == "sequential" or memory is None or machine.memory is None or memory <= MEMORY_SHARE * machine.memory:
        return ""
    crew = figures.crew(strategy, workers)
    return f"{crew} need {figures.size(memory)} of memory, {figures.size(machine.memory)} are available"


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


def why(strategy: Strategy, case: Case, one: Prediction, station: Station) -> str:
    """Why it is as fast as it is."""
    if strategy == "sequential":
        return "no pool to start, nothing to send"
    if station == "start-up":
        crew = figures.crew(strategy, one.workers)
        return f"starting {crew} takes {figures.duration(one.start_up)}, longer than the work itself"
    if station == "wait":
        held = case.in_turn(processes=strategy in OWN_GIL)
        if held and one.pace * held.seconds / held.places >= BUSY * (1.0 - LOCK_CONTENTION):
            most = figures.times(case.one_after_another * held.places / held.seconds)
            return f"{PurePath(held.name).name} ({held.kind}) lets {held.places} at a time through: at most {most}"
        return f"{one.workers} calls wait at the same time"
    if station == "cores" and crowds(case, one.workers):
        return (
            f"one call keeps {figures.count(round(case.call.width))} cores busy by itself: more at once only crowd them"
        )
    if one.load(station) < BUSY:
        return f"{one.workers} calls compute at the same time"
    most = figures.times(case.one_after_another / one.demands[station])
    if strategy == "threading" and station == "cores" and case.machine.python.free_threaded and case.in_python > 0:
        return f"limited by {_limit(strategy, case.machine, station)} and what threads share: about {most}"
    return f"limited by {_limit(strategy, case.machine, station)}: at most {most}"


def _limit(strategy: Strategy, machine: Machine, station: Station) -> str:
    if station == "gil":
        return "the event loop" if strategy == "asyncio" else "the GIL"
    if station == "parent":
        return "what the parent must pickle and send"
    return "1 core" if machine.cores == 1 else f"{machine.cores} cores"
