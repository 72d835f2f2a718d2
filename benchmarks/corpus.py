"""Run a benchmark on the reference workloads: options, time limits and a progress bar."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from advisor.errors import AdvisorError
from profiles import Workload, choose
from profiles.job import JobError

MAX_SLOWDOWN: Final = 5.0
"""Times the duration of the plain loop after which a strategy is stopped."""
MIN_LIMIT: Final = 15.0
"""Seconds that every strategy gets."""

OnProgress = Callable[[str], None]
"""Called with a description of the current step."""


def time_limit(loop: Sequence[float], maximum: float) -> float:
    """Return the seconds that a job may take, given the durations of the plain loop so far."""
    return min(maximum, max(MIN_LIMIT, MAX_SLOWDOWN * statistics.median(loop))) if loop else maximum


def parser(module: str, doc: str) -> argparse.ArgumentParser:
    """Return a parser with the options that the benchmarks share."""
    options = argparse.ArgumentParser(prog=f"python -m {module}", description=doc.split("\n")[0])
    options.add_argument("names", nargs="*", metavar="NAME", help="a workload or a family; default: all of them")
    options.add_argument("--again", action="store_true", help="repeat measurements that were made before")
    options.add_argument("--rounds", type=int, default=3, help="runs of each promising strategy (default 3)")
    options.add_argument("--timeout", type=float, default=60.0, help="seconds a job may take (default 60)")
    return options


def for_each(names: Sequence[str], work: Callable[[Workload, OnProgress], str | None]) -> None:
    """Benchmark each workload that can run here, and print the line that `work` returns or why it was skipped.

    Exits with a message on Ctrl-C and for unknown names.
    """
    try:
        skipped = _for_each(choose(names), work)
    except LookupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; run the same command to continue with what is left")
    for name, reason in skipped.items():
        print(f"skipped: {name}: {reason}")


def _for_each(workloads: Sequence[Workload], work: Callable[[Workload, OnProgress], str | None]) -> dict[str, str]:
    skipped: dict[str, str] = {}
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:
        bar = progress.add_task("", total=len(workloads))
        for workload in workloads:

            def on_progress(text: str, name: str = workload.name) -> None:
                progress.update(bar, description=f"{name}: {text}")

            try:
                if workload.missing:
                    raise JobError(f"needs {', '.join(workload.missing)}")
                if line := work(workload, on_progress):
                    progress.console.print(line, highlight=False, soft_wrap=True)
            except (AdvisorError, JobError) as error:
                skipped[workload.name] = str(error)
            progress.advance(bar)
    return skipped
