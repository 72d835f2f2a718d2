"""Rule out strategies that would break what calls share, by the safety of each touch for each start method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from advisor.models import Machine, Profile, Safety, StartMethod, Strategy, Touch
from advisor.models.resources.effects import RESOURCES
from advisor.models.strategies import OWN_GIL, PROCESSES
from advisor.models.touch import is_name
from advisor.predict.cluster_feasibility import breaks_in_threads, in_threads

# What a script does without a change in the user's module: create an object in each thread, or write in the parent.
Remedy = Literal["one per thread", "written by the parent"]


def safe_start_method(strategy: Strategy, profile: Profile, machine: Machine) -> StartMethod | None:
    """Return the start method that makes a strategy safe if the host's own does not; None means the host's own.

    Forked workers inherit what is open; all others import the module themselves. That is a remedy only if nothing else
    needs the fork, and if the objects that the import creates are known to be safe.
    """
    if strategy not in PROCESSES or machine.start_method != "fork":
        return None
    forked = [touch for touch in profile.touches if touch.fork == "unsafe"]
    is_remedy = forked and all(touch.spawn == "safe" for touch in forked)
    return "spawn" if is_remedy and all(touch.spawn != "unsafe" for touch in profile.touches) else None


def broken_by(strategy: Strategy, profile: Profile, machine: Machine) -> str:
    """Return why the strategy would fail or give wrong results because of what calls share; empty if it would not."""
    return next((what_happens(touch, strategy, machine) for touch in breaking(strategy, profile, machine)), "")


def breaking(strategy: Strategy, profile: Profile, machine: Machine) -> Iterator[Touch]:
    """Yield the touches that the strategy would break and that no script can remedy."""
    return (
        touch
        for touch in profile.touches
        if safety(touch, strategy, machine) == "unsafe" and remedy(touch, strategy, profile, machine) is None
    )


def remedied(strategy: Strategy, profile: Profile, machine: Machine) -> tuple[Touch, ...]:
    """Return the touches that the strategy would break, but that a script can remedy."""
    return tuple(touch for touch in profile.touches if remedy(touch, strategy, profile, machine) is not None)


def max_threads(profile: Profile, machine: Machine) -> int | None:
    """Return how many threads can create their own objects instead of sharing; None if they need not."""
    made = remedied("threading", profile, machine)
    return min((RESOURCES[touch.resource].per_thread for touch in made), default=None)


def remedy(touch: Touch, strategy: Strategy, profile: Profile, machine: Machine) -> Remedy | None:
    """Return what a script does to keep the strategy from breaking a touch; None if it need not or cannot.

    Only forked workers leave the object alone until they replace it: others import the module, which opens it again.
    Results that hold on to what made them, such as cursors, belong to their threads; they cannot be pickled either.
    """
    is_in_script = profile.reached in ("name", "object") and touch.module and is_name(touch.name)
    if not is_in_script or safety(touch, strategy, machine) != "unsafe":
        return None
    row = RESOURCES.get(touch.resource)
    if row is None:
        return None
    if strategy == "threading" and touch.made_by and row.per_thread and profile.picklable.results is not False:
        return "one per thread"
    if strategy in PROCESSES and touch.only_written and machine.start_method == "fork":
        return "written by the parent"
    return None


def safety(touch: Touch, strategy: Strategy, machine: Machine) -> Safety:
    """Return how safe a touch is under a strategy."""
    if strategy == "threading":
        return touch.threads
    if strategy in PROCESSES:
        return touch.fork if machine.start_method == "fork" else touch.spawn
    if strategy == "cluster":  # workers import the module themselves; the threads of each share what it makes
        return "unsafe" if _breaks_in_threads(touch, machine) else touch.spawn
    if strategy in OWN_GIL:  # subinterpreters import the module themselves, but share the process
        return touch.threads if touch.kind == "process state" else touch.spawn
    return touch.asyncio if strategy == "asyncio" else "safe"


def what_happens(touch: Touch, strategy: Strategy, machine: Machine) -> str:
    """Return the effect of concurrent calls on a touch under a strategy, as a clause."""
    row = RESOURCES.get(touch.resource)
    if row is None:
        return f"calls share {touch.name}"
    if strategy == "asyncio":
        if touch.kind == "process state":
            return f"calls await before they restore {row.what}, and other calls run with the change in the meantime"
        return f"calls await between two uses of {touch.name}, and other calls use it in the meantime"
    if strategy == "cluster" and machine.cluster is not None and breaks_in_threads(touch, machine.cluster):
        return in_threads(touch, machine.cluster)
    if strategy == "threading" or (strategy in OWN_GIL - PROCESSES and touch.kind == "process state"):
        text = row.in_threads
    else:
        text = row.in_forks if strategy in PROCESSES and machine.start_method == "fork" else row.in_spawned
    return (text or "calls share {name}").replace("{name}", touch.name)


def _breaks_in_threads(touch: Touch, machine: Machine) -> bool:
    return machine.cluster is not None and breaks_in_threads(touch, machine.cluster)
