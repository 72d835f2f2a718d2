"""Tables of figures, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; all columns but the first are aligned to the right."""
    marks = ("---", *("---:" for _ in columns[1:]))
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, marks, *rows))
