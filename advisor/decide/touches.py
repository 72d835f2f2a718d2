"""Pitfalls of shared objects and state: the object's name, the effect of concurrent calls on it, and the remedy."""

from __future__ import annotations

from advisor.decide.gains import gain_sentence
from advisor.decide.rule_inputs import Facts
from advisor.models import Pitfall, Strategy, Touch
from advisor.models.resources.effects import RESOURCES
from advisor.models.resources.resource import OPEN_PER_WORKER
from advisor.predict.shared_resources import Remedy, remedy, safety, what_happens

MAX_PITFALLS = 5
CODE = "shared-resource"
_IN_CODE: dict[Remedy, str] = {
    "one per thread": "The code here creates one in each thread instead of {name}; the estimate does not include the "
    "time for that.",
    "written by the parent": "In the code here, workers record what they would write to {name}, and the parent "
    "process writes it in the order of the inputs.",
}
_STRATEGIES: tuple[Strategy, ...] = ("asyncio", "threading", "multiprocessing", "interpreters", "cluster")


def pitfalls(facts: Facts) -> tuple[Pitfall, ...]:
    """Return pitfalls for touches that the chosen strategy or a ruled-out one would break, at most MAX_PITFALLS.

    A touch that only needs caution is reported for the chosen strategy alone.
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
    method = _start_method(touch, facts) if "multiprocessing" in considered else ""
    if not (broken or needs_care or method):
        return None
    strategies = broken or ([facts.strategy] if needs_care else [])
    happens = [what_happens(touch, each, facts.machine_for(each)) for each in strategies[:2]]
    place = f" ({touch.where}{f', in {touch.through}' if touch.through else ''})" if touch.where else ""
    said = "; ".join(dict.fromkeys([*happens, method] if method else happens))
    advice = f"{row.remedy.replace('{name}', touch.name)}." if happens else ""
    if "asyncio" in broken:
        advice += (
            " For asyncio, do not await between the uses, or hold an asyncio.Lock around them; the calls then wait for "
            "each other."
        )
    if done := _in_code(touch, facts):
        advice = f"{done} In your own code: {advice[:1].lower()}{advice[1:]}"
    text = f"The calls use {_named(touch, row.what)}{place}: {said}. {advice}".rstrip()
    unmended = [each for each in broken if remedy(touch, each, facts.profile, facts.machine_for(each)) is None]
    return Pitfall(code=CODE, text=f"{text} {_gain(touch, unmended, facts)}".rstrip())


def _in_code(touch: Touch, facts: Facts) -> str:
    """Return how the generated code handles a touch that the chosen strategy would otherwise break."""
    kind = remedy(touch, facts.strategy, facts.profile, facts.machine_for(facts.strategy))
    return "" if kind is None else _IN_CODE[kind].replace("{name}", touch.name)


def _start_method(touch: Touch, facts: Facts) -> str:
    """Return why worker processes are not forked, if this touch is the reason."""
    method = facts.machine_for("multiprocessing").start_method
    if method == facts.machine.start_method or touch.fork != "unsafe":
        return ""
    forked = what_happens(touch, "multiprocessing", facts.machine)
    made = RESOURCES[touch.resource].anew.replace("{name}", touch.name)
    return f"{forked}; start processes with {method}, as planned here, or with forkserver: {made}"


def _named(touch: Touch, what: str) -> str:
    is_named = touch.kind != "process state" or touch.name != touch.resource
    return f"{touch.name}, {what}" if is_named and touch.name not in what else what


def _gain(touch: Touch, broken: list[Strategy], facts: Facts) -> str:
    """Return the gain of a strategy that only this touch rules out, if it is faster than the advice."""
    others = tuple(each for each in facts.profile.touches if each is not touch)
    mended = facts.profile.model_copy(update={"touches": others})
    gain = gain_sentence(mended, broken, facts) if broken else ""
    row = RESOURCES[touch.resource]
    is_made_by_each = row.per_thread or row.remedy == OPEN_PER_WORKER
    if not gain or not is_made_by_each:
        return gain
    return f"{gain.removesuffix('.')}, not counting the time to create one in each worker."
