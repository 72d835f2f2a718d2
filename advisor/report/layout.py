"""Text laid out as lines that fit a screen, then written as that screen can show it.

What goes to a pipe, to a narrow window or to a terminal without Unicode is the same text: without colours, broken
elsewhere, or with plain signs instead. (Rich could do it, but importing it takes longer than all that is done here.)
"""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TextIO

import click

WIDEST = 110
"""Columns; longer lines are tiring to read, however wide the window."""

DIM = "bright_black"
TITLE = "bold"
_NARROWEST = 10  # columns that text gets, however narrow the window
_NARROWEST_TEXT = 24  # columns; a narrower last column of a table goes below its row
_MOST_TEXT_LINES = 2  # of a table's last column

_FIGURE = re.compile(r"(?<=\d) (?=(?:ns|µs|ms|s|min|h|days|bytes|kB|MB|GB|TB)\b|%)")  # the blank before a unit
_PLAIN_SIGNS = str.maketrans("×µ–—…·•▸█▓▒░±≥≤→’“”", 'xu--.-*>#=+.~><>\'""')


class Screen(NamedTuple):
    """What the text is for: columns, whether colours mean anything there, and the encoding it can show."""

    width: int = 80
    colours: bool = False
    encoding: str = "utf-8"

    @classmethod
    def of(cls, stream: TextIO) -> Screen:
        """That of a stream: 80 columns and no colours in a pipe or file."""
        width = shutil.get_terminal_size((80, 24)).columns if stream.isatty() or "COLUMNS" in os.environ else 80
        return cls(min(width, WIDEST), _shows_colours(stream), getattr(stream, "encoding", None) or "utf-8")


def _shows_colours(stream: TextIO) -> bool:
    """NO_COLOR and FORCE_COLOR as no-color.org and force-color.org ask for."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


class Span(NamedTuple):
    """A piece of text in one style, such as 'bold green'."""

    text: str
    style: str = ""


Line = tuple[Span, ...]


def written(blocks: Iterable[Sequence[Line]], screen: Screen) -> str:
    """The blocks, an empty line between each two, without those that have nothing to say."""
    paragraphs = ["".join(_written(line, screen) for line in block) for block in blocks if block]
    return "\n".join(paragraphs)


def _written(line: Line, screen: Screen) -> str:
    spans = list(line)
    while spans and not spans[-1].text.strip():
        spans.pop()
    if spans:
        spans[-1] = Span(spans[-1].text.rstrip(), spans[-1].style)
    texts = [_encodable(span.text, screen.encoding) for span in spans]
    if screen.colours:
        texts = [_styled(text, span.style) for text, span in zip(texts, spans, strict=True)]
    return "".join(texts) + "\n"


def _styled(text: str, style: str) -> str:
    if not style:
        return text
    colour = style.removeprefix("bold").strip()
    return click.style(text, fg=colour or None, bold=style.startswith("bold") or None)


def wrapped(text: str, width: int, *, first: Span | str = "", rest: str = "", style: str = "") -> list[Line]:
    """The text broken at blanks into lines of at most `width` columns, the first and the others indented so.

    A word that is too long stays whole: it may be an address, to be copied.
    """
    start = first if isinstance(first, Span) else Span(first)
    room = max(width - max(columns(start.text), columns(rest)), _NARROWEST)
    lines: list[str] = []
    for word in _FIGURE.sub("\N{NO-BREAK SPACE}", " ".join(printable(text).split())).split(" "):
        if lines and columns(lines[-1]) + 1 + columns(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [
        (Span(rest) if index else start, Span(line.replace("\N{NO-BREAK SPACE}", " "), style))
        for index, line in enumerate(lines)
    ]


def flowing(items: Sequence[Line], width: int) -> list[Line]:
    """Items beside each other, as many as fit on a line."""
    lines: list[Line] = []
    for item in items:
        if lines and _length(lines[-1]) + 3 + _length(item) <= width:
            lines[-1] = (*lines[-1], Span("   "), *item)
        else:
            lines.append(item)
    return lines


def table(header: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str], width: int) -> list[Line]:
    """Columns as wide as their longest cell; the last one, text, wraps, or goes below its row where too narrow."""
    widths = [max(map(columns, cells)) for cells in list(zip(header, *rows, strict=True))[:-1]]
    indent = sum(widths) + 2 * len(widths)
    beside = width - indent >= _NARROWEST_TEXT
    lines: list[Line] = [(Span(_aligned(header[:-1], widths) + (header[-1] if beside else ""), DIM),)]
    for row, style in zip(rows, styles, strict=True):
        cells = Span(_aligned(row[:-1], widths), style)
        margin = " " * (indent if beside else 4)
        text = wrapped(
            row[-1], width, first=cells if beside else margin, rest=margin, style=DIM if style == DIM else ""
        )
        if not (beside and text):
            lines.append((cells,))
        lines += _shortened(text, width)
    return lines


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first cell to the left, numbers to the right, the last one (a number with its range) to the left again."""
    aligned = []
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        padding = " " * (width - columns(cell))
        aligned.append(cell + padding if index in (0, len(cells) - 1) else padding + cell)
    return "  ".join(aligned) + "  "


def _shortened(lines: list[Line], width: int) -> list[Line]:
    if len(lines) <= _MOST_TEXT_LINES:
        return lines
    margin, last = lines[_MOST_TEXT_LINES - 1]
    words = last.text.split()
    while len(words) > 1 and columns(margin.text) + columns(" ".join(words)) + 2 > width:
        words.pop()
    return [*lines[: _MOST_TEXT_LINES - 1], (margin, Span(" ".join(words) + " …", last.style))]


def _length(line: Line) -> int:
    return sum(columns(span.text) for span in line)


def columns(text: str) -> int:
    """How many columns of a terminal the text takes: two for East Asian signs, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else not unicodedata.combining(sign) for sign in text)


def printable(text: str) -> str:
    """The text without escape sequences and other controls: a name or message must not steer the terminal."""
    return "".join(" " if unicodedata.category(sign) in ("Cc", "Cf", "Cs") else sign for sign in text)


def _encodable(text: str, encoding: str) -> str:
    """The text in signs that the encoding has, of the same length."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(_PLAIN_SIGNS).encode("ascii", "replace").decode("ascii")
    return text
