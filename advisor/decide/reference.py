"""The matrix, lists, rules, pitfalls and lexicon as one document."""

from __future__ import annotations

from collections.abc import Iterable

from advisor.decide import explain
from advisor.describe import decision_matrix
from advisor.describe.lexicon import lookup
from advisor.models import LexiconEntry, MatrixRow

LEXICON = "what the word means"  # of verbs, nouns and symptoms, which do not rot


def as_json(words: str = "") -> dict[str, list[dict[str, object]]]:
    """The matrix, lists, rules, pitfalls and lexicon as plain data; or only what the lexicon says of `words`."""
    if words:
        return {"lexicon": _lexicon(dict.fromkeys(found.entry for found in lookup.find_entries(words.lower())))}
    return {
        "matrix": _plain(decision_matrix.MATRIX),
        "lists": _plain(decision_matrix.LISTS),
        "further": _plain(decision_matrix.FURTHER),
        **explain.as_json(),
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
            "source": entry.source or LEXICON,
        }
        for entry in entries
    ]


def _plain(rows: tuple[MatrixRow, ...]) -> list[dict[str, object]]:
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
