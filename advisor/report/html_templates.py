"""The templates of HTML views, and what they share: figures, prose, highlighted code."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.report import chart, race_wording, survey_wording, wording
from advisor.report.formatting import (
    count,
    counted,
    duration,
    duration_range,
    percent,
    size,
    times,
    times_range,
    without_break,
    workers,
)

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
_MAX_HIGHLIGHTED = 20_000  # characters of code; it takes long for more, which may come from outside


@functools.cache
def environment() -> Environment:
    """Return the environment that renders the templates."""
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
        chart=chart,
        highlighted=_highlighted,
        highlighted_patch=_highlighted_patch,
        is_address=is_address,
        race_wording=race_wording,
        survey_wording=survey_wording,
        wording=wording,
        workers=workers,
    )
    return environment


@functools.cache
def styles(*files: Path) -> str:
    """Return the styles in the files."""
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def is_address(source: str) -> bool:
    """Return True if a source is a link, not only a name."""
    return re.fullmatch(r"https?://\S+", source) is not None


def _finalize(value: object) -> object:
    """Return what the template prints for a value: of a text, numbers stay on the line of their units."""
    return without_break(value) if type(value) is str else value


def _prose(text: str) -> str:
    """Return a text as markup: `code` as an element, and options such as --verify on one line."""
    from markupsafe import Markup, escape

    escaped = str(escape(without_break(text)))
    with_options = re.sub(r"(?<![\w-])--[a-z][a-z-]*", r'<span class="option">\g<0></span>', escaped)
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", with_options))


def _highlighted(code: str) -> str:
    """Return Python code as markup, with its tokens in elements and with the gaps to fill in marked."""
    from markupsafe import Markup

    return Markup(_marked_up(code, "python").replace("FILL IN", "<mark>FILL IN</mark>"))


def _highlighted_patch(patch: str) -> str:
    """Return a unified diff as markup, with its lines in elements."""
    from markupsafe import Markup

    return Markup(_marked_up(patch, "diff"))


def _marked_up(code: str, language: str) -> str:
    """Return the code with its tokens in elements, or only escaped where it is too long."""
    if len(code) > _MAX_HIGHLIGHTED:
        from markupsafe import escape

        return str(escape(code.rstrip("\n")))
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers.diff import DiffLexer
    from pygments.lexers.python import PythonLexer

    lexer = DiffLexer() if language == "diff" else PythonLexer()
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True))).rstrip("\n")
