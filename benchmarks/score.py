"""How good the advice is: on each reference workload the advised way beside the best known, the plain loop and peers.

    python -m benchmarks.score [NAME ...] [--again] [--rounds 3]
    python -m benchmarks.score --report

For each workload: advice from a fresh measurement, as the command line gives it; the way that is best by the record of
the oracle (`python -m benchmarks.oracle`); and what others would do (`benchmarks.peers`). All of them, and the best of
each strategy that the advice considered, then run in turn and back, each time in a fresh process, and their medians
are compared. What is best is the fastest of those medians, so pick/best is never below 1, not even for the oracle's
own pick run again: what that scores is the floor that noise leaves.

Trials go to docs/score.json, one after the other: after an interruption the same command goes on where it stopped.
`--report` measures nothing: it writes docs/score.md, docs/score.svg and the README's table from what is there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from advisor.api import advise_target
from advisor.errors import AdvisorError
from advisor.machine import this_machine
from advisor.records import Advice, Range
from benchmarks import peers, score_report
from benchmarks.trials import ADVISOR, LOOP, ORACLE, Trial, Way, load_trials, save_trials
from profiles import Workload, choose
from profiles.job import SEQUENTIAL, Contender, JobError, Plan, measure, plan_of
from profiles.outcomes import load

OUT_OF_THE_RUNNING: Final = 2.5
"""Times the fastest: who was slower in the first round is not run again, for nothing changes by it."""
HOPELESS: Final = 5.0
"""Times the plain loop after which a way is given up, and counted as if it had ended then."""
LEAST_TIMEOUT: Final = 15.0
"""Seconds."""


def examine(workload: Workload, *, rounds: int, timeout: float) -> Trial:
    """Gets advice on a workload and tries it beside all others.

    Raises JobError where the oracle has no record, or the plain loop can't be run.
    """
    known = load(workload, this_machine())
    if known is None:
        raise JobError(f"no record: run python -m benchmarks.oracle {workload.name} first")
    began = time.perf_counter()
    advice = advise_target(workload.target, inputs=workload.inputs, calls=workload.calls)
    waited = time.perf_counter() - began
    chosen: dict[str, Contender] = {LOOP: SEQUENTIAL, ADVISOR: plan_of(advice), ORACLE: known.best.plan}
    chosen |= peers.contenders(workload, timeout=timeout)
    predicted = _predicted(advice)
    tried = list(dict.fromkeys([*chosen.values(), *predicted]))
    seconds, failures = _run_in_turn(workload, tried, rounds=rounds, timeout=timeout)
    return Trial(
        workload=workload.name,
        calls=workload.calls,
        seconds_to_advice=waited,
        ways=tuple(
            Way(
                plan=str(one),
                chosen_by=tuple(who for who, theirs in chosen.items() if theirs == one),
                predicted=predicted.get(one),
                seconds=tuple(round(taken, 6) for taken in seconds[one]),
                failure=failures.get(one),
            )
            for one in tried
        ),
    )


def _predicted(advice: Advice) -> dict[Contender, Range]:
    """The predicted speed-up of what is advised, and of the best of every other strategy."""
    return {
        SEQUENTIAL if one.strategy == "sequential" else Plan(one.strategy, one.workers, one.chunk): one.speedup
        for one in advice.alternatives
        if one.feasible and one.speedup is not None
    }


def _run_in_turn(
    workload: Workload, contenders: Sequence[Contender], *, rounds: int, timeout: float
) -> tuple[dict[Contender, list[float]], dict[Contender, str]]:
    """Seconds of every run, and why those failed that did."""
    seconds: dict[Contender, list[float]] = {one: [] for one in contenders}
    failures: dict[Contender, str] = {}
    for number in range(rounds):
        for one in contenders if number % 2 == 0 else reversed(contenders):
            if one in failures or _out_of_the_running(one, seconds):
                continue
            limit = timeout
            if seconds[SEQUENTIAL]:
                limit = min(timeout, max(LEAST_TIMEOUT, HOPELESS * seconds[SEQUENTIAL][0]))
            try:
                seconds[one].append(measure(workload, one, timeout=limit))
            except JobError as error:
                if one == SEQUENTIAL:
                    raise
                failures[one] = str(error)
    return seconds, failures


def _out_of_the_running(one: Contender, seconds: dict[Contender, list[float]]) -> bool:
    if one == SEQUENTIAL or not seconds[one]:
        return False
    return seconds[one][0] > OUT_OF_THE_RUNNING * min(taken[0] for taken in seconds.values() if taken)


def told(trial: Trial) -> str:
    """A line on what was found."""
    pick, loop, best = trial.of(ADVISOR), trial.of(LOOP), trial.best
    if pick.failure:
        return f"{trial.workload}: {pick.plan} failed: {pick.failure}"
    predicted = f"{pick.predicted.expected:.2f}" if pick.predicted else "?"
    return (
        f"{trial.workload}: {pick.plan} {pick.median:.2f} s ({loop.median / pick.median:.2f}×, expected {predicted}×); "
        f"at best {best.plan} {best.median:.2f} s: {trial.loss(ADVISOR):.2f}"
    )


def examine_all(workloads: Sequence[Workload], *, again: bool, rounds: int, timeout: float) -> dict[str, str]:
    """Tries every workload that can run here; returns why the others were left out."""
    left_out: dict[str, str] = {}
    trials = {trial.workload: trial for trial in load_trials()}
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:
        bar = progress.add_task("", total=len(workloads))
        for workload in workloads:
            progress.update(bar, description=workload.name)
            known = trials.get(workload.name)
            if again or known is None or known.calls != workload.calls:
                try:
                    if workload.missing:
                        raise JobError(f"needs {', '.join(workload.missing)}")
                    trials[workload.name] = examine(workload, rounds=rounds, timeout=timeout)
                    progress.console.print(told(trials[workload.name]), highlight=False)
                    save_trials(trials.values())
                except (AdvisorError, JobError) as error:
                    left_out[workload.name] = str(error)
            progress.advance(bar)
    return left_out


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.score", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a workload or a family; default: all of them")
    parser.add_argument("--again", action="store_true", help="try anew what was tried already")
    parser.add_argument("--report", action="store_true", help="write the report from what was tried; measure nothing")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each way in the running (default 3)")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds a job may take (default 60)")
    options = parser.parse_args()
    left_out: dict[str, str] = {}
    if not options.report:
        try:
            left_out = examine_all(
                choose(options.names), again=options.again, rounds=options.rounds, timeout=options.timeout
            )
        except LookupError as error:
            sys.exit(str(error))
        except KeyboardInterrupt:
            sys.exit("stopped; what was measured is kept: the same command goes on from here")
    for name, reason in left_out.items():
        print(f"left out: {name}: {reason}")
    print(score_report.write(load_trials()))


if __name__ == "__main__":
    main()
