"""Text of `advise matrix`: the decision matrix, lists, rules, pitfalls, obstacles and lexicon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from advisor.report.formatting import WHERE_IN_WORDS
from advisor.report.layout import DIM, TITLE, Line, Screen, Span, render, table, wrap

Row = Mapping[str, object]

_TITLES = {
    "matrix": "The decision matrix, when nothing else is known",
    "lists": "Its lists",
    "further": "Further kinds of task",
    "rules": "Rules: what a measured profile says",
    "pitfalls": "Pitfalls that advice warns of",
    "obstacles": "Obstacles: what a symptom shows, and what to do",
    "lexicon": "Lexicon: libraries, programs, services and words",
}


def as_text(tables: Mapping[str, Sequence[Row]], screen: Screen) -> str:
    """Render the tables of `advisor.decide.matrix_document.as_json()`."""
    return render((_block(_TITLES[name], rows, screen.width) for name, rows in tables.items()), screen)


def _block(title: str, rows: Sequence[Row], width: int) -> list[Line]:
    tasks = [row for row in rows if "task" in row]
    rules = [line for row in rows if "when" in row for line in _rule(row, width)]
    obstacles = [line for row in rows if "remedy" in row for line in _obstacle(row, width)]
    facts = [line for row in rows if "fact" in row for line in _fact(row, width)]
    return [(Span(title, TITLE),), *_tasks(tasks, width), *rules, *obstacles, *facts]


def _tasks(rows: Sequence[Row], width: int) -> list[Line]:
    """Render a table of tasks, and each of their common sources once."""
    if not rows:
        return []
    cells = [(str(row["task"]), str(row["recommendation"]), str(row["reason"])) for row in rows]
    lines = table(("Task", "Recommendation", "Reason"), cells, [""] * len(cells), width)
    for source in dict.fromkeys(str(row["source"]) for row in rows):
        lines += wrap(f"Source: {source}", width, style=DIM)
    return lines


def _fact(row: Row, width: int) -> list[Line]:
    """Render an entry of the lexicon: name, where the work happens, traits, fact and source."""
    traits = row["traits"] if isinstance(row["traits"], list) else []
    properties = ", ".join(filter(None, (WHERE_IN_WORDS.get(str(row["works"]), ""), *map(str, traits))))
    lines = wrap(f"{row['name']} ({properties or row['kind']}): {row['fact']}", width, first="• ", rest="  ")
    source = f"{row['version']}, {row['source']}" if row["version"] else str(row["source"])
    return lines + wrap(source, width, first="  ", rest="  ", style=DIM)


def _obstacle(row: Row, width: int) -> list[Line]:
    """Render an obstacle: name, cause, remedy and source."""
    lines = wrap(f"{row['name']}: {row['cause']} {row['remedy']}", width, first="• ", rest="  ")
    return lines + wrap(str(row["source"]), width, first="  ", rest="  ", style=DIM)


def _rule(row: Row, width: int) -> list[Line]:
    """Render a rule or pitfall: name, condition and source."""
    name = row.get("rule") or row.get("code")
    lines = wrap(f"{name}: when {row['when']}", width, first="• ", rest="  ")
    return lines + wrap(str(row["source"]), width, first="  ", rest="  ", style=DIM)
