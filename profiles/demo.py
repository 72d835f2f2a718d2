"""Advises on a function that waits and on one that computes, then shows that following the advice pays.

Run it with `python -m profiles.demo` (or `make demo`); it takes less than a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from advisor.api import advise_target
from advisor.models import Advice
from advisor.report import terminal
from advisor.report.layout import Screen
from profiles import Workload, find
from profiles.job import SEQUENTIAL, alternate, plan_of

SHOWN: Final = ("web.download", "simulation.price_option")  # one waits, one computes
ROUNDS: Final = 3
TIMEOUT: Final = 120.0


class Outcome(NamedTuple):
    """What was advised for a workload, and the seconds its job really took both ways."""

    workload: Workload
    advice: Advice
    sequential: float
    advised: float


def main() -> None:
    console = Console()
    show([follow(find(name), console) for name in SHOWN], console)


def follow(workload: Workload, console: Console) -> Outcome:
    """Gets advice on a workload, shows it, and does the job both ways."""
    console.rule(f"{workload.name}: {workload.what}")
    advice = advise_target(workload.target, inputs=workload.inputs, calls=workload.calls)
    print(terminal.as_text(advice, Screen.of(sys.stdout)), end="", flush=True)
    plan = plan_of(advice)
    console.print(
        f"\nNow really doing these {workload.calls} calls, sequentially and as advised, {ROUNDS} times each …\n"
    )
    seconds = alternate(workload, list(dict.fromkeys((SEQUENTIAL, plan))), rounds=ROUNDS, timeout=TIMEOUT)
    return Outcome(workload, advice, seconds[SEQUENTIAL], seconds[plan])


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Seconds and speed-ups side by side; what was measured are medians."""
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
    console.rule("Following the advice: the speed-up predicted and measured")
    console.print(table)


if __name__ == "__main__":
    main()
