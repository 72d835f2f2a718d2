"""The matrix and all other tables as one document: what `advise matrix` and GET /v1/matrix show."""

from __future__ import annotations

from collections.abc import Iterable

from advisor.decide.cluster_rules import CLUSTER_RULES
from advisor.decide.pitfalls import PITFALLS
from advisor.decide.reason_rules import FALLBACK, RULES
from advisor.describe import decision_matrix
from advisor.describe.lexicon import lookup
from advisor.describe.obstacles.table import obstacles
from advisor.models import LexiconEntry, MatrixRow

WORD_MEANING = "what the word means"  # of verbs, nouns and symptoms, which have no other source


def as_json(words: str = "") -> dict[str, list[dict[str, object]]]:
    """Return all of it as plain data, templates unfilled; with `words`, only the lexicon's entries for them."""
    if words:
        return {"lexicon": _lexicon(dict.fromkeys(found.entry for found in lookup.find_entries(words.lower())))}
    return {
        "matrix": _matrix(decision_matrix.MATRIX),
        "lists": _matrix(decision_matrix.LISTS),
        "further": _matrix(decision_matrix.FURTHER),
        "rules": _rules(),
        "pitfalls": _columns(PITFALLS, "code", "when", "concerns", "text", "source"),
        "obstacles": _columns(obstacles(), "name", "cause", "remedy", "source"),
        "lexicon": _lexicon(lookup.entries()),
    }


def _lexicon(entries: Iterable[LexiconEntry]) -> list[dict[str, object]]:
    rows = _columns(entries, "name", "kind", "works", "traits", "fact", "version", "source")
    return [{**row, "source": row["source"] or WORD_MEANING} for row in rows]


def _matrix(rows: tuple[MatrixRow, ...]) -> list[dict[str, object]]:
    return _columns(rows, "task", "recommendation", "reason", "source", "archetype")


def _rules() -> list[dict[str, object]]:
    return [
        {"rule": rule.name, "text": f"{rule.because}, so {rule.so}", **row}
        for rule in (*RULES, *CLUSTER_RULES, FALLBACK)
        for row in _columns([rule], "when", "favours", "source")
    ]


def _columns(rows: Iterable[object], *names: str) -> list[dict[str, object]]:
    """Return these attributes of each row, in forms that JSON has."""
    return [{name: _plain(getattr(row, name)) for name in names} for row in rows]


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value
