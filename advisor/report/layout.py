"""Text layout for terminals and pipes: wrapping, tables, colours, and ASCII where Unicode cannot be shown.

Rich could do this, but importing it takes longer than all of the layout.
"""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TextIO

import click

from advisor.report.formatting import without_break

MAX_WIDTH = 110  # columns; longer lines are tiring to read, however wide the window

DIM = "bright_black"
TITLE = "bold"
_MIN_TEXT_WIDTH = 10  # columns, however narrow the window
_MIN_LAST_COLUMN_WIDTH = 24  # columns; where there are fewer, the text goes below its row
_MAX_LAST_COLUMN_LINES = 2

_ASCII_SUBSTITUTES = str.maketrans("×µ–—…·•▸█▓▒░±≥≤→’“”│", 'xu--.-*>#=+.~><>\'""|')


class Screen(NamedTuple):
    """Capabilities of an output: its width in columns, colours or not, and its encoding."""

    width: int = 80
    colours: bool = False
    encoding: str = "utf-8"

    @classmethod
    def of(cls, stream: TextIO) -> Screen:
        """Describe a stream. A pipe or file has 80 columns and no colours."""
        width = shutil.get_terminal_size((80, 24)).columns if stream.isatty() or "COLUMNS" in os.environ else 80
        return cls(min(width, MAX_WIDTH), _shows_colours(stream), getattr(stream, "encoding", None) or "utf-8")


def _shows_colours(stream: TextIO) -> bool:
    """Return True if the stream takes colours. See no-color.org and force-color.org."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


class Span(NamedTuple):
    """A piece of text in one style, such as 'bold green'."""

    text: str
    style: str = ""


Line = tuple[Span, ...]


def render(blocks: Iterable[Sequence[Line]], screen: Screen) -> str:
    """Render the blocks that are not empty, separated by empty lines."""
    return "\n".join("".join(_render_line(line, screen) for line in block) for block in blocks if block)


def _render_line(line: Line, screen: Screen) -> str:
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


def wrap(text: str, width: int, *, first: Span | str = "", rest: str = "", style: str = "") -> list[Line]:
    """Break the text into lines of at most `width` columns; `first` and `rest` begin the first and the other lines.

    Too long a word is not broken, so that an address can be copied.
    """
    start = first if isinstance(first, Span) else Span(first)
    room = max(width - max(display_width(start.text), display_width(rest)), _MIN_TEXT_WIDTH)
    lines: list[str] = []
    for word in without_break(" ".join(printable(text).split())).split(" "):
        if lines and display_width(lines[-1]) + 1 + display_width(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [
        (Span(rest) if index else start, Span(line.replace("\N{NO-BREAK SPACE}", " "), style))
        for index, line in enumerate(lines)
    ]


def flow(items: Sequence[Line], width: int) -> list[Line]:
    """Arrange items side by side, as many as fit on a line."""
    lines: list[Line] = []
    for item in items:
        if lines and _line_width(lines[-1]) + 3 + _line_width(item) <= width:
            lines[-1] = (*lines[-1], Span("   "), *item)
        else:
            lines.append(item)
    return lines


def table(header: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str], width: int) -> list[Line]:
    """Lay out a table; its last column is text that wraps, or goes below its row where there is too little space."""
    widths = [max(map(display_width, cells)) for cells in list(zip(header, *rows, strict=True))[:-1]]
    indent = sum(widths) + 2 * len(widths)
    beside = width - indent >= _MIN_LAST_COLUMN_WIDTH
    lines: list[Line] = [(Span(_aligned(header[:-1], widths) + (header[-1] if beside else ""), DIM),)]
    for row, style in zip(rows, styles, strict=True):
        cells = Span(_aligned(row[:-1], widths), style)
        margin = " " * (indent if beside else 4)
        text = wrap(row[-1], width, first=cells if beside else margin, rest=margin, style=DIM if style == DIM else "")
        if not (beside and text):
            lines.append((cells,))
        lines += _shortened(text, width)
    return lines


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Join the cells: the first and last aligned to the left, the numbers between them to the right."""
    aligned = []
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        padding = " " * (width - display_width(cell))
        aligned.append(cell + padding if index in (0, len(cells) - 1) else padding + cell)
    return "  ".join(aligned) + "  "


def _shortened(lines: list[Line], width: int) -> list[Line]:
    if len(lines) <= _MAX_LAST_COLUMN_LINES:
        return lines
    margin, last = lines[_MAX_LAST_COLUMN_LINES - 1]
    words = last.text.split()
    while len(words) > 1 and display_width(margin.text) + display_width(" ".join(words)) + 2 > width:
        words.pop()
    return [*lines[: _MAX_LAST_COLUMN_LINES - 1], (margin, Span(" ".join(words) + " …", last.style))]


def _line_width(line: Line) -> int:
    return sum(display_width(span.text) for span in line)


def display_width(text: str) -> int:
    """Return the width of the text in columns: two for East Asian characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in text)


def printable(text: str) -> str:
    """Replace control characters by blanks: a name or message must not send escape sequences to the terminal."""
    return "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char for char in text)


def _encodable(text: str, encoding: str) -> str:
    """Replace characters that the encoding lacks, one by one."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(_ASCII_SUBSTITUTES).encode("ascii", "replace").decode("ascii")
    return text
