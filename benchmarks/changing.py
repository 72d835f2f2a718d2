"""Run jobs whose calls change or are limited with advisor.map, beside the ways that are best in hindsight.

    python -m benchmarks.changing [JOB ...] [--rounds 3]

Each job runs in a fresh process, in alternating order; the best in hindsight is the fastest of the ways that were
written by hand for that job (`benchmarks.changing_jobs`). The aim is at most 1.15 times its median. Prints the stages
of the last run of advisor.map with the reason for each. Takes about five minutes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from advisor.models.run_report import RunReport
from benchmarks.changing_jobs import ADVISOR, JOBS, ChangingJob
from benchmarks.tables import markdown
from profiles.job import JobError, run_module

AIM: Final = 1.15
"""Times the best in hindsight, at most."""
TIMEOUT: Final = 120.0


@dataclass(frozen=True)
class Comparison:
    """The seconds of all ways on one job, and the report of the last run of advisor.map."""

    job: ChangingJob
    seconds: dict[str, list[float]]  # by way
    report: RunReport | None

    @property
    def best(self) -> str:
        """Return the way that was best in hindsight."""
        return min(self.job.ways, key=lambda way: statistics.median(self.seconds[way]))

    @property
    def ratio(self) -> float:
        return statistics.median(self.seconds[ADVISOR]) / statistics.median(self.seconds[self.best])


def compare(job: ChangingJob, rounds: int) -> Comparison:
    """Run a job in all ways, in turn; raise JobError if one fails."""
    ways = [*job.ways, ADVISOR]
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    report = None
    for number in range(rounds):
        for way in ways if number % 2 == 0 else reversed(ways):
            output = json.loads(run_module("benchmarks.changing_jobs", job.name, way, timeout=TIMEOUT).splitlines()[-1])
            seconds[way].append(output["seconds"])
            if output["report"]:
                report = RunReport.model_validate(output["report"])
    return Comparison(job, seconds, report)


def stages(report: RunReport) -> str:
    """Return a line for each stage."""
    return "\n".join(
        f"    {stage.strategy} × {stage.workers}: {stage.calls} calls in {stage.seconds:.2f} s: {stage.why}"
        for stage in report.stages
    )


def table(comparisons: Sequence[Comparison]) -> str:
    """Return a row for each job."""
    columns = ("job", "best in hindsight", "s", "advisor.map, s", "ratio")
    return markdown(columns, map(_row, comparisons))


def _row(seen: Comparison) -> tuple[str, ...]:
    best, ours = (statistics.median(seen.seconds[way]) for way in (seen.best, ADVISOR))
    return (seen.job.what, seen.best, f"{best:.2f}", f"{ours:.2f}", f"{seen.ratio:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [job.name for job in JOBS]
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=f"default: all of {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if unknown := set(arguments.jobs).difference(names):
        parser.error(f"no such job: {', '.join(sorted(unknown))}")
    done: list[Comparison] = []
    failed = False
    for job in JOBS:
        if arguments.jobs and job.name not in arguments.jobs:
            continue
        print(f"{job.name}: {job.what}")
        try:
            seen = compare(job, arguments.rounds)
        except JobError as error:
            failed = True
            print(f"    failed: {error}")
            continue
        done.append(seen)
        for way, seconds in seen.seconds.items():
            print(f"    {way}: {', '.join(f'{each:.2f}' for each in seconds)} s")
        if seen.report:
            print(f"  stages of advisor.map ({seen.report.throttled} calls throttled):\n{stages(seen.report)}")
    print(f"\n{table(done)}")
    if failed or any(seen.ratio > AIM for seen in done):
        sys.exit(f"not all within {AIM} of the best in hindsight")


if __name__ == "__main__":
    main()
