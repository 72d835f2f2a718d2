"""Advises on a function that waits and on one that computes, then shows that following the advice pays.

Run it with `python -m profiles.demo` (or `make demo`); it takes half a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from advisor.api import advise_target
from advisor.records import Advice
from advisor.render import terminal
from profiles import Workload, find
from profiles.job import SEQUENTIAL, Plan, measure

SHOWN: Final = ("web.download", "simulation.price_option")  # one waits, one computes
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
    terminal.render(advice, console)
    console.print(f"\nNow doing it: {workload.calls} calls, one after the other and as advised …")
    sequential = measure(workload, SEQUENTIAL, timeout=TIMEOUT)
    advised = measure(workload, plan_of(advice), timeout=TIMEOUT)
    return Outcome(workload, advice, sequential, advised)


def plan_of(advice: Advice) -> Plan:
    if advice.recommendation == "undecided":
        raise ValueError("a measured function always gets a recommendation")
    return Plan(advice.recommendation, advice.workers, advice.chunk)


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    table = Table("function", "advised", "sequential", "as advised", "predicted speed-up", "measured speed-up")
    for outcome in outcomes:
        predicted = outcome.advice.speedup
        table.add_row(
            outcome.workload.name,
            str(plan_of(outcome.advice)),
            f"{outcome.sequential:.2f} s",
            f"{outcome.advised:.2f} s",
            f"{predicted.expected:.1f}×" if predicted else "–",
            f"{outcome.sequential / outcome.advised:.1f}×",
        )
    console.print(table)


if __name__ == "__main__":
    main()
