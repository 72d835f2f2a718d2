"""Advice as HTML: a part for notebooks and pages, or one file with everything in it. Needs no script.

Its styles hold only within `.advisor-advice`. Where they are removed, as by a notebook that is not trusted, the text
and the tables remain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.models import Advice, Curve, Profile
from advisor.report import chart, wording
from advisor.report.formatting import percentages, workers
from advisor.report.html_templates import TEMPLATES, environment, styles

STYLES = TEMPLATES / "advice.css"
_FROM_WORDS = ("words", "turning-point", "knowledge")  # rules that say what a description was judged by


def as_fragment(advice: Advice, curves: Sequence[Curve]) -> str:
    """Render the advice without its styles, for a page that has them."""
    return environment().get_template("advice.html").render(_context(advice, curves))


def as_cell_output(advice: Advice, curves: Sequence[Curve]) -> str:
    """Render the advice with its styles, as the output of a notebook's cell."""
    return f"<style>{styles(STYLES)}</style>\n{as_fragment(advice, curves)}"


def as_page(advice: Advice, curves: Sequence[Curve]) -> str:
    """Render the advice as a document of its own, which needs no other file."""
    context = _context(advice, curves) | {"styles": styles(STYLES), "title": _title(advice), "view": "advice.html"}
    return environment().get_template("document.html").render(context)


def _context(advice: Advice, curves: Sequence[Curve]) -> dict[str, Any]:
    described = advice.evidence == "described"
    return {
        "advice": advice,
        "curves": curves,
        "feasible": chart.feasible(curves),
        "judged": [reason for reason in advice.reasons if described and reason.rule in _FROM_WORDS],
        "loop": next((option for option in advice.alternatives if option.strategy == "sequential"), None),
        "reasons": [reason for reason in advice.reasons if not (described and reason.rule in _FROM_WORDS)],
        "shares": _shares(advice.profile),
        "verdict": verdict(advice),
    }


def verdict(advice: Advice) -> str:
    """Return the advice as a headline."""
    if advice.recommendation == "undecided":
        return "Undecided: more information is needed"
    if advice.recommendation == "sequential":
        return "Keep the plain loop"
    return f"Use {workers(advice.recommendation, advice.workers)}"


def _title(advice: Advice) -> str:
    target = advice.profile.target if advice.profile else None
    return f"{target}: {verdict(advice)}" if target else verdict(advice)


def _shares(profile: Profile | None) -> list[dict[str, Any]]:
    """Return the parts of a call's time, with their places in a bar of 100 units."""
    if profile is None:
        return []
    shares = wording.shares(profile)
    total = sum(share.seconds for share in shares)
    placed, start = [], 0.0
    for share, whole in zip(shares, percentages([share.seconds for share in shares]), strict=True):
        length = 100 * share.seconds / total
        placed.append({"share": share, "percent": whole or "<1", "start": round(start, 3), "length": round(length, 3)})
        start += length
    return placed
