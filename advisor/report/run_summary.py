"""A run as a few lines of text: calls, failures, time, and the ways in which it was done."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.models import Failure, RunReport
from advisor.report.formatting import count, counted, duration, times, workers
from advisor.report.layout import DIM, TITLE, Line, Screen, Span, render, wrap

_MARGIN = 10


def as_text(report: RunReport, screen: Screen, *, failures: Sequence[Failure] = (), is_complete: bool = True) -> str:
    """Render the summary of a run.

    Args:
        report: What it did.
        screen: What the output can show.
        failures: The first ones.
        is_complete: All calls were made, so that the time can be compared with the prediction.
    """
    lines = [*_row("calls", _calls(report), screen), *_row("time", _time(report, is_complete), screen)]
    for failure in failures:
        lines += _row("failed", _failure(failure), screen, style="red")
    if report.failed > len(failures) > 0:
        lines += _row("", f"… and {count(report.failed - len(failures))} more", screen, style=DIM)
    return render((lines, _stages(report, screen)), screen)


def _row(name: str, text: str, screen: Screen, style: str = "") -> list[Line]:
    return wrap(text, screen.width, first=Span(name.ljust(_MARGIN), TITLE), rest=" " * _MARGIN, style=style)


def _calls(report: RunReport) -> str:
    parts = [f"{count(report.succeeded)} succeeded"] if report.succeeded or not report.resumed else []
    parts += [f"{count(report.resumed)} from the checkpoint"] if report.resumed else []
    parts += [f"{count(report.failed)} failed"] if report.failed else []
    parts += [f"{counted(report.retried, 'retry').replace('retrys', 'retries')}"] if report.retried else []
    parts += [f"{count(report.throttled)} made again after 'too many requests'"] if report.throttled else []
    parts += [f"{counted(report.abandoned, 'thread')} left behind"] if report.abandoned else []
    return ", ".join(parts)


def _time(report: RunReport, is_complete: bool) -> str:
    text = duration(report.seconds)
    is_parallel = any(stage.strategy != "sequential" for stage in report.stages)
    if not is_parallel or report.speedup is None:
        return text
    predicted = ""
    if is_complete and report.predicted_seconds and report.sequential_seconds:
        predicted = f", predicted {times(report.sequential_seconds / report.predicted_seconds)}"
    return (
        f"{text}; a plain loop would take about {duration(report.sequential_seconds)} "
        f"(speed-up {times(report.speedup)}{predicted})"
    )


def _failure(failure: Failure) -> str:
    message = failure.message.partition("\n")[0]
    return f"call {count(failure.index)}: {failure.type}" + (f": {message}" if message else "")


def _stages(report: RunReport, screen: Screen) -> list[Line]:
    """Return a row for each way in which calls were made: their number, the time, and what it was and why."""
    rows = [(count(stage.calls), duration(stage.seconds)) for stage in report.stages]
    calls, time = (max(map(len, column), default=0) for column in zip(*rows, strict=True)) if rows else (0, 0)
    lines: list[Line] = []
    for row, stage in zip(rows, report.stages, strict=True):
        figures = f"{row[0]:>{calls}} {'call ' if stage.calls == 1 else 'calls'}  {row[1]:>{time}}  "
        way = workers(stage.strategy, stage.workers)
        lines += wrap(f"{way}: {stage.why}", screen.width, first=figures, rest=" " * len(figures))
    return lines
