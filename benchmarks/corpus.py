"""Run a benchmark on every reference workload, with a progress bar."""

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
"""A way to do the job is ended after this many times the seconds of the plain loop."""
MIN_LIMIT: Final = 15.0
"""Seconds that every way gets."""

OnProgress = Callable[[str], None]
"""Called with the current activity."""


def time_limit(loop: Sequence[float], upper: float) -> float:
    """Return the seconds that a job may take, given the runs of the plain loop so far."""
    return min(upper, max(MIN_LIMIT, MAX_SLOWDOWN * statistics.median(loop))) if loop else upper


def parser(module: str, doc: str) -> argparse.ArgumentParser:
    """Return a parser of the options that the benchmarks share."""
    options = argparse.ArgumentParser(prog=f"python -m {module}", description=doc.split("\n")[0])
    options.add_argument("names", nargs="*", metavar="NAME", help="a workload or a family; default: all of them")
    options.add_argument("--again", action="store_true", help="measure again what was measured already")
    options.add_argument("--rounds", type=int, default=3, help="runs of each way that is still competitive (default 3)")
    options.add_argument("--timeout", type=float, default=60.0, help="seconds a job may take (default 60)")
    return options


def for_each(names: Sequence[str], work: Callable[[Workload, OnProgress], str | None]) -> None:
    """Do the work on each workload that can run here, and print the lines returned and the workloads left out.

    Exits with a message on Ctrl-C, or if a name is unknown.
    """
    try:
        left_out = _for_each(choose(names), work)
    except LookupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; the measurements are kept, and the same command continues from here")
    for name, reason in left_out.items():
        print(f"left out: {name}: {reason}")


def _for_each(workloads: Sequence[Workload], work: Callable[[Workload, OnProgress], str | None]) -> dict[str, str]:
    left_out: dict[str, str] = {}
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
                left_out[workload.name] = str(error)
            progress.advance(bar)
    return left_out
