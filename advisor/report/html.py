"""Advice as HTML: a part for notebooks and pages, or one file with everything in it. Needs no script.

Its styles hold only within `.advisor-advice`. Where they are removed, as by a notebook that is not trusted, the text
and the tables remain.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.models import Advice, Curve, Profile
from advisor.report import chart, wording
from advisor.report.formatting import (
    count,
    counted,
    duration,
    duration_range,
    percent,
    percentages,
    size,
    times,
    times_range,
    without_break,
    workers,
)

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
STYLES = TEMPLATES / "advice.css"
_MAX_HIGHLIGHTED = 20_000  # characters of code; it takes long for more, which may come from outside
_FROM_WORDS = ("words", "turning-point", "knowledge")  # rules that say what a description was judged by


def as_fragment(advice: Advice, curves: Sequence[Curve]) -> str:
    """Render the advice without its styles, for a page that has them."""
    return _environment().get_template("advice.html").render(_context(advice, curves))


def as_cell_output(advice: Advice, curves: Sequence[Curve]) -> str:
    """Render the advice with its styles, as the output of a notebook's cell."""
    return f"<style>{_styles()}</style>\n{as_fragment(advice, curves)}"


def as_page(advice: Advice, curves: Sequence[Curve]) -> str:
    """Render the advice as a document of its own, which needs no other file."""
    context = _context(advice, curves) | {"styles": _styles(), "title": _title(advice)}
    return _environment().get_template("document.html").render(context)


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters.update(
        count=count,
        counted=counted,
        duration=duration,
        duration_range=duration_range,
        percent=percent,
        prose=_prose,
        size=size,
        times=times,
        times_range=times_range,
    )
    environment.globals.update(
        chart=chart, highlighted=_highlighted, is_address=is_address, wording=wording, workers=workers
    )
    return environment


def _finalize(value: object) -> object:
    """Return what the template prints for a value: of a text, numbers stay on the line of their units."""
    return without_break(value) if type(value) is str else value


def _prose(text: str) -> str:
    """Return a text as markup: `code` as an element, and options such as --verify on one line."""
    from markupsafe import Markup, escape

    escaped = str(escape(without_break(text)))
    with_options = re.sub(r"(?<![\w-])--[a-z][a-z-]*", r'<span class="option">\g<0></span>', escaped)
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", with_options))


@functools.cache
def _styles() -> str:
    return STYLES.read_text(encoding="utf-8")


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


def is_address(source: str) -> bool:
    """Return True if a source is a link, not only a name."""
    return re.fullmatch(r"https?://\S+", source) is not None


def _highlighted(code: str) -> str:
    """Return the code as markup, with its tokens in elements and with the gaps to fill in marked."""
    if len(code) > _MAX_HIGHLIGHTED:
        return code.rstrip("\n")
    from markupsafe import Markup
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers.python import PythonLexer

    escaped = highlight(code, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")
    return Markup(escaped.replace("FILL IN", "<mark>FILL IN</mark>"))
