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
    """A line on the terminal: calls done, their rate, the strategy, the time left, failures."""

    def __init__(self, inputs: Inputs) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._inputs = inputs
        # A refreshing thread would keep the worker processes from being forked.
        self._bar = Progress(
            MofNCompleteColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[strategy]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("[red]{task.fields[failed]}"),
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=inputs.total, rate="", strategy="", failed="")
        self._bar.start()

    def show(self, report: RunReport) -> None:
        """Draw the line anew."""
        stage = report.stages[-1] if report.stages else None
        self._bar.update(
            self._task,
            completed=report.calls,
            total=self._inputs.total,
            rate=_rate(report),
            strategy=f"{stage.strategy} × {stage.workers}" if stage else "",
            failed=f"{report.failed} failed" if report.failed else "",
            refresh=True,
        )

    def close(self) -> None:
        """Remove the line."""
        self._bar.stop()


def _rate(report: RunReport) -> str:
    made = report.calls - report.resumed
    rate = made / report.seconds if report.seconds else 0.0
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"
