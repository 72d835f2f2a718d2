"""Go through the reference workloads with a progress bar: what every benchmark on them has in common."""

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

HOPELESS: Final = 5.0
"""Times the plain loop after which a way to do the job is given up."""
LEAST_LIMIT: Final = 15.0
"""Seconds that every way gets."""

Tell = Callable[[str], None]
"""Says what is being done at the moment."""


def time_limit(loop: Sequence[float], most: float) -> float:
    """Seconds that a job may take, given those that the plain loop took so far."""
    return min(most, max(LEAST_LIMIT, HOPELESS * statistics.median(loop))) if loop else most


def parser(module: str, doc: str) -> argparse.ArgumentParser:
    """The options that they share."""
    options = argparse.ArgumentParser(prog=f"python -m {module}", description=doc.split("\n")[0])
    options.add_argument("names", nargs="*", metavar="NAME", help="a workload or a family; default: all of them")
    options.add_argument("--again", action="store_true", help="measure anew what was measured already")
    options.add_argument("--rounds", type=int, default=3, help="runs of each way in the running (default 3)")
    options.add_argument("--timeout", type=float, default=60.0, help="seconds a job may take (default 60)")
    return options


def for_each(names: Sequence[str], work: Callable[[Workload, Tell], str | None]) -> None:
    """Do the work on each workload that can run here, print the line that it returns, and why others were left out.

    Exits with a word on Ctrl-C, or when a name is unknown.
    """
    try:
        left_out = _for_each(choose(names), work)
    except LookupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; what was measured is kept: the same command goes on from here")
    for name, reason in left_out.items():
        print(f"left out: {name}: {reason}")


def _for_each(workloads: Sequence[Workload], work: Callable[[Workload, Tell], str | None]) -> dict[str, str]:
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

            def tell(text: str, name: str = workload.name) -> None:
                progress.update(bar, description=f"{name}: {text}")

            try:
                if workload.missing:
                    raise JobError(f"needs {', '.join(workload.missing)}")
                if line := work(workload, tell):
                    progress.console.print(line, highlight=False, soft_wrap=True)
            except (AdvisorError, JobError) as error:
                left_out[workload.name] = str(error)
            progress.advance(bar)
    return left_out
