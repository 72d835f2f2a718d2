"""Pitfalls of what calls share: the object's name, what concurrent calls do to it, and what to do instead."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.decide.rule_inputs import Facts
from advisor.models import Estimate, Pitfall, Strategy, Touch
from advisor.models.resources.effects import RESOURCES
from advisor.models.strategies import OWN_GIL
from advisor.predict.estimator import MIN_GAIN
from advisor.predict.shared_resources import breaking, safety, what_happens
from advisor.report import formatting

MAX_PITFALLS = 5
CODE = "shared-resource"
_STRATEGIES: tuple[Strategy, ...] = ("threading", "multiprocessing", "interpreters")


def pitfalls(facts: Facts) -> tuple[Pitfall, ...]:
    """Return a pitfall for each touch that the chosen strategy or a ruled-out one would break, those that matter most.

    A touch that needs care only is a pitfall of the chosen strategy alone.
    """
    found = [pitfall for touch in facts.profile.touches if (pitfall := _pitfall(touch, facts)) is not None]
    return tuple(found[:MAX_PITFALLS])


def _pitfall(touch: Touch, facts: Facts) -> Pitfall | None:
    considered = {estimate.strategy for estimate in facts.estimates}
    broken = [
        strategy
        for strategy in _STRATEGIES
        if strategy in considered and safety(touch, strategy, facts.machine_for(strategy)) == "unsafe"
    ]
    needs_care = facts.workers > 1 and safety(touch, facts.strategy, facts.machine_for(facts.strategy)) == "caution"
    row = RESOURCES.get(touch.resource)
    if row is None:
        return None
    remedy = _start_method(touch, facts) if "multiprocessing" in considered else ""
    if not (broken or needs_care or remedy):
        return None
    strategies = broken or ([facts.strategy] if needs_care else [])
    happens = [
        f"with {formatting.kind(each)}, {what_happens(touch, each, facts.machine_for(each))}" for each in strategies[:2]
    ]
    place = f" ({touch.where}{f', in {touch.through}' if touch.through else ''})" if touch.where else ""
    said = "; ".join([*happens, remedy] if remedy else happens)
    gain = "".join(f" {sentence}" for sentence in _gains(touch, broken, facts))
    advice = f" {row.remedy}." if happens else ""
    return Pitfall(code=CODE, text=f"The calls use {_named(touch, row.what)}{place}: {said}.{advice}{gain}")


def _start_method(touch: Touch, facts: Facts) -> str:
    """Say why worker processes are not forked, if this touch is the reason."""
    method = facts.machine_for("multiprocessing").start_method
    if method == facts.machine.start_method or touch.fork != "unsafe":
        return ""
    forked = what_happens(touch, "multiprocessing", facts.machine)
    made = RESOURCES[touch.resource].anew.replace("{name}", touch.name)
    return f"{forked}; start processes by {method}, as planned here, or by forkserver: {made}"


def _named(touch: Touch, what: str) -> str:
    return what if touch.name in what or touch.kind == "process state" else f"{touch.name}, {what}"


def _gains(touch: Touch, broken: list[Strategy], facts: Facts) -> Iterator[str]:
    """Say what a strategy would bring that only this touch rules out, where it is faster than the advice."""
    best: Estimate | None = None
    for strategy in broken:
        others = [each for each in breaking(strategy, facts.profile, facts.machine_for(strategy)) if each is not touch]
        ruled_out = [estimate for estimate in facts.estimates if estimate.strategy == strategy]
        if others or not ruled_out or (strategy in OWN_GIL and _is_unpicklable(facts)):
            continue
        fastest = min(ruled_out, key=lambda estimate: estimate.seconds.expected)
        if best is None or fastest.seconds.expected < best.seconds.expected:
            best = fastest
    if best is not None and best.seconds.expected * MIN_GAIN < facts.chosen.seconds.expected:
        pool = formatting.workers(best.strategy, best.workers)
        yield (
            f"Then {pool} would take about {formatting.duration(best.seconds.expected)} instead of "
            f"{formatting.duration(facts.chosen.seconds.expected)}."
        )


def _is_unpicklable(facts: Facts) -> bool:
    picklable = facts.profile.picklable
    return False in (picklable.function, picklable.arguments, picklable.results)
