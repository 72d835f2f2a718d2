"""Why a strategy suits a task, and what to watch for: rules and pitfalls as rows, filled with the measured figures.

A `Rule` holds its condition, the strategies it speaks for, its words and their source together, so that the
explanation cannot drift from the decision. Its words come in two halves: `because` (a clause that the summary quotes)
and `so`. Both are templates over `Facts.words`. To extend or override the rows, pass your own to `reasons` and
`pitfalls`.
"""

from __future__ import annotations

from collections.abc import Iterable

from advisor.decide.facts import Facts
from advisor.decide.pitfalls import PITFALLS, Trap
from advisor.decide.rules import FALLBACK, RULES, Rule
from advisor.describe.sources import GIL_TERM, NOTEBOOK
from advisor.models import Pitfall, Reason

__all__ = [
    "FALLBACK",
    "GIL_TERM",
    "NOTEBOOK",
    "PITFALLS",
    "RULES",
    "Facts",
    "Rule",
    "Trap",
    "as_json",
    "fired",
    "pitfalls",
    "reasons",
]


def fired(facts: Facts, rules: Iterable[Rule] = RULES) -> tuple[Rule, ...]:
    """The rules that speak for the chosen strategy, the strongest first; never none."""
    return tuple(rule for rule in rules if rule.fires(facts)) or (FALLBACK,)


def reasons(facts: Facts, rules: Iterable[Rule] = RULES) -> tuple[Reason, ...]:
    """Why the chosen strategy, in words filled with the figures, the strongest reason first."""
    return tuple(Reason(rule=rule.name, text=rule.text(facts), source=rule.source) for rule in fired(facts, rules))


def pitfalls(facts: Facts, traps: Iterable[Trap] = PITFALLS) -> tuple[Pitfall, ...]:
    """What to watch for with the chosen strategy, and what to do about it."""
    return tuple(Pitfall(code=trap.code, text=trap.text.format_map(facts.words)) for trap in traps if trap.fires(facts))


def as_json() -> dict[str, list[dict[str, object]]]:
    """The rules and pitfalls as plain data, templates unfilled."""
    return {
        "rules": [
            {
                "rule": rule.name,
                "when": rule.when,
                "favours": sorted(rule.favours),
                "text": f"{rule.because}, so {rule.so}",
                "source": rule.source,
            }
            for rule in (*RULES, FALLBACK)
        ],
        "pitfalls": [
            {
                "code": trap.code,
                "when": trap.when,
                "concerns": sorted(trap.concerns),
                "text": trap.text,
                "source": trap.source,
            }
            for trap in PITFALLS
        ],
    }
