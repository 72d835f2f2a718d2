"""The report of a survey as text: a line of source, a bar of the program's time, the gain and the obstacle."""

from __future__ import annotations

from advisor.models import Candidate, SurveyReport
from advisor.models.survey_report import HotLine
from advisor.report import formatting, survey_wording
from advisor.report.layout import DIM, TITLE, Line, Screen, Span, display_width, printable, render, wrap

BAR_WIDTH = 20
MARGIN = " " * 4
LABEL_WIDTH = 10
MAX_CANDIDATES = 5
MAX_OBSTACLES = 3
MAX_HOT_LINES = 3
MAX_CODE_LINES = 60
_COLOURS = {"independent": "green", "reduction": "green", "carried": "red", "unknown": "yellow"}


def as_text(report: SurveyReport, screen: Screen) -> str:
    """Render the report: the verdict, the loops with the best first, and the change."""
    width = screen.width
    shown = report.candidates[:MAX_CANDIDATES]
    blocks = [_headline(report, width)]
    blocks += [_candidate(number, each, width) for number, each in enumerate(shown, 1)]
    blocks += [_more(len(report.candidates) - len(shown)), _hot_lines(report, width)]
    blocks += [_listed("What else helps", report.instead, width), _listed("Notes", report.notes, width)]
    return render([*blocks, _change(report, width)], screen)


def _headline(report: SurveyReport, width: int) -> list[Line]:
    lines = wrap(report.summary, width, style="bold green" if survey_wording.gains(report) else "bold")
    return lines + wrap(survey_wording.subject(report), width, style=DIM)


def _candidate(number: int, candidate: Candidate, width: int) -> list[Line]:
    """Return the lines of a loop: where it is, its share of the time, what it brings and what is in the way."""
    colour = _COLOURS[candidate.independence]
    heading: Line = (
        Span(f"{number}.".ljust(len(MARGIN)), TITLE),
        Span(printable(survey_wording.place(candidate)), TITLE),
    )
    lines = [heading, (Span(MARGIN), Span(_cut(candidate.loop.source, width - len(MARGIN))))]
    lines += _bar(candidate.share, survey_wording.share(candidate), colour, width, MARGIN)
    lines += _labelled("Gain", survey_wording.gain(candidate), "green" if candidate.pays else "", width)
    lines += _labelled("Why", survey_wording.why(candidate), "", width)
    for obstacle in sorted(candidate.obstacles, key=lambda each: not each.blocks)[:MAX_OBSTACLES]:
        label, style = ("Obstacle", colour) if obstacle.blocks else ("Note", "")
        lines += _labelled(label, survey_wording.obstacle(obstacle, candidate), style, width)
    if len(candidate.obstacles) > MAX_OBSTACLES:
        lines.append((Span(f"{MARGIN}{'':{LABEL_WIDTH}}… {len(candidate.obstacles) - MAX_OBSTACLES} more", DIM),))
    return lines


def _bar(share: float, text: str, colour: str, width: int, margin: str) -> list[Line]:
    filled = max(1, round(share * BAR_WIDTH))
    (first, *rest) = wrap(text, width, first=margin + " " * (BAR_WIDTH + 1), rest=margin + " " * (BAR_WIDTH + 1))
    bar = (Span(margin), Span("█" * filled, colour), Span("░" * (BAR_WIDTH - filled) + " ", DIM), *first[1:])
    return [bar, *rest]


def _labelled(label: str, text: str, style: str, width: int) -> list[Line]:
    if not text:
        return []
    first = Span(f"{MARGIN}{label:{LABEL_WIDTH}}", DIM)
    return wrap(text, width, first=first, rest=MARGIN + " " * LABEL_WIDTH, style=style)


def _more(left: int) -> list[Line]:
    return [(Span(f"{MARGIN}… {formatting.counted(left, 'more loop')}, with --json or --html", DIM),)] if left else []


def _hot_lines(report: SurveyReport, width: int) -> list[Line]:
    """Return the lines where the time goes, if no loop takes it."""
    if report.candidates or not report.hot_lines:
        return []
    lines: list[Line] = [(Span("Where the time goes", TITLE),)]
    for hot in report.hot_lines[:MAX_HOT_LINES]:
        lines += _bar(hot.share, _hot(hot), "yellow", width, "")
        lines.append((Span(MARGIN), Span(_cut(hot.source, width - len(MARGIN)))))
    return lines


def _hot(hot: HotLine) -> str:
    return f"{formatting.percent(hot.share)} of the time at {hot.file}:{hot.line}"


def _listed(title: str, sentences: tuple[str, ...], width: int) -> list[Line]:
    lines: list[Line] = [(Span(title, TITLE),)] if sentences else []
    for sentence in sentences:
        lines += wrap(sentence, width, first="• ", rest="  ")
    return lines


def _change(report: SurveyReport, width: int) -> list[Line]:
    """Return the change of the program that pays."""
    patch = report.patch.splitlines()
    if not patch:
        return []
    colours = {"+": "green", "-": "red", "@": DIM}
    how = "--patch FILE writes it, patch -p0 < FILE applies it"
    lines = wrap(how, width, first=Span("The change  ", TITLE), rest=" " * 12, style=DIM)
    lines += [(Span("  "), Span(_cut(line, width - 2), colours.get(line[:1], ""))) for line in patch[:MAX_CODE_LINES]]
    if len(patch) > MAX_CODE_LINES:
        lines.append((Span(f"  … {len(patch) - MAX_CODE_LINES} more lines", DIM),))
    return lines


def _cut(code: str, width: int) -> str:
    """Return a line of code that fits into so many columns."""
    text = printable(code)
    if display_width(text) <= width:
        return text
    while display_width(text) > width - 2:
        text = text[: width - 2] if len(text) > width else text[:-1]
    return f"{text} …"
