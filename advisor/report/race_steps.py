"""The steps of concurrent calls as text: a column for each call, its lines in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from advisor.models import RaceFinding, RaceReport, RaceStep
from advisor.report import race_wording
from advisor.report.formatting import counted
from advisor.report.layout import DIM, Line, Span, display_width, printable, wrap

_COLOURS = ("cyan", "yellow", "magenta", "green")
_SEPARATOR = Span(" │ ", DIM)
_MIN_COLUMN = 30  # columns of text; where there are fewer, the calls are below each other, with a number
_MAX_LINES = 2  # of a call's arguments, a place or a line of code
_MAX_EFFECT_LINES = 3
_FIRST_STEPS, _LAST_STEPS = 8, 16  # that are shown where there are more


def as_lines(report: RaceReport, finding: RaceFinding, width: int) -> list[Line]:
    """Return the steps of the calls side by side, or one below the other where there is too little space."""
    files = race_wording.file_names({step.file for step in finding.steps})
    title = _shortened(f"In {next(iter(files.values()))}", width, DIM) if len(files) == 1 else []
    return title + _columns(report, finding, width)


def _columns(report: RaceReport, finding: RaceFinding, width: int) -> list[Line]:
    calls = race_wording.calls_of(finding)
    column = (width - len(_SEPARATOR.text) * (len(calls) - 1)) // max(len(calls), 1)
    if column < _MIN_COLUMN:
        return _below_each_other(report, finding, width)
    headings = [_heading(report, call, column) for call in calls]
    lines = [_row(cells, column) for cells in zip_longest(*headings, fillvalue=())]
    for thread, cells in _blocks(finding, column):
        if thread is None:
            lines += cells
        else:
            lines += [_row([cell if call == thread else () for call in calls], column) for cell in cells]
    return lines


def _below_each_other(report: RaceReport, finding: RaceFinding, width: int) -> list[Line]:
    lines = [line for call in race_wording.calls_of(finding) for line in _heading(report, call, width)]
    for thread, cells in _blocks(finding, width - 4):
        if thread is None:
            lines += cells
            continue
        for index, cell in enumerate(cells):
            number = f"{thread:<2}" if index == 0 else "  "
            lines.append((Span(number, f"bold {_colour(thread)}"), Span("│ ", DIM), *cell))
    return lines


def _blocks(finding: RaceFinding, width: int) -> Iterator[tuple[int | None, list[Line]]]:
    """Yield the lines of each step, with the number of its call; None for a line that stands for many steps."""
    files = race_wording.file_names({step.file for step in finding.steps})
    gutter = max((len(str(step.line)) for step in finding.steps), default=0)
    places: dict[int, str] = {}
    omitted = len(finding.steps) - _FIRST_STEPS - _LAST_STEPS
    for index, step in enumerate(finding.steps):
        if index == _FIRST_STEPS and omitted > 0:
            yield None, [(Span(f"… {counted(omitted, 'more step')}, with --json", DIM),)]
        if _FIRST_STEPS <= index < _FIRST_STEPS + omitted:
            continue
        place = step.function if len(files) == 1 else f"{step.function}, {files[step.file]}"
        heading = [] if places.get(step.thread) == place else _shortened(place, width, DIM)
        places[step.thread] = place
        yield step.thread, heading + _step(step, gutter, width)


def _heading(report: RaceReport, call: int, width: int) -> list[Line]:
    return _shortened(race_wording.call(report, call), width, f"bold {_colour(call)}")


def _step(step: RaceStep, gutter: int, width: int) -> list[Line]:
    """Return a line of code with its number, and what it does below."""
    number = Span(f"{step.line:>{gutter}} ", DIM)
    margin = Span(" " * (gutter + 1))
    room = width - gutter - 1
    source = [(margin if index else number, *line) for index, line in enumerate(_shortened(step.source, room))]
    effect = _shortened(step.effect, room - 2, _colour(step.thread), _MAX_EFFECT_LINES)
    return source + [(Span(f"{margin.text}{'  ' if index else '→ '}"), *line) for index, line in enumerate(effect)]


def _shortened(text: str, width: int, style: str = "", most: int = _MAX_LINES) -> list[Line]:
    """Break a text into lines of at most `width` columns, and end it with an ellipsis after so many."""
    text = printable(text)
    if display_width(text) <= width:
        return [(Span(text, style),)] if text else []
    lines = [line[-1].text for line in wrap(text, width, rest="  ")]
    lines = [lines[0], *(f"  {line}" for line in lines[1:])]
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]} …"]
    return [(Span(_cut(line, width), style),) for line in lines]


def _cut(text: str, width: int) -> str:
    """Return the text, with an ellipsis in place of its end if it is wider."""
    if display_width(text) <= width:
        return text
    text = text[:width]  # so that a long text takes no time
    while text and display_width(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def _row(cells: Sequence[Line], width: int) -> Line:
    """Join the cells of a row; each but the last is filled up with blanks."""
    spans: list[Span] = []
    for index, cell in enumerate(cells):
        spans += [_SEPARATOR, *cell] if index else cell
        if index < len(cells) - 1:
            spans.append(Span(" " * (width - sum(display_width(span.text) for span in cell))))
    return tuple(spans)


def _colour(thread: int) -> str:
    return _COLOURS[(thread - 1) % len(_COLOURS)]
