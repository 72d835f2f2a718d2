"""Run every reference workload with advisor.map, the best fixed way, the plain loop and the maps of other packages.

    python -m benchmarks.running [NAME ...] [--again] [--rounds 3] [--quick]
    python -m benchmarks.running --report

The best fixed way is the fastest in the record of the oracle (`python -m benchmarks.oracle`), run again beside the
others. All run in alternating order, each time in a fresh process. The clock starts when the inputs are ready and the
packages are imported, and stops when all results are there and the pool has ended. As in `benchmarks.score`, ways that
are far behind run once, and all run for up to three times as many rounds if advisor.map or the best fixed way is within
a tenth of the plain loop.

Trials are written to docs/running.json as they end: after an interruption the same command continues. `--report` only
writes docs/running.md from that file. `--quick` runs one round of advisor.map, the best fixed way and the plain loop,
and writes nothing.
"""

from __future__ import annotations

import importlib.util
import math
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.host.machine import this_machine
from advisor.report.atomic_write import atomic_write
from benchmarks import corpus
from benchmarks.score import MAX_ROUNDS, run_in_turn, ways
from benchmarks.tables import markdown
from benchmarks.trials import ADVISOR, LOOP, ORACLE, Trial, load_trials, percentile, save_trials
from profiles import Workload
from profiles.job import ROOT, SEQUENTIAL, Contender, JobError, Package
from profiles.outcomes import load
from profiles.packages import PackageName

FILE: Final = ROOT / "docs" / "running.json"
REPORT: Final = ROOT / "docs" / "running.md"
OTHERS: Final[Mapping[PackageName, str]] = {
    "ThreadPoolExecutor": "concurrent.futures",
    "ProcessPoolExecutor": "concurrent.futures",
    "joblib": "joblib",
    "mpire": "mpire",
    "betapool": "betapool",
    "smart-parallel": "smart_parallel",
}
"""The others, with the module that each needs."""
SLOWER: Final = 1.05
"""Times the plain loop from which a way counts as slower."""
IMPORTS: Final = (
    "import time; began = time.perf_counter(); import advisor; advisor.map; first = time.perf_counter(); "
    "from profiles.packages import import_advisor; import_advisor(); print(first - began, time.perf_counter() - began)"
)


@dataclass(frozen=True)
class Comparison:
    """Seconds of one way over those of the best fixed way and of the plain loop, over all workloads."""

    who: str
    mean: float  # geometric, over the best fixed way
    median: float
    p95: float  # 95th percentile
    worst: float
    worst_workload: str
    worst_over_loop: float
    slower: int  # workloads on which it took more than SLOWER times as long as the plain loop
    failed: int


def examine(workload: Workload, on_progress: corpus.OnProgress, options: Options) -> Trial:
    """Run all ways; raise JobError if the oracle has no record, or the plain loop or its best way cannot be run."""
    known = load(workload, this_machine())
    if known is None:
        raise JobError(f"no record: run python -m benchmarks.oracle {workload.name} first")
    chosen: dict[str, Contender] = {LOOP: SEQUENTIAL, ORACLE: known.best.plan, ADVISOR: Package("advisor")}
    always = list(dict.fromkeys(chosen.values()))
    if not options.quick:
        chosen |= {name: Package(name) for name in OTHERS if is_installed(name)}
    contenders = list(dict.fromkeys(chosen.values()))
    rounds = (1, 1) if options.quick else (options.rounds, MAX_ROUNDS * options.rounds)
    runs = run_in_turn(workload, contenders, always, on_progress, rounds=rounds, timeout=options.timeout)
    trial = Trial(workload=workload.name, calls=workload.calls, ways=ways(chosen, runs))
    if failure := trial.of(ORACLE).failure:
        raise JobError(f"the best fixed way failed: {failure}")
    return trial


@dataclass(frozen=True)
class Options:
    """The number of runs of each way, and their time limit."""

    rounds: int
    timeout: float  # seconds
    quick: bool = False


def is_installed(name: PackageName) -> bool:
    return importlib.util.find_spec(OTHERS[name]) is not None


def ratio(trial: Trial, who: str, over: str) -> float:
    """Return the seconds of one way over those of another; infinite if the first failed."""
    way = trial.of(who)
    return math.inf if way.failure else way.median / trial.of(over).median


def compare(who: str, trials: Sequence[Trial]) -> Comparison:
    """Compare a way with the best fixed way and the plain loop; raise StatisticsError if it never succeeded."""
    done = [trial for trial in trials if trial.has(who) and not trial.of(who).failure]
    ratios = sorted(ratio(trial, who, ORACLE) for trial in done)
    over_loop = [ratio(trial, who, LOOP) for trial in done]
    return Comparison(
        who=who,
        mean=statistics.geometric_mean(ratios),
        median=statistics.median(ratios),
        p95=percentile(ratios, 0.95),
        worst=ratios[-1],
        worst_workload=max(done, key=lambda trial: ratio(trial, who, ORACLE)).workload,
        worst_over_loop=max(over_loop),
        slower=sum(each > SLOWER for each in over_loop),
        failed=sum(trial.has(who) for trial in trials) - len(done),
    )


def contestants(trials: Iterable[Trial]) -> list[str]:
    """Return everyone in the trials but the best fixed way, advisor first."""
    names = dict.fromkeys(name for trial in trials for way in trial.ways for name in way.chosen_by)
    return [ADVISOR, *(name for name in names if name not in (ADVISOR, ORACLE))]


def summary(trials: Sequence[Trial]) -> str:
    """Return the comparison of everyone with the best fixed way, as a Markdown table."""
    columns = (
        "way",
        "over the best fixed way, geometric mean",
        "median",
        "95th percentile",
        "worst",
        "at",
        "over the plain loop, worst",
        f"slower than {SLOWER} times the plain loop",
        "failed",
    )
    return markdown(columns, [_comparison_row(compare(who, trials)) for who in contestants(trials)])


def _comparison_row(seen: Comparison) -> tuple[str, ...]:
    name = "**advisor.map**" if seen.who == ADVISOR else seen.who
    figures = (f"{seen.mean:.3f}", f"{seen.median:.3f}", f"{seen.p95:.2f}", f"{seen.worst:.2f}", seen.worst_workload)
    return (name, *figures, f"{seen.worst_over_loop:.2f}", str(seen.slower), str(seen.failed))


def table(trials: Sequence[Trial]) -> str:
    """Return the seconds of every way on every workload, as a Markdown table."""
    names = [LOOP, *(who for who in contestants(trials) if who != LOOP)]
    columns = ("workload", "best fixed way", "s", *names, "advisor.map over the best fixed way")
    return markdown(columns, [_trial_row(trial, names) for trial in sorted(trials, key=lambda each: each.workload)])


def _trial_row(trial: Trial, names: Sequence[str]) -> tuple[str, ...]:
    best = trial.of(ORACLE)
    over = f"{ratio(trial, ADVISOR, ORACLE):.2f}"
    return (trial.workload, best.plan, f"{best.median:.2f}", *(_seconds(trial, name) for name in names), over)


def _seconds(trial: Trial, who: str) -> str:
    if not trial.has(who):
        return ""
    way = trial.of(who)
    return "failed" if way.failure else f"{way.median:.2f}"


def line(trial: Trial) -> str:
    """Return one line about the trial."""
    best, pick = trial.of(ORACLE), trial.of(ADVISOR)
    if pick.failure:
        return f"{trial.workload}: advisor.map failed: {pick.failure}"
    return (
        f"{trial.workload}: advisor.map {pick.median:.2f} s, {best.plan} {best.median:.2f} s: "
        f"{ratio(trial, ADVISOR, ORACLE):.2f}; {ratio(trial, ADVISOR, LOOP):.2f} times the plain loop"
    )


def import_seconds(rounds: int = 5) -> str:
    """Return what importing advisor.map costs in a fresh interpreter, outside of the measured seconds."""
    outputs = [
        subprocess.run([sys.executable, "-c", IMPORTS], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for _ in range(rounds)
    ]
    columns = zip(*(map(float, output.split()) for output in outputs), strict=True)
    first, everything = map(statistics.median, columns)
    return (
        f"Importing advisor.map takes {1000 * first:.0f} ms, with all that it loads when needed "
        f"{1000 * everything:.0f} ms (median of {rounds} fresh interpreters); the clock starts after that."
    )


def write(trials: Sequence[Trial], imports: str, path: Path = REPORT) -> str:
    """Write docs/running.md and return the summary."""
    if not trials:
        return "no trials yet"
    text = summary(trials)
    with atomic_write(path) as file:
        file.write_text(
            "# Running jobs: every workload\n\n"
            "Written by `python -m benchmarks.running`. Seconds are medians. The best fixed way is the fastest one "
            f"that the oracle had recorded, run again.\n\n{imports}\n\n{text}\n\n{table(trials)}\n",
            encoding="utf-8",
        )
    return text


def main() -> None:
    parser = corpus.parser("benchmarks.running", __doc__ or "")
    parser.add_argument("--quick", action="store_true", help="advisor, the best fixed way and the loop, once")
    parser.add_argument("--report", action="store_true", help="write the report from the stored trials")
    arguments = parser.parse_args()
    options = Options(arguments.rounds, arguments.timeout, arguments.quick)
    trials = {} if options.quick else {trial.workload: trial for trial in load_trials(FILE)}
    imports = import_seconds()
    print(imports)

    def work(workload: Workload, on_progress: corpus.OnProgress) -> str | None:
        known = trials.get(workload.name)
        if known is not None and known.calls == workload.calls and not arguments.again:
            return None
        trials[workload.name] = trial = examine(workload, on_progress, options)
        if not options.quick:
            save_trials(trials.values(), FILE)
        return line(trial)

    if not arguments.report:
        corpus.for_each(arguments.names, work)
    done = list(trials.values())
    print(f"{table(done)}\n\n{summary(done)}" if options.quick and done else write(done, imports))


if __name__ == "__main__":
    main()
