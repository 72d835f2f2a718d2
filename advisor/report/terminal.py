"""Advice as text: one screen, readable in ten seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from advisor.models import Advice, Alternative, Profile, Verification
from advisor.models.strategies import STRATEGIES
from advisor.report.formatting import count, counted, duration, duration_range, percent, percentages, times, times_range
from advisor.report.layout import DIM, MAX_WIDTH, TITLE, Line, Screen, Span, flow, printable, render, table, wrap

_MAX_SNIPPET_LINES = 9
_MAX_REASONS = 3
_MAX_WARNINGS = 4

_COLOURS: dict[str, str] = {"undecided": "red", **{name: info.terminal_colour for name, info in STRATEGIES.items()}}


def as_text(advice: Advice, screen: Screen) -> str:
    """Render the advice as one screen of text, about 30 lines of 80 columns."""
    width = screen.width
    blocks = (
        _headline(advice, width),
        _bullets("What would decide it", advice.questions, len(advice.questions), width),
        _time_bar(advice.profile, width) if advice.profile else [],
        _alternatives(advice, width),
        _verification(advice.verification, width),
        _bullets("Why", [reason.text for reason in advice.reasons if reason.rule != "figures"], _MAX_REASONS, width),
        _bullets("Watch for", [warning.text for warning in advice.warnings], _MAX_WARNINGS, width),
        _confidence(advice, width),
        _code(advice, screen),
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
    verdict = f"{advice.recommendation.capitalize()} with {counted(advice.workers, 'worker')}"
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


class _Share(NamedTuple):
    name: str
    sign: str
    colour: str
    seconds: float


def _shares(profile: Profile) -> list[_Share]:
    """Return how a call spends its time; time that was not measured is a share of its own."""
    gil_free = "computing, no GIL" if profile.python.free_threaded else "native, GIL released"
    parts = (
        ("holding the GIL", "█", "red", profile.gil_held),
        (gil_free, "▓", "green", profile.gil_free),
        ("child programs", "▒", "magenta", profile.child_cpu),
        ("waiting", "░", "blue", profile.wait),
    )
    shares = [_Share(name, sign, colour, seconds or 0.0) for name, sign, colour, seconds in parts]
    if any(seconds is None for *_, seconds in parts):
        unknown = profile.wall - sum(share.seconds for share in shares)
        shares.append(_Share("not measured", "?", DIM, max(unknown, 0.0)))
    shares.append(_Share("ready, no core free", "·", "yellow", profile.run_queue or 0.0))
    return [share for share in shares if share.seconds > 0]


def _time_bar(profile: Profile, width: int) -> list[Line]:
    shares = _shares(profile)
    seconds = [share.seconds for share in shares]
    cells = percentages(seconds, width)
    bar = tuple(Span(share.sign * length, share.colour) for share, length in zip(shares, cells, strict=True))
    legend = [
        (Span(share.sign, share.colour), Span(f" {share.name} {whole or '<1'} % "), Span(duration(share.seconds), DIM))
        for share, whole in zip(shares, percentages(seconds), strict=True)
    ]
    return [*wrap(_time_title(profile), width, style=TITLE), bar, *flow(legend, width)]


def _time_title(profile: Profile) -> str:
    if profile.archetype:
        return f"Where a call's time goes (assumed, as for {profile.archetype}: {duration(profile.wall)})"
    cores = profile.native_threads or 1.0
    busy = f", about {cores:.1f} cores busy at once" if cores >= 1.2 else ""
    return f"Where a call's time goes ({duration(profile.wall)}{busy})"


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


_RESULTS = {"equal": "same results", "not comparable": "results not comparable"}


def _verification_cells(run: Verification) -> tuple[str, ...]:
    start = (f"  {run.strategy}", count(run.workers), count(run.calls), duration(run.predicted))
    if run.failure:
        return (*start, "–", f"failed: {run.failure}")
    measured = f"over {duration(run.measured)}" if run.cut_off else duration(run.measured)
    if run.results == "different":
        return (*start, measured, f"different results: {run.difference}")
    findings = (_RESULTS[run.results] if run.results else "", _deviation(run))
    return (*start, measured, "; ".join(filter(None, findings)))


def _deviation(run: Verification) -> str:
    if run.predicted <= 0 or run.measured <= 0:
        return ""
    if run.cut_off:
        return "cut off"
    ratio = run.measured / run.predicted
    if 0.95 <= ratio <= 1.05:
        return "as predicted"
    if ratio >= 2:
        return f"{times(ratio)} as long as predicted"
    return f"{percent(abs(ratio - 1))} {'longer' if ratio > 1 else 'shorter'} than predicted"


def _bullets(title: str, texts: Sequence[str], maximum: int, width: int) -> list[Line]:
    if not texts:
        return []
    lines: list[Line] = [(Span(title, TITLE),)]
    for text in texts[:maximum]:
        lines += wrap(text, width, first="• ", rest="  ")
    if len(texts) > maximum:
        lines.append((Span(f"  and {len(texts) - maximum} more, with --json", DIM),))
    return lines


def _confidence(advice: Advice, width: int) -> list[Line]:
    text = f"{_confidence_word(advice.confidence)} ({percent(advice.confidence)}): {'; '.join(_basis(advice))}"
    return wrap(text, width, first=Span("Confidence  ", TITLE), rest=" " * 12)


def _confidence_word(confidence: float) -> str:
    if confidence >= 0.9:
        return "very high"
    if confidence >= 0.7:
        return "high"
    return "moderate" if confidence >= 0.4 else "low"


_EVIDENCE = {
    "measured": "measured",
    "verified": "measured, and verified by running part of the job",
    "described": "from the description alone, nothing was measured",
}
_GIL_SOURCES = {
    "observed": "the GIL observed from outside",
    "sampled": "the GIL sampled from inside",
    "estimated": "the GIL share estimated only",
}


def _basis(advice: Advice) -> Iterator[str]:
    """Yield the basis of the advice: the evidence, the source and error of the GIL share, and the host."""
    profile = advice.profile
    if profile is None or advice.evidence == "described":
        yield _EVIDENCE[advice.evidence]
    else:
        which = "the first call only" if profile.is_only_first_call else counted(profile.calls, "call")
        yield f"{_EVIDENCE[advice.evidence]} ({which})"
        if profile.gil_source:
            yield _GIL_SOURCES[profile.gil_source] + _gil_error(profile)
    machine = advice.machine
    costs = "" if machine.source == "measured" else ", assuming typical pool costs"
    yield f"planned for {counted(machine.cores, 'core')}{costs}"
    if machine.cores_measured is not None:
        yield f"memory, core speed and pool costs as on the host with {counted(machine.cores_measured, 'core')}"


def _gil_error(profile: Profile) -> str:
    error = profile.standard_error.get("gil_held")
    if error is None or error / profile.wall < 0.005:
        return ""
    return f" (±{percent(error / profile.wall)})"


def _code(advice: Advice, screen: Screen) -> list[Line]:
    """Show the snippet if it is short or described (where --code does not exist), else how to get it."""
    code = "\n".join(printable(line) for line in advice.snippet.strip("\n").splitlines())
    if not code:
        return []
    if code.count("\n") >= _MAX_SNIPPET_LINES and advice.evidence != "described":
        hint = "add --code to the same command to print ready-to-run code"
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
