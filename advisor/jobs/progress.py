"""Show the progress of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from advisor.jobs.inputs import Inputs

if TYPE_CHECKING:
    from advisor.models import RunReport

OnProgress = Callable[["RunReport"], object]


class Progress(Protocol):
    """Shows reports of a run."""

    def show(self, report: RunReport) -> None:
        """Show the state of the run."""
        ...

    def close(self) -> None:
        """Show nothing more."""
        ...


def open_progress(progress: bool | OnProgress | None, inputs: Inputs) -> Progress | None:
    """Return what shows the progress as the caller wishes; None for nothing, or without a terminal for a bar."""
    if callable(progress):
        return _Callback(progress)
    return ProgressBar(inputs) if progress and sys.stderr.isatty() else None


class _Callback:
    def __init__(self, function: OnProgress) -> None:
        self._function = function

    def show(self, report: RunReport) -> None:
        self._function(report)

    def close(self) -> None:
        """Do nothing."""


class ProgressBar:
    """A line on the terminal: calls done, the kind and number of workers, their rate, the time left, failures."""

    def __init__(self, inputs: Inputs) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._inputs = inputs
        # A refreshing thread would keep worker processes from being forked; a redirection would be forked with them.
        self._bar = Progress(
            TextColumn("{task.fields[done]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[state]}"),
            TextColumn("[red]{task.fields[failed]}"),
            console=Console(stderr=True),
            expand=True,
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("", total=inputs.total, done="", state="", failed="")
        self._bar.start()

    def show(self, report: RunReport) -> None:
        """Draw the line anew."""
        total = self._inputs.total
        self._bar.update(
            self._task,
            completed=report.calls,
            total=total,
            done=f"{report.calls:,} calls" if total is None else f"{report.calls:,}/{total:,}",
            state=_state(report, total),
            failed=f"· {report.failed:,} failed" if report.failed else "",
            refresh=True,
        )

    def close(self) -> None:
        """Remove the line."""
        self._bar.stop()


def _state(report: RunReport, total: int | None) -> str:
    """Return the workers, their rate, and the time that is left, or has gone where the number of calls is not known."""
    if report.waits_for:
        return f"waiting for {report.waits_for}"
    if not report.stages:
        return ""
    from advisor.report.formatting import workers

    stage = report.stages[-1]
    parts = [workers(stage.strategy, stage.workers)]
    rate = stage.calls / stage.seconds if stage.seconds else 0.0
    if rate:
        parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s")
    if total is None:
        parts.append(_clock(report.seconds))
    elif rate:
        parts.append(f"{_clock((total - report.calls) / rate)} left")
    return " · ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
