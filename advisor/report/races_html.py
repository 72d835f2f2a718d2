"""The result of a search for races as HTML: the output of a notebook's cell, or one file with everything in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from advisor.models import RaceFinding, RaceReport, RaceStep
from advisor.report import race_wording
from advisor.report.html_templates import TEMPLATES, environment, styles

_STYLES = (TEMPLATES / "advice.css", TEMPLATES / "races.css")


class Row(NamedTuple):
    """A row of the table of steps; `place` is the function and the file where they are others than before."""

    number: int
    step: RaceStep
    place: str


def as_cell_output(report: RaceReport) -> str:
    """Render the result with its styles, as the output of a notebook's cell."""
    fragment = environment().get_template("races.html").render(_context(report))
    return f"<style>{styles(*_STYLES)}</style>\n{fragment}"


def as_page(report: RaceReport) -> str:
    """Render the result as a document of its own, which needs no other file."""
    context = _context(report) | {
        "styles": styles(*_STYLES),
        "title": race_wording.verdict(report),
        "view": "races.html",
    }
    return environment().get_template("document.html").render(context)


def _context(report: RaceReport) -> dict[str, Any]:
    finding = report.finding
    return {
        "calls": race_wording.calls_of(finding) if finding else [],
        "report": report,
        "rows": list(_rows(finding)) if finding else [],
        "verdict": race_wording.verdict(report),
    }


def _rows(finding: RaceFinding) -> Iterator[Row]:
    files = race_wording.file_names({step.file for step in finding.steps})
    places: dict[int, str] = {}
    for number, step in enumerate(finding.steps, 1):
        place = f"{step.function}, {files[step.file]}"
        yield Row(number, step, "" if places.get(step.thread) == place else place)
        places[step.thread] = place
