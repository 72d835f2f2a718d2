"""Replace the part of a document between two marks, so that the script that measured the figures can update them."""

from __future__ import annotations

from pathlib import Path

from advisor.report.atomic_write import atomic_write


def renew(document: Path, name: str, content: str) -> None:
    """Write the content between `<!-- name: begin -->` and `<!-- name: end -->`.

    Raises:
        ValueError: The document does not have those marks.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, begin_found, rest = document.read_text(encoding="utf-8").partition(begin)
    _, end_found, after = rest.partition(end)
    if not (begin_found and end_found):
        raise ValueError(f"{document} has no marks {begin} and {end}")
    with atomic_write(document) as temporary:
        temporary.write_text(f"{before}{begin}\n{content.strip()}\n{end}{after}", encoding="utf-8")
