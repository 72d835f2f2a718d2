"""How good the advice is: on each reference workload, the advised way against every other way, all really run.

    python -m benchmarks.reference_workloads [--only NAME ...] [--json FILE] [--markdown]

For each workload: the advice from a fresh measurement, as the command line gives it; then the whole job, pool start-up
included, each time in a fresh process. One run of every candidate finds the two fastest; these, the advised way and
the sequential one then run in alternation, and the medians of that last part alone are compared: the winner of a
single noisy run has had luck. What is best is the fastest of those medians, so pick/best is never below 1.
A full run takes about 45 minutes on an otherwise idle host.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from advisor.api import advise_target
from advisor.errors import AdvisorError
from advisor.records import Advice
from profiles import WORKLOADS, Workload, find
from profiles.job import SEQUENTIAL, JobError, Plan, alternate, measure, plan_of

WAITS_FOR_MUCH: Final = 0.3
"""Share of a call's time spent waiting from which on many workers are tried."""

COLUMNS: Final = (
    "workload",
    "advice",
    "pick, s",
    "best",
    "best, s",
    "sequential, s",
    "pick/best",
    "predicted",
    "measured",
)


@dataclass(frozen=True)
class Outcome:
    """A workload's advice, and the seconds its job took: `scan` of one run each, `medians` of the alternated runs."""

    workload: str
    pick: Plan
    predicted: float  # speed-up against sequential
    scan: dict[Plan, float]
    failures: dict[Plan, str]
    medians: dict[Plan, float]
    advice: Advice

    @property
    def best(self) -> Plan:
        return min(self.medians, key=lambda plan: self.medians[plan])

    @property
    def loss(self) -> float:
        """Seconds of the pick, relative to the best; infinite when what was advised can't be done."""
        return self.medians.get(self.pick, math.inf) / self.medians[self.best]

    @property
    def measured(self) -> float:
        """The pick's speed-up against sequential."""
        return self.medians[SEQUENTIAL] / self.medians.get(self.pick, math.inf)

    @property
    def slower(self) -> bool:
        return self.pick != SEQUENTIAL and self.measured < 1

    @property
    def error(self) -> float:
        """Of the predicted speed-up, relative to the measured one."""
        return abs(self.predicted / self.measured - 1) if self.measured else math.inf


def examine(workload: Workload, *, rounds: int, timeout: float) -> Outcome:
    """Gets advice on a workload and tries what else could have been done."""
    advice = advise_target(workload.target, inputs=workload.inputs, calls=workload.calls)
    pick = plan_of(advice)
    tell(f"{workload.name}: advised {pick}")
    scan, failures = run_each(workload, candidates(advice, pick), timeout)
    fastest = sorted(scan, key=lambda plan: scan[plan])[:2]
    contenders = [plan for plan in dict.fromkeys((SEQUENTIAL, pick, *fastest)) if plan in scan]
    medians = alternate(workload, contenders, rounds=rounds, timeout=timeout)
    tell("  in turn: " + "; ".join(f"{plan} {median:.2f} s" for plan, median in medians.items()))
    return Outcome(
        workload=workload.name,
        pick=pick,
        predicted=advice.speedup.expected if advice.speedup else 1.0,
        scan=scan,
        failures=failures,
        medians=medians,
        advice=advice,
    )


def candidates(advice: Advice, pick: Plan) -> list[Plan]:
    """Every way that is worth a try, the advised one among them."""
    profile = advice.profile
    assert profile is not None  # it was measured
    waits = profile.wait is not None and profile.wait > WAITS_FOR_MUCH * profile.wall
    many = (2, 4, 8, 16, 32, 64) if waits else (2, 4)
    if profile.coroutine:
        loops = [Plan("asyncio", workers) for workers in many]
        return list(dict.fromkeys((SEQUENTIAL, pick, *loops, Plan("threading", many[-1]))))
    threads = [Plan("threading", workers) for workers in many]
    chunks = {1} | {other.chunk for other in advice.alternatives if other.strategy == "multiprocessing"}
    counts = (2, 3, 4, 8, 16) if waits else (2, 3, 4)
    processes = [Plan("multiprocessing", workers, chunk) for workers in counts for chunk in sorted(chunks)]
    return list(dict.fromkeys((SEQUENTIAL, pick, *threads, *processes)))


def run_each(workload: Workload, plans: Sequence[Plan], timeout: float) -> tuple[dict[Plan, float], dict[Plan, str]]:
    """Seconds of one run each, and why those failed that did."""
    seconds: dict[Plan, float] = {}
    failures: dict[Plan, str] = {}
    for plan in plans:
        try:
            seconds[plan] = measure(workload, plan, timeout=timeout)
            tell(f"  {plan}: {seconds[plan]:.2f} s")
        except JobError as error:
            failures[plan] = str(error)
            tell(f"  {plan}: {error}")
    return seconds, failures


def summary(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The figures that say how good the advice is, over all workloads."""
    pooled = [outcome for outcome in outcomes if outcome.pick != SEQUENTIAL]
    return {
        "workloads": len(outcomes),
        "geometric mean of pick/best": statistics.geometric_mean(outcome.loss for outcome in outcomes),
        "worst pick/best": max(outcome.loss for outcome in outcomes),
        "slower than sequential": sum(outcome.slower for outcome in outcomes),
        "median error of the predicted speed-up": statistics.median(outcome.error for outcome in outcomes),
        "the same without those advised to stay sequential": (
            statistics.median(outcome.error for outcome in pooled) if pooled else 0.0
        ),
    }


def rows(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, ...]]:
    for outcome in outcomes:
        yield (
            outcome.workload,
            str(outcome.pick),
            f"{outcome.medians.get(outcome.pick, math.inf):.2f}",
            str(outcome.best),
            f"{outcome.medians[outcome.best]:.2f}",
            f"{outcome.medians[SEQUENTIAL]:.2f}",
            f"{outcome.loss:.2f}",
            f"{outcome.predicted:.2f}×",
            f"{outcome.measured:.2f}×",
        )


def as_text(outcomes: Sequence[Outcome]) -> str:
    lines = [COLUMNS, *rows(outcomes)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *rows(outcomes)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def as_document(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "summary": summary(outcomes),
        "outcomes": [
            {
                "workload": outcome.workload,
                "pick": dataclasses.asdict(outcome.pick),
                "best": dataclasses.asdict(outcome.best),
                "pick_over_best": outcome.loss,
                "predicted": outcome.predicted,
                "measured": outcome.measured,
                "scan": by_name(outcome.scan),
                "failures": by_name(outcome.failures),
                "medians": by_name(outcome.medians),
                "advice": outcome.advice.model_dump(mode="json"),
            }
            for outcome in outcomes
        ],
    }


def by_name(figures: dict[Plan, Any]) -> dict[str, Any]:
    return {str(plan): figure for plan, figure in figures.items()}


def report(outcomes: Sequence[Outcome], table: Callable[[Sequence[Outcome]], str]) -> None:
    print(table(outcomes), "", sep="\n")
    for name, figure in summary(outcomes).items():
        print(f"{name}: {figure:.3g}")


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def examine_all(
    workloads: Sequence[Workload], left_out: dict[str, str], *, rounds: int, timeout: float
) -> Iterator[Outcome]:
    """The outcome of each workload that can run here; the others go to `left_out` with the reason."""
    for number, workload in enumerate(workloads, start=1):
        tell(f"[{number}/{len(workloads)}] {workload.name}: {workload.what}")
        try:
            if workload.missing:
                raise JobError(f"needs {', '.join(workload.missing)}")
            yield examine(workload, rounds=rounds, timeout=timeout)
        except (AdvisorError, JobError) as error:
            left_out[workload.name] = str(error)
            tell(f"  left out: {error}")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reference_workloads", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these workloads only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to this file too")
    parser.add_argument("--markdown", action="store_true", help="the table as Markdown")
    parser.add_argument("--rounds", type=int, default=3, help="alternated runs of each contender (default 3)")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds a job may take (default 60)")
    options = parser.parse_args()
    workloads = [find(name) for name in options.only] if options.only else list(WORKLOADS)
    outcomes: list[Outcome] = []
    left_out: dict[str, str] = {}
    for outcome in examine_all(workloads, left_out, rounds=options.rounds, timeout=options.timeout):
        outcomes.append(outcome)
        if options.json:  # after each one: a run of most of an hour may be interrupted
            options.json.write_text(json.dumps(as_document(outcomes), indent=1), encoding="utf-8")
    if outcomes:
        report(outcomes, as_markdown if options.markdown else as_text)
    for name, reason in left_out.items():
        print(f"left out: {name}: {reason}")


if __name__ == "__main__":
    main()
