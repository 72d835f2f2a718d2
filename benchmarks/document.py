"""Figures go into a document between two marks, so that the command that found them can renew them."""

from __future__ import annotations

from pathlib import Path

from advisor.report.atomic_write import atomic_write


def renew(document: Path, name: str, found: str) -> None:
    """Write what was found between `<!-- name: begin -->` and `<!-- name: end -->`.

    Raises ValueError where the document does not have those marks.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, marked, rest = document.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not (marked and ended):
        raise ValueError(f"{document} has no marks {begin} and {end}")
    with atomic_write(document) as new:
        new.write_text(f"{before}{begin}\n{found.strip()}\n{end}{after}", encoding="utf-8")
