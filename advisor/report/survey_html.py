"""The report of a survey as HTML: one file with the source of each loop beside its verdict."""

from __future__ import annotations

from typing import Any, NamedTuple

from advisor.models import Candidate, LoopObstacle, SurveyReport
from advisor.report import survey_wording
from advisor.report.html_templates import TEMPLATES, environment, styles

_STYLES = (TEMPLATES / "advice.css", TEMPLATES / "survey.css")


class ListedLine(NamedTuple):
    """A line of a loop's source, with the obstacle in it."""

    number: int
    text: str
    obstacle: LoopObstacle | None


def as_cell_output(report: SurveyReport) -> str:
    """Render the report with its styles, as the output of a notebook's cell."""
    fragment = environment().get_template("survey.html").render(_context(report))
    return f"<style>{styles(*_STYLES)}</style>\n{fragment}"


def as_page(report: SurveyReport) -> str:
    """Render the report as a document of its own, which needs no other file."""
    context = _context(report) | {"styles": styles(*_STYLES), "view": "survey.html"}
    return environment().get_template("document.html").render(context)


def _context(report: SurveyReport) -> dict[str, Any]:
    return {
        "report": report,
        "title": f"Survey of {report.program}",
        "gains": survey_wording.gains(report),
        "listings": [_listing(candidate) for candidate in report.candidates],
        "hot_lines": () if report.candidates else report.hot_lines,
    }


def _listing(candidate: Candidate) -> list[ListedLine]:
    obstacles = {each.line: each for each in candidate.obstacles if each.file == candidate.loop.file}
    return [
        ListedLine(number, text, obstacles.get(number))
        for number, text in enumerate(candidate.code.splitlines(), candidate.loop.line)
    ]
