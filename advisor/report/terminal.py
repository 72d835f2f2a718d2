"""Advice as text: one screen, readable in ten seconds."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.models import Advice, Alternative, Profile, Verification
from advisor.models.strategies import CLUSTERS, STRATEGIES
from advisor.report import wording
from advisor.report.formatting import count, counted, duration, duration_range, percent, percentages, times, times_range
from advisor.report.layout import DIM, MAX_WIDTH, TITLE, Line, Screen, Span, flow, printable, render, table, wrap

_MAX_SNIPPET_LINES = 9
_MAX_REASONS = 3
_MAX_WARNINGS = 4

_SIGNS: dict[wording.Part, tuple[str, str]] = {
    "gil": ("█", "red"),
    "native": ("▓", "green"),
    "child": ("▒", "magenta"),
    "wait": ("░", "blue"),
    "unknown": ("?", DIM),
    "queue": ("·", "yellow"),
}
_COLOURS: dict[str, str] = {"undecided": "red", **{name: info.terminal_colour for name, info in STRATEGIES.items()}}


def as_text(advice: Advice, screen: Screen, *, in_python: bool = False) -> str:
    """Render the advice as one screen of text, about 30 lines of 80 columns.

    `in_python`: say how to see the rest in Python instead of on the command line.
    """
    rest = ("in advice.reasons", "in advice.warnings") if in_python else ("with --json", "with --json")
    width = screen.width
    blocks = (
        _headline(advice, width),
        _bullets("What would decide it", advice.questions, width),
        _time_bar(advice.profile, width) if advice.profile else [],
        _alternatives(advice, width),
        _verification(advice.verification, width),
        _bullets(
            "Why", [reason.text for reason in advice.reasons if reason.rule != "figures"], width, _MAX_REASONS, rest[0]
        ),
        _bullets("Watch for", [warning.text for warning in advice.warnings], width, _MAX_WARNINGS, rest[1]),
        _confidence(advice, width),
        _cluster_layout(advice, width),
        _code(advice, screen, in_python=in_python),
    )
    return render(blocks, screen)


def _headline(advice: Advice, width: int) -> list[Line]:
    colour = f"bold {_COLOURS[advice.recommendation]}"
    lines = wrap(_verdict(advice), width, style=colour)
    if subject := _subject(advice):
        lines += wrap(subject, width, style=DIM)
    for reason in advice.reasons:
        lines += wrap(reason.text, width, style=DIM) if reason.rule == "figures" else []
    return lines + wrap(advice.summary, width)


def _verdict(advice: Advice) -> str:
    if advice.recommendation == "undecided":
        return "Undecided: not enough information"
    if advice.recommendation == "sequential":
        return "Sequential: keep the plain loop"
    noun = "thread" if advice.recommendation in CLUSTERS else "worker"
    verdict = f"{advice.recommendation.capitalize()} with {counted(advice.workers, noun)}"
    if advice.speedup is None:
        return verdict
    return f"{verdict}: {times(advice.speedup.expected)} as fast ({times_range(advice.speedup)})"


def _subject(advice: Advice) -> str:
    parts = []
    if advice.profile and advice.profile.target:
        parts.append(advice.profile.target)
    if advice.seconds is not None:
        seconds = f"{duration(advice.seconds.expected)} ({duration_range(advice.seconds)})"
        parts.append(f"{counted(advice.job.calls, 'call')} in {seconds}")
    sequential = next((option.seconds for option in advice.alternatives if option.strategy == "sequential"), None)
    if sequential is not None and advice.recommendation not in ("sequential", "undecided"):
        parts.append(f"{duration(sequential.expected)} sequentially")
    return " · ".join(parts)


def _time_bar(profile: Profile, width: int) -> list[Line]:
    shares = wording.shares(profile)
    signs = [_SIGNS[share.part] for share in shares]
    seconds = [share.seconds for share in shares]
    cells = percentages(seconds, width)
    bar = tuple(Span(sign * length, colour) for (sign, colour), length in zip(signs, cells, strict=True))
    legend = [
        (Span(sign, colour), Span(f" {share.name} {whole or '<1'} % "), Span(duration(share.seconds), DIM))
        for (sign, colour), share, whole in zip(signs, shares, percentages(seconds), strict=True)
    ]
    return [*wrap(wording.time_title(profile), width, style=TITLE), bar, *flow(legend, width)]


def _alternatives(advice: Advice, width: int) -> list[Line]:
    if not advice.alternatives:
        return []
    header = ("  Strategy", "Workers", "Time", "Speed-up", "Why")
    rows = [_alternative_cells(alternative, advice) for alternative in advice.alternatives]
    styles = [_alternative_style(alternative, advice) for alternative in advice.alternatives]
    return table(header, rows, styles, width)


def _alternative_cells(alternative: Alternative, advice: Advice) -> tuple[str, ...]:
    mark = "▸" if _is_recommended(alternative, advice) else " "
    name = f"{mark} {alternative.strategy}"
    if not alternative.feasible:
        return name, "–", "–", "not possible", alternative.why
    seconds = duration(alternative.seconds.expected) if alternative.seconds else "–"
    return name, count(alternative.workers), seconds, _speedup_cell(alternative), alternative.why


def _speedup_cell(alternative: Alternative) -> str:
    if alternative.strategy == "sequential":
        return "1×"
    if alternative.speedup is None:
        return "–"
    return f"{times(alternative.speedup.expected)} ({times_range(alternative.speedup).removesuffix('×')})"


def _alternative_style(alternative: Alternative, advice: Advice) -> str:
    if not alternative.feasible:
        return DIM
    return f"bold {_COLOURS[alternative.strategy]}" if _is_recommended(alternative, advice) else ""


def _is_recommended(alternative: Alternative, advice: Advice) -> bool:
    return alternative.strategy == advice.recommendation


def _verification(verification: Sequence[Verification], width: int) -> list[Line]:
    if not verification:
        return []
    header = ("  Trial run", "Workers", "Calls", "Predicted", "Measured", "Result")
    rows = [_verification_cells(run) for run in verification]
    return table(
        header, rows, ["red" if run.failure or run.results == "different" else "" for run in verification], width
    )


def _verification_cells(run: Verification) -> tuple[str, ...]:
    start = (f"  {run.strategy}", count(run.workers), count(run.calls), duration(run.predicted))
    return (*start, wording.measured_time(run), wording.trial_result(run))


def _bullets(title: str, texts: Sequence[str], width: int, maximum: int | None = None, rest: str = "") -> list[Line]:
    """List the texts; `rest` says where those beyond the maximum are."""
    if not texts:
        return []
    lines: list[Line] = [(Span(title, TITLE),)]
    for text in texts[:maximum]:
        lines += wrap(text, width, first="• ", rest="  ")
    if maximum is not None and len(texts) > maximum:
        lines.append((Span(f"  and {len(texts) - maximum} more, {rest}", DIM),))
    return lines


def _confidence(advice: Advice, width: int) -> list[Line]:
    word = wording.confidence_word(advice.confidence)
    text = f"{word} ({percent(advice.confidence)}): {'; '.join(wording.basis(advice))}"
    return wrap(text, width, first=Span("Confidence  ", TITLE), rest=" " * 12)


def _cluster_layout(advice: Advice, width: int) -> list[Line]:
    """Show how to lay out a cluster, for jobs that are long enough to start one."""
    layout = advice.cluster_layout
    if layout is None or not wording.is_worth_a_cluster(advice):
        return []
    text = (
        f"a host does best with {wording.layout(layout)}: {layout.command} ({wording.default_layout(layout)}), "
        f"or for Ray {wording.ray_settings(layout.ray)}. {layout.reason}"
    )
    return wrap(text, width, first=Span("On clusters ", TITLE), rest=" " * 12)


def _code(advice: Advice, screen: Screen, *, in_python: bool) -> list[Line]:
    """Show the snippet if it is short or described (where --code does not exist), else how to get it."""
    code = "\n".join(printable(line) for line in advice.snippet.strip("\n").splitlines())
    if not code:
        return []
    if code.count("\n") >= _MAX_SNIPPET_LINES and advice.evidence != "described":
        hint = "add --code to the same command to print ready-to-run code"
        hint = "advice.snippet has ready-to-run code" if in_python else hint
        return wrap(hint, screen.width, first=Span("Code        ", TITLE), rest=" " * 12)
    if screen.colours:
        code = _highlighted(code)
    return [(Span("Code", TITLE),), *((Span("  "), Span(line)) for line in code.split("\n"))]


def _highlighted(code: str) -> str:
    """Return the code with colours, as escape sequences."""
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console(force_terminal=True, color_system="standard", legacy_windows=False, width=MAX_WIDTH)
    text = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(code)
    with console.capture() as captured:
        console.print(text, soft_wrap=True, end="")
    return captured.get().rstrip("\n")
