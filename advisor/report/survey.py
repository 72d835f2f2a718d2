"""The report of a survey as text: a line of source, a bar of the program's time, the gain and the obstacle."""

from __future__ import annotations

from advisor.models import Candidate, SurveyReport
from advisor.report import formatting, survey_wording
from advisor.report.layout import DIM, TITLE, Line, Screen, Span, printable, render, wrap

BAR_WIDTH = 20
MARGIN = 4
MAX_OBSTACLES = 3
MAX_CODE_LINES = 40
_COLOURS = {"independent": "green", "reduction": "green", "carried": "red", "unknown": "yellow"}


def as_text(report: SurveyReport, screen: Screen) -> str:
    """Render the report: the verdict, the loops with the best first, and the code for the first of them."""
    width = screen.width
    blocks = [_headline(report, width)]
    blocks += [_candidate(number, each, width) for number, each in enumerate(report.candidates, 1)]
    blocks += [_also(report, width), _code(report)]
    return render(blocks, screen)


def _headline(report: SurveyReport, width: int) -> list[Line]:
    lines = wrap(report.summary, width, style="bold green" if survey_wording.gains(report) else "bold")
    return lines + wrap(survey_wording.subject(report), width, style=DIM)


def _candidate(number: int, candidate: Candidate, width: int) -> list[Line]:
    """Return the lines of a loop: where it is, its share of the time, what it brings and what is in the way."""
    loop = candidate.loop
    filled = max(1, round(candidate.share * BAR_WIDTH))
    place = f"{printable(loop.file)}:{loop.line}"
    heading: Line = (
        Span(f"{number}. ".ljust(MARGIN), TITLE),
        Span(place, TITLE),
        Span(f"  {printable(loop.function)}" if loop.function != "<module>" else "", DIM),
    )
    margin = " " * MARGIN
    bar: Line = (
        Span(margin),
        Span("█" * filled, _COLOURS[candidate.independence]),
        Span("░" * (BAR_WIDTH - filled), DIM),
        Span(f" {survey_wording.share(candidate)}"),
    )
    lines = [heading, *wrap(loop.source, width, first=margin, rest=margin), bar]
    lines += wrap(
        survey_wording.verdict(candidate), width, first=margin, rest=margin, style=_COLOURS[candidate.independence]
    )
    for obstacle in candidate.obstacles[:MAX_OBSTACLES]:
        sign = "✗" if obstacle.blocks else "!"
        text = f"{obstacle.text} ({obstacle.file}:{obstacle.line})"
        lines += wrap(text, width, first=f"{margin}{sign} ", rest=f"{margin}  ")
    if len(candidate.obstacles) > MAX_OBSTACLES:
        more = len(candidate.obstacles) - MAX_OBSTACLES
        lines.append((Span(f"{margin}  … {formatting.counted(more, 'more')} with --json", DIM),))
    return lines


def _also(report: SurveyReport, width: int) -> list[Line]:
    """Return facts about the program, and what else helps."""
    lines: list[Line] = []
    for note in report.notes:
        lines += wrap(note, width)
    for sentence in report.instead:
        lines += wrap(sentence, width, first=Span("Instead: ", TITLE), rest=" " * 9)
    return lines


def _code(report: SurveyReport) -> list[Line]:
    """Return the change of the first loop that pays."""
    patch = next((each.patch for each in report.candidates if each.patch), "").splitlines()
    if not patch:
        return []
    colours = {"+": "green", "-": "red", "@": DIM}
    lines: list[Line] = [(Span("The change, for patch -p0 (--patch FILE writes it):", TITLE),)]
    lines += [(Span(f"  {printable(line)}", colours.get(line[:1], "")),) for line in patch[:MAX_CODE_LINES]]
    if len(patch) > MAX_CODE_LINES:
        lines.append((Span(f"  … {len(patch) - MAX_CODE_LINES} more lines, with --patch FILE", DIM),))
    return lines
