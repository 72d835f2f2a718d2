"""How good the advice is: on each reference workload the advised way beside the best known, the plain loop and peers.

    python -m benchmarks.score [NAME ...] [--again] [--rounds 3]
    python -m benchmarks.score --report

For each workload: advice from a fresh measurement, as the command line gives it; the way that is best by the record of
the oracle (`python -m benchmarks.oracle`); and what others would do (`benchmarks.peers`). All of them, and the best of
each strategy that the advice considered, then run in turn and back, each time in a fresh process, and their medians
are compared. What is best is the fastest of those medians, so pick/best is never below 1, not even for the oracle's
own pick run again: what that scores is the floor that noise leaves. Where the advised way or the oracle's comes out
within a tenth of the plain loop, faster or slower, all go on for up to three times as many rounds: a few runs can't
tell which of two such ways is the slower one.

Trials go to docs/score.json, one after the other: after an interruption the same command goes on where it stopped.
`--report` measures nothing: it writes docs/score.md, docs/score.svg and the table in docs/evidence.md from it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Final

from advisor.api import advise_target
from advisor.host.machine import this_machine
from advisor.models import Advice, Range
from benchmarks import corpus, peers, score_report
from benchmarks.trials import ADVISOR, LOOP, ORACLE, Trial, Way, load_trials, save_trials
from profiles import Workload
from profiles.job import SEQUENTIAL, Contender, JobError, Plan, measure, plan_of
from profiles.outcomes import load

OUT_OF_THE_RUNNING: Final = 1.5
"""Times the fastest: what others chose and was slower in the first round is not run again, for little changes by it."""
TOO_CLOSE: Final = 1.1
"""Nearer than this to the plain loop, on either side, it takes more rounds to tell what is slower."""
MORE: Final = 3
"""Times the rounds that are run when it is."""


def examine(workload: Workload, tell: corpus.Tell, *, rounds: int, timeout: float) -> Trial:
    """Get advice on a workload and tries it beside all others.

    Raises JobError where the oracle has no record, or the plain loop can't be run.
    """
    known = load(workload, this_machine())
    if known is None:
        raise JobError(f"no record: run python -m benchmarks.oracle {workload.name} first")
    tell("advice")
    began = time.perf_counter()
    advice = advise_target(workload.target, inputs=workload.inputs, calls=workload.calls)
    waited = time.perf_counter() - began
    chosen: dict[str, Contender] = {LOOP: SEQUENTIAL, ADVISOR: plan_of(advice), ORACLE: known.best.plan}
    chosen |= peers.contenders(workload, timeout=timeout)
    predicted = _predicted(advice)
    tried = list(dict.fromkeys([*chosen.values(), *predicted]))
    ours = [chosen[who] for who in (LOOP, ADVISOR, ORACLE)]
    seconds, failures = _run_in_turn(workload, tried, ours, tell, rounds=rounds, timeout=timeout)
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
    workload: Workload,
    contenders: Sequence[Contender],
    always: Sequence[Contender],
    tell: corpus.Tell,
    *,
    rounds: int,
    timeout: float,
) -> tuple[dict[Contender, list[float]], dict[Contender, str]]:
    """Seconds of every run, and why those failed that did; those in `always` run in every round.

    There are more rounds while one of `always` is too close to the plain loop, whichever of them is ahead.
    """
    seconds: dict[Contender, list[float]] = {one: [] for one in contenders}
    failures: dict[Contender, str] = {}
    for number in range(MORE * rounds):
        if number >= rounds and not any(
            _too_close(seconds[one], seconds[SEQUENTIAL]) for one in always if one != SEQUENTIAL
        ):
            break
        for one in contenders if number % 2 == 0 else reversed(contenders):
            if one in failures or (one not in always and _out_of_the_running(one, seconds)):
                continue
            tell(str(one))
            limit = corpus.time_limit(seconds[SEQUENTIAL], timeout)
            try:
                seconds[one].append(measure(workload, one, timeout=limit))
            except JobError as error:
                if one == SEQUENTIAL:
                    raise
                failures[one] = str(error)
    return seconds, failures


def _too_close(seconds: Sequence[float], loop: Sequence[float]) -> bool:
    if not seconds:
        return False
    ratio = statistics.median(seconds) / statistics.median(loop)
    return 1 / TOO_CLOSE < ratio < TOO_CLOSE


def _out_of_the_running(one: Contender, seconds: dict[Contender, list[float]]) -> bool:
    if not seconds[one]:
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


def main() -> None:
    parser = corpus.parser("benchmarks.score", __doc__ or "")
    parser.add_argument("--report", action="store_true", help="write the report from what was tried; measure nothing")
    options = parser.parse_args()
    trials = {trial.workload: trial for trial in load_trials()}

    def work(workload: Workload, tell: corpus.Tell) -> str | None:
        known = trials.get(workload.name)
        if known is not None and known.calls == workload.calls and not options.again:
            return None
        trials[workload.name] = examine(workload, tell, rounds=options.rounds, timeout=options.timeout)
        save_trials(trials.values())
        return told(trials[workload.name])

    if not options.report:
        corpus.for_each(options.names, work)
    print(score_report.write(list(trials.values())))


if __name__ == "__main__":
    main()
