"""Show an Advice: as HTML in a notebook or a file, as text in an interpreter."""

from __future__ import annotations

from advisor import api
from advisor.decide.confidence import speedup_curves
from advisor.models import Advice, Curve
from advisor.report import html, terminal
from advisor.report.layout import Screen


def as_cell_output(advice: Advice) -> str:
    """Render the advice as the output of a notebook's cell."""
    return html.as_cell_output(advice, curves(advice))


def as_page(advice: Advice) -> str:
    """Render the advice as an HTML document of its own."""
    return html.as_page(advice, curves(advice))


def as_text(advice: Advice) -> str:
    """Render the advice as text of 80 columns."""
    return terminal.as_text(advice, Screen(), in_python=True)


def curves(advice: Advice) -> tuple[Curve, ...]:
    """Return the curves of the advice; none where the description says too little."""
    return () if advice.profile is None else speedup_curves(advice, api.curves(advice))
