"""The form of a pitfall: when it fires, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from advisor.decide.rule_inputs import Facts
from advisor.models import Pitfall, Strategy


@dataclass(frozen=True)
class PitfallRule:
    """A pitfall: fires when `condition` holds for one of the strategies it `concerns`; `text` says what to do."""

    code: str
    when: str
    condition: Callable[[Facts], bool]
    concerns: frozenset[Strategy]
    text: str
    source: str

    def fires(self, facts: Facts) -> bool:
        return facts.strategy in self.concerns and self.condition(facts)


def fired(facts: Facts, rules: Iterable[PitfallRule]) -> tuple[Pitfall, ...]:
    """Return the pitfalls that fire for the chosen strategy."""
    return tuple(Pitfall(code=rule.code, text=rule.text.format_map(facts.words)) for rule in rules if rule.fires(facts))
