"""Advice → one screen of text, made to be read in ten seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from advisor.models import Advice, Alternative, Profile, Range, Verification
from advisor.report.formatting import count, duration, percent, times
from advisor.report.layout import DIM, TITLE, WIDEST, Line, Screen, Span, flowing, printable, table, wrapped, written
from advisor.report.ranges import duration_range, percentages, times_range

if TYPE_CHECKING:
    from rich.console import Console

_LONGEST_SNIPPET = 9
_MOST_REASONS = 3
_MOST_WARNINGS = 4

_COLOURS = {
    "threading": "green",
    "multiprocessing": "cyan",
    "asyncio": "blue",
    "interpreters": "magenta",
    "sequential": "yellow",
    "undecided": "red",
}


def as_text(advice: Advice, screen: Screen) -> str:
    """The advice as one screen of text (80 columns by about 30 lines for a usual case)."""
    width = screen.width
    blocks = (
        _headline(advice, width),
        _bullets("What would decide it", advice.questions, len(advice.questions), width),
        _time_bar(advice.profile, width) if advice.profile else [],
        _alternatives(advice, width),
        _verification(advice.verification, width),
        _bullets("Why", [reason.text for reason in advice.reasons], _MOST_REASONS, width),
        _bullets("Watch for", [warning.text for warning in advice.warnings], _MOST_WARNINGS, width),
        _sureness(advice, width),
        _code(advice, screen),
    )
    return written(blocks, screen)


def render(advice: Advice, console: Console) -> None:
    """Writes the advice to a console of rich's."""
    colours = console.is_terminal and console.color_system is not None and not console.no_color
    console.file.write(as_text(advice, Screen(min(console.width, WIDEST), colours, console.encoding)))


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[float, str], None]]:
    """Yields a function that shows how far the work is (0..1) and what is being done; the bar goes away at the end."""
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TextColumn("{task.percentage:>3.0f} %"))
    # A refreshing thread would take part in what is being measured, and forking beside it is unsafe.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        task = progress.add_task("starting", total=1.0)

        def show(fraction: float, label: str) -> None:
            progress.update(task, completed=fraction, description=printable(label), refresh=True)

        yield show


def _headline(advice: Advice, width: int) -> list[Line]:
    colour = f"bold {_COLOURS[advice.recommendation]}"
    lines = wrapped(_verdict(advice), width, style=colour)
    if subject := _subject(advice):
        lines += wrapped(subject, width, style=DIM)
    return lines + wrapped(advice.summary, width)


def _verdict(advice: Advice) -> str:
    if advice.recommendation == "undecided":
        return "Undecided: too little to go on"
    if advice.recommendation == "sequential":
        return "Sequential: keep the plain loop"
    verdict = f"{advice.recommendation.capitalize()} with {_counted(advice.workers, 'worker')}"
    if advice.speedup is None:
        return verdict
    return f"{verdict}: {times(advice.speedup.expected)} as fast ({times_range(advice.speedup)})"


def _counted(number: int, noun: str) -> str:
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def _subject(advice: Advice) -> str:
    parts = []
    if advice.profile and advice.profile.target:
        parts.append(advice.profile.target)
    if advice.seconds is not None:
        seconds = f"{duration(advice.seconds.expected)} ({duration_range(advice.seconds)})"
        parts.append(f"{_counted(advice.job.calls, 'call')} in {seconds}")
    before = _sequential_seconds(advice)
    if before is not None and advice.recommendation not in ("sequential", "undecided"):
        parts.append(f"one after the other {duration(before.expected)}")
    return " · ".join(parts)


def _sequential_seconds(advice: Advice) -> Range | None:
    return next((each.seconds for each in advice.alternatives if each.strategy == "sequential"), None)


class _Share(NamedTuple):
    name: str
    sign: str
    colour: str
    seconds: float


def _shares(profile: Profile) -> list[_Share]:
    """Where a call's seconds go; what was not measured is a share of its own, never another one's."""
    parts = (
        ("holding the GIL", "█", "red", profile.gil_held),
        (
            "computing, no GIL" if profile.python.free_threaded else "native, GIL released",
            "▓",
            "green",
            profile.gil_free,
        ),
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
    return [*wrapped(_time_title(profile), width, style=TITLE), bar, *flowing(legend, width)]


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
    rows = [_alternative_cells(each, advice) for each in advice.alternatives]
    styles = [_alternative_style(each, advice) for each in advice.alternatives]
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
    header = ("  Really run", "Workers", "Calls", "Predicted", "Measured", "Result")
    rows = [_verification_cells(each) for each in verification]
    return table(header, rows, ["red" if each.failure else "" for each in verification], width)


def _verification_cells(run: Verification) -> tuple[str, ...]:
    start = (f"  {run.strategy}", count(run.workers), count(run.calls), duration(run.predicted))
    if run.failure:
        return (*start, "–", f"failed: {run.failure}")
    return (*start, duration(run.measured), _difference(run))


def _difference(run: Verification) -> str:
    if run.predicted <= 0 or run.measured <= 0:
        return ""
    ratio = run.measured / run.predicted
    if 0.95 <= ratio <= 1.05:
        return "as predicted"
    if ratio >= 2:
        return f"{times(ratio)} as long as predicted"
    return f"{percent(abs(ratio - 1))} {'longer' if ratio > 1 else 'shorter'} than predicted"


def _bullets(title: str, texts: Sequence[str], most: int, width: int) -> list[Line]:
    if not texts:
        return []
    lines: list[Line] = [(Span(title, TITLE),)]
    for text in texts[:most]:
        lines += wrapped(text, width, first="• ", rest="  ")
    if len(texts) > most:
        lines.append((Span(f"  and {len(texts) - most} more, with --json", DIM),))
    return lines


def _sureness(advice: Advice, width: int) -> list[Line]:
    certainty = f"{_certainty(advice.confidence)}, {percent(advice.confidence)}: {'; '.join(_basis(advice))}"
    return wrapped(certainty, width, first=Span("How sure  ", TITLE), rest=" " * 10)


def _certainty(confidence: float) -> str:
    if confidence >= 0.9:
        return "very"
    if confidence >= 0.7:
        return "fairly"
    return "not very" if confidence >= 0.4 else "hardly"


_EVIDENCE = {
    "measured": "measured",
    "verified": "measured, and verified by running a part of the job",
    "described": "from the description alone, nothing was measured",
}
_GIL_SOURCES = {
    "observed": "the GIL observed from outside",
    "sampled": "the GIL sampled from inside",
    "estimated": "the GIL share only estimated",
}


def _basis(advice: Advice) -> Iterator[str]:
    """What the advice rests on: the evidence, how the GIL share was found and how exactly, and the host."""
    profile = advice.profile
    if profile is None or advice.evidence == "described":
        yield _EVIDENCE[advice.evidence]
    else:
        yield f"{_EVIDENCE[advice.evidence]} ({_counted(profile.calls, 'call')})"
        if profile.gil_source:
            yield _GIL_SOURCES[profile.gil_source] + _gil_error(profile)
    machine = advice.machine
    costs = "" if machine.source == "measured" else ", typical costs of its pools assumed"
    yield f"planned for {_counted(machine.cores, 'core')}{costs}"
    if machine.cores_measured is not None:
        yield f"all else as on the host with {machine.cores_measured}: memory, speed of a core, pools"


def _gil_error(profile: Profile) -> str:
    error = profile.standard_error.get("gil_held")
    if error is None or error / profile.wall < 0.005:
        return ""
    return f" (±{percent(error / profile.wall)})"


def _code(advice: Advice, screen: Screen) -> list[Line]:
    """The snippet itself where it is short or nothing else can show it, else how to get it."""
    code = "\n".join(printable(line) for line in advice.snippet.strip("\n").splitlines())
    if not code:
        return []
    if code.count("\n") >= _LONGEST_SNIPPET and advice.evidence != "described":
        hint = "the same command with --code prints code that runs as it stands"
        return wrapped(hint, screen.width, first=Span("Do it     ", TITLE))
    if screen.colours:
        code = _highlighted(code)
    return [(Span("Do it", TITLE),), *((Span("  "), Span(line)) for line in code.split("\n"))]


def _highlighted(code: str) -> str:
    """The code with colours, as escape sequences."""
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console(force_terminal=True, color_system="standard", legacy_windows=False, width=WIDEST)
    text = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(code)
    with console.capture() as captured:
        console.print(text, soft_wrap=True, end="")
    return captured.get().rstrip("\n")
