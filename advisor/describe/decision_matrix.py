"""The decision matrix and its lists: what to choose for a kind of task when nothing else is known.

The rows are data, one JSON object a line in decision_matrix.jsonl. `MATRIX` and `LISTS` are those of the notebook
"Understanding Multithreading"; `FURTHER` adds kinds of task that the notebook leaves out and that people ask about.
Each row has further names, the keywords it is known by (a trailing `*` stands for any ending), and the archetype in
archetype_profiles.json that stands in for a profile.
"""

from __future__ import annotations

import json
from pathlib import Path

from advisor.models import MatrixRow


def _load() -> dict[str, list[MatrixRow]]:
    """Return the rows of each table."""
    tables: dict[str, list[MatrixRow]] = {}
    for line in Path(__file__).with_name("decision_matrix.jsonl").read_text("utf-8").splitlines():
        fields = json.loads(line)
        table = tables.setdefault(fields.pop("table"), [])
        table.append(MatrixRow(**{**fields, **{name: tuple(fields[name]) for name in ("names", "keywords")}}))
    return tables


_TABLES = _load()
MATRIX: tuple[MatrixRow, ...] = tuple(_TABLES["matrix"])
LISTS: tuple[MatrixRow, ...] = tuple(_TABLES["lists"])
FURTHER: tuple[MatrixRow, ...] = tuple(_TABLES["further"])
ROWS = MATRIX + LISTS + FURTHER
