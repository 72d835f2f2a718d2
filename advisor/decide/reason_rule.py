"""The form of a rule: when it speaks for a strategy, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from advisor.decide.rule_inputs import Facts
from advisor.models import Strategy


class Rule(NamedTuple):
    """A reason for some strategies: fires when `condition` holds and the chosen strategy is one of `favours`."""

    name: str
    when: str
    condition: Callable[[Facts], bool]
    favours: frozenset[Strategy]
    because: str
    so: str
    source: str

    def fires(self, facts: Facts) -> bool:
        return facts.strategy in self.favours and self.condition(facts)

    def clause(self, facts: Facts) -> str:
        """Return the first half, for use after "because"."""
        return self.because.format_map(facts.words)

    def text(self, facts: Facts) -> str:
        """Return both halves as a sentence."""
        sentence = f"{self.because}, so {self.so}.".format_map(facts.words)
        return sentence[:1].upper() + sentence[1:]
