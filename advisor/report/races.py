"""The result of a search for races as text: one screen, readable in ten seconds."""

from __future__ import annotations

from collections.abc import Iterable

from advisor.models import Mend, RaceFinding, RaceReport
from advisor.report import race_steps, race_wording
from advisor.report.layout import DIM, TITLE, Line, Screen, Span, printable, render, wrap

_COLOURS = {"race": "red", "deadlock": "red", "none": "green", "unclear": "yellow"}
_DIFF_COLOURS = {"+": "green", "-": "red", "@": DIM}
_MARGIN = 12
_MAX_POSSIBLE = 3
_MAX_PATCH_LINES = 40
_MAX_ROW_LINES = 6


def as_text(report: RaceReport, screen: Screen) -> str:
    """Render the result: the verdict, the lines of each call in the order of time, what came out, and the lock."""
    finding, width = report.finding, screen.width
    if finding is None:
        return render((_headline(report, width), _extent(report, width)), screen)
    return render(
        (
            _headline(report, width),
            race_steps.as_lines(report, finding, width),
            _outcome(finding, width),
            _mend(report.mended, width) if report.mended else [],
            _row("Replay", race_wording.replay(report, finding), width),
        ),
        screen,
    )


def _headline(report: RaceReport, width: int) -> list[Line]:
    lines = wrap(race_wording.verdict(report), width, style=f"bold {_COLOURS[report.verdict]}")
    lines += wrap(race_wording.subject(report), width, style=DIM)
    return lines + (wrap(race_wording.under_gil(report.finding), width) if report.finding else [])


def _outcome(finding: RaceFinding, width: int) -> list[Line]:
    """Return what came out, and what comes out of the calls one after the other."""
    lines = _row("Stuck" if finding.kind == "deadlock" else "Came out", finding.observed, width)
    for index, possible in enumerate(finding.possible[:_MAX_POSSIBLE]):
        lines += _row("or" if index else "Expected", possible, width)
    if len(finding.possible) > _MAX_POSSIBLE:
        lines += _row("", f"… {len(finding.possible) - _MAX_POSSIBLE} more, with --json", width, style=DIM)
    return lines


def _mend(mended: Mend, width: int) -> list[Line]:
    lines = _row("Fix", race_wording.mend(mended), width)
    patch = mended.patch.splitlines()
    lines += [(Span(f"  {printable(line)}", _DIFF_COLOURS.get(line[:1], "")),) for line in patch[:_MAX_PATCH_LINES]]
    if len(patch) > _MAX_PATCH_LINES:
        lines.append((Span(f"  … {len(patch) - _MAX_PATCH_LINES} more lines, with --json", DIM),))
    return lines + (_row("Better", mended.instead, width) if mended.instead else [])


def _extent(report: RaceReport, width: int) -> list[Line]:
    """Return what was tried, and what it means that nothing was found."""
    lines = _row("Why", report.why, width) if report.why else []
    lines += _row("Tried", report.bound, width) if report.bound else []
    calls = [race_wording.call(report, thread) for thread in range(1, len(report.inputs) + 1)]
    lines += _row("Calls", "\n".join(calls), width)
    return lines + (_row("Caveat", race_wording.MISSES, width) if report.verdict == "none" else [])


def _row(name: str, text: str, width: int, style: str = "") -> list[Line]:
    """Return a text with its name in front; a text of several lines keeps them."""
    paragraphs = [paragraph for paragraph in text.splitlines() if paragraph.strip()]
    margins: Iterable[Span] = (Span(name.ljust(_MARGIN), TITLE), *(Span(" " * _MARGIN) for _ in paragraphs))
    lines: list[Line] = []
    for margin, paragraph in zip(margins, paragraphs, strict=False):
        lines += wrap(paragraph, width, first=margin, rest=" " * _MARGIN, style=style)
    if len(lines) > _MAX_ROW_LINES:
        lines[_MAX_ROW_LINES - 1 :] = [(Span(" " * _MARGIN), Span("… the rest with --json", DIM))]
    return lines
