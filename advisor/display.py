"""Show an Advice, a RaceReport or a SurveyReport: as HTML in a notebook or a file, as text in an interpreter."""

from __future__ import annotations

from advisor import api
from advisor.decide.confidence import speedup_curves
from advisor.models import Advice, Curve, RaceReport, SurveyReport
from advisor.report import html, races, races_html, survey, survey_html, terminal
from advisor.report.layout import Screen

Shown = Advice | RaceReport | SurveyReport


def as_cell_output(shown: Shown) -> str:
    """Render an advice, the result of a search for races, or a survey as the output of a notebook's cell."""
    if isinstance(shown, RaceReport):
        return races_html.as_cell_output(shown)
    if isinstance(shown, SurveyReport):
        return survey_html.as_cell_output(shown)
    return html.as_cell_output(shown, curves(shown))


def as_page(shown: Shown) -> str:
    """Render an advice, the result of a search for races, or a survey as an HTML document of its own."""
    if isinstance(shown, RaceReport):
        return races_html.as_page(shown)
    if isinstance(shown, SurveyReport):
        return survey_html.as_page(shown)
    return html.as_page(shown, curves(shown))


def as_text(shown: Shown) -> str:
    """Render an advice, the result of a search for races, or a survey as text of 80 columns."""
    if isinstance(shown, RaceReport):
        return races.as_text(shown, Screen())
    if isinstance(shown, SurveyReport):
        return survey.as_text(shown, Screen())
    return terminal.as_text(shown, Screen(), in_python=True)


def curves(advice: Advice) -> tuple[Curve, ...]:
    """Return the curves of the advice; none where the description says too little."""
    return () if advice.profile is None else speedup_curves(advice, api.curves(advice))
