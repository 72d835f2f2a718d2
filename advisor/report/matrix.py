"""The decision matrix, its lists, the rules and the pitfalls → text for people who want to see what decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from advisor.report.formatting import WHERE_IN_WORDS
from advisor.report.layout import DIM, TITLE, Line, Screen, Span, table, wrapped, written

Row = Mapping[str, object]

_TITLES = {
    "matrix": "The decision matrix, when nothing else is known",
    "lists": "Its lists",
    "further": "Further kinds of task",
    "rules": "Rules: what a measured profile says",
    "pitfalls": "Pitfalls that are looked for",
    "lexicon": "What is known of libraries, programs, services and words",
}


def as_text(tables: Mapping[str, Sequence[Row]], screen: Screen) -> str:
    """The tables of `advisor.describe.decision_matrix.as_json()`; one that is new there is shown under its own name."""
    return written((_block(_TITLES.get(name, name), rows, screen.width) for name, rows in tables.items()), screen)


def _block(title: str, rows: Sequence[Row], width: int) -> list[Line]:
    tasks = [row for row in rows if "task" in row]
    rules = [line for row in rows if "when" in row for line in _rule(row, width)]
    known = [line for row in rows if "fact" in row for line in _fact(row, width)]
    return [(Span(title, TITLE),), *_tasks(tasks, width), *rules, *known]


def _tasks(rows: Sequence[Row], width: int) -> list[Line]:
    """A table of tasks, and its sources, each once: the rows share them."""
    if not rows:
        return []
    cells = [(str(row["task"]), str(row["recommendation"]), str(row["reason"])) for row in rows]
    lines = table(("Task", "Recommendation", "Reason"), cells, [""] * len(cells), width)
    for source in dict.fromkeys(str(row["source"]) for row in rows):
        lines += wrapped(f"Source: {source}", width, style=DIM)
    return lines


def _fact(row: Row, width: int) -> list[Line]:
    """An entry of the lexicon: its name, where the work happens, what is known and from where."""
    said = ", ".join(filter(None, (WHERE_IN_WORDS.get(str(row["works"]), ""), *_strings(row["traits"]))))
    lines = wrapped(f"{row['name']} ({said or row['kind']}): {row['fact']}", width, first="• ", rest="  ")
    source = f"{row['version']}, {row['source']}" if row["version"] else str(row["source"])
    return lines + wrapped(source, width, first="  ", rest="  ", style=DIM)


def _strings(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _rule(row: Row, width: int) -> list[Line]:
    """A rule or pitfall: its name, when it fires, where that is known from."""
    name = row.get("rule") or row.get("code")
    lines = wrapped(f"{name}: when {row['when']}", width, first="• ", rest="  ")
    return lines + wrapped(str(row["source"]), width, first="  ", rest="  ", style=DIM)
