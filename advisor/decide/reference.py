"""The matrix, lists, rules, pitfalls and lexicon as one document: what `advise matrix` and GET /v1/matrix show."""

from __future__ import annotations

from collections.abc import Iterable

from advisor.decide.pitfalls import PITFALLS
from advisor.decide.rules import FALLBACK, RULES
from advisor.describe import decision_matrix
from advisor.describe.lexicon import lookup
from advisor.models import LexiconEntry, MatrixRow

WORD_MEANING = "what the word means"  # of verbs, nouns and symptoms, which have no other source


def as_json(words: str = "") -> dict[str, list[dict[str, object]]]:
    """Return all of it as plain data, templates unfilled; with `words`, only the lexicon's entries for them."""
    if words:
        return {"lexicon": _lexicon(dict.fromkeys(found.entry for found in lookup.found_in(words.lower())))}
    return {
        "matrix": _matrix(decision_matrix.MATRIX),
        "lists": _matrix(decision_matrix.LISTS),
        "further": _matrix(decision_matrix.FURTHER),
        "rules": _rules(),
        "pitfalls": _pitfalls(),
        "lexicon": _lexicon(lookup.entries()),
    }


def _lexicon(entries: Iterable[LexiconEntry]) -> list[dict[str, object]]:
    return [
        {
            "name": entry.name,
            "kind": entry.kind,
            "works": entry.works,
            "traits": list(entry.traits),
            "fact": entry.fact,
            "version": entry.version,
            "source": entry.source or WORD_MEANING,
        }
        for entry in entries
    ]


def _matrix(rows: tuple[MatrixRow, ...]) -> list[dict[str, object]]:
    return [
        {
            "task": row.task,
            "recommendation": row.recommendation,
            "reason": row.reason,
            "source": row.source,
            "archetype": row.archetype,
        }
        for row in rows
    ]


def _rules() -> list[dict[str, object]]:
    return [
        {
            "rule": rule.name,
            "when": rule.when,
            "favours": sorted(rule.favours),
            "text": f"{rule.because}, so {rule.so}",
            "source": rule.source,
        }
        for rule in (*RULES, FALLBACK)
    ]


def _pitfalls() -> list[dict[str, object]]:
    return [
        {
            "code": rule.code,
            "when": rule.when,
            "concerns": sorted(rule.concerns),
            "text": rule.text,
            "source": rule.source,
        }
        for rule in PITFALLS
    ]
