"""Advise on a function that waits and on one that computes, run both as advised and compare.

In the end, `advise run` does one of the jobs.

Run it with `make demo` or `python -m profiles.demo`. It takes about half a minute.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from advisor.api import advise_target
from advisor.models import Advice, RunReport
from advisor.report import terminal
from advisor.report.formatting import duration, duration_range
from advisor.report.layout import Screen
from profiles import Workload, find
from profiles.job import ROOT, SEQUENTIAL, alternate, plan_of

WORKLOADS: Final = ("web.download", "simulation.price_option")  # one waits, one computes
ROUNDS: Final = 3
TIMEOUT: Final = 120.0


class Outcome(NamedTuple):
    """The advice for a workload, and the median seconds that its job took."""

    workload: Workload
    advice: Advice
    sequential: float
    advised: float


def main() -> None:
    console = Console()
    outcomes = [follow(find(name), console) for name in WORKLOADS]
    show(outcomes, console)
    do_job(outcomes[0], console)
    python = Path(sys.executable)
    command = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    console.print(f"\nTo advise on a function of yours: {command} -m advisor FILE.py:FUNCTION", soft_wrap=True)


def follow(workload: Workload, console: Console) -> Outcome:
    """Advise on a workload, print the advice, and run its job sequentially and as advised."""
    console.rule(f"{workload.name}: {workload.what}")
    console.print(
        f"$ advise {workload.target} --inputs {workload.inputs} --calls {workload.calls}",
        soft_wrap=True,
        highlight=False,
    )
    advice = advise_target(workload.target, inputs=workload.inputs, calls=workload.calls)
    print(terminal.as_text(advice, Screen.of(sys.stdout)), end="", flush=True)
    plan = plan_of(advice)
    console.print(f"\nRunning these {workload.calls} calls sequentially and as advised, {ROUNDS} times each …\n")
    seconds = alternate(workload, list(dict.fromkeys((SEQUENTIAL, plan))), rounds=ROUNDS, timeout=TIMEOUT)
    return Outcome(workload, advice, seconds[SEQUENTIAL], seconds[plan])


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print the times of each workload, with the predicted and the measured speed-up."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("function", "advised", "sequential", "as advised", "predicted", "measured"):
        table.add_column(heading, no_wrap=True)
    for workload, advice, sequential, advised in outcomes:
        plan = plan_of(advice)
        table.add_row(
            workload.target.rpartition(":")[2],
            f"{plan.strategy} × {plan.workers}",
            f"{sequential:.2f} s",
            f"{advised:.2f} s",
            f"{advice.speedup.expected:.1f}×" if advice.speedup else "–",
            f"{sequential / advised:.1f}×",
        )
    console.rule("Predicted and measured speed-ups")
    console.print(table)


def do_job(outcome: Outcome, console: Console) -> None:
    """Do the job of a workload by `advise run`, and print its time beside the predicted one."""
    workload = outcome.workload
    arguments = ["run", workload.target, "--inputs", workload.inputs, "--discard"]
    console.rule("The job, done by advise run")
    console.print(f"$ advise {' '.join(arguments)}", soft_wrap=True, highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        report_file = Path(folder, "report.json")
        command = [sys.executable, "-m", "advisor", *arguments, "--report", str(report_file)]
        subprocess.run(command, check=True, timeout=TIMEOUT, cwd=ROOT)
        report = RunReport.model_validate_json(report_file.read_text(encoding="utf-8"))
    predicted = duration_range(outcome.advice.seconds) if outcome.advice.seconds else "unknown"
    console.print(
        f"\n{duration(report.seconds)}, measuring included; predicted as advised {predicted}; "
        f"sequentially {duration(outcome.sequential)}.",
        highlight=False,
    )


if __name__ == "__main__":
    main()
