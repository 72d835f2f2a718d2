"""Compare the advice on each reference workload with the best known way, the plain loop and other packages.

    python -m benchmarks.score [NAME ...] [--again] [--rounds 3]
    python -m benchmarks.score --report

For each workload, three kinds of picks are compared: the advice from a fresh measurement, as on the command line; the
best way in the record of the oracle (`python -m benchmarks.oracle`); and the choices of others (`benchmarks.peers`).
All of them, and the best of each strategy that the advice considered, run in alternating order, each time in a fresh
process. The best way is the fastest median, so pick/best is never below 1, not even for the oracle's pick run again,
whose score is the floor that noise leaves. If the advised way or the oracle's is within a tenth of the plain loop,
faster or slower, all run for up to three times as many rounds: a few runs cannot tell which of two such ways is slower.

Trials are written to docs/score.json as they end: after an interruption the same command continues. `--report` measures
nothing: it writes docs/score.md, docs/score.svg and the table in docs/evidence.md from that file.
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

COMPETITIVE: Final = 1.5
"""Times the fastest in the first round, up to which the picks of others are run again."""
TOO_CLOSE: Final = 1.1
"""Times the plain loop, either way, within which more rounds are needed to tell which is slower."""
MAX_ROUNDS: Final = 3
"""Times as many rounds are run at most."""


def examine(workload: Workload, on_progress: corpus.OnProgress, *, rounds: int, timeout: float) -> Trial:
    """Get advice on a workload and run it and all other picks.

    Raises JobError if the oracle has no record, or the plain loop cannot be run.
    """
    known = load(workload, this_machine())
    if known is None:
        raise JobError(f"no record: run python -m benchmarks.oracle {workload.name} first")
    on_progress("advice")
    began = time.perf_counter()
    advice = advise_target(workload.target, inputs=workload.inputs, calls=workload.calls)
    seconds_to_advice = time.perf_counter() - began
    chosen: dict[str, Contender] = {LOOP: SEQUENTIAL, ADVISOR: plan_of(advice), ORACLE: known.best.plan}
    chosen |= peers.contenders(workload, timeout=timeout)
    predicted = _predicted(advice)
    contenders = list(dict.fromkeys([*chosen.values(), *predicted]))
    ours = [chosen[who] for who in (LOOP, ADVISOR, ORACLE)]
    runs = run_in_turn(workload, contenders, ours, on_progress, rounds=(rounds, MAX_ROUNDS * rounds), timeout=timeout)
    return Trial(
        workload=workload.name,
        calls=workload.calls,
        seconds_to_advice=seconds_to_advice,
        ways=ways(chosen, runs, predicted),
    )


def ways(
    chosen: dict[str, Contender],
    runs: tuple[dict[Contender, list[float]], dict[Contender, str]],
    predicted: dict[Contender, Range] | None = None,
) -> tuple[Way, ...]:
    """Return the record of every contender that was run: who chose it, its seconds, and why it failed."""
    seconds, failures = runs
    return tuple(
        Way(
            plan=str(contender),
            chosen_by=tuple(who for who, choice in chosen.items() if choice == contender),
            predicted=(predicted or {}).get(contender),
            seconds=tuple(round(measured, 6) for measured in measurements),
            failure=failures.get(contender),
        )
        for contender, measurements in seconds.items()
    )


def _predicted(advice: Advice) -> dict[Contender, Range]:
    """Return the predicted speed-ups of the advised way and of the best way of every other strategy."""
    return {
        SEQUENTIAL if way.strategy == "sequential" else Plan(way.strategy, way.workers, way.chunk): way.speedup
        for way in advice.alternatives
        if way.feasible and way.speedup is not None
    }


def run_in_turn(
    workload: Workload,
    contenders: Sequence[Contender],
    always: Sequence[Contender],
    on_progress: corpus.OnProgress,
    *,
    rounds: tuple[int, int],
    timeout: float,
) -> tuple[dict[Contender, list[float]], dict[Contender, str]]:
    """Return the seconds of every run, and the reasons of failures; those in `always` run in every round.

    After the first number of rounds, further ones are run, up to the second number, while one of `always` is too close
    to the plain loop, faster or slower.
    """
    least, most = rounds
    seconds: dict[Contender, list[float]] = {contender: [] for contender in contenders}
    failures: dict[Contender, str] = {}
    for number in range(most):
        if number >= least and not any(
            _too_close(seconds[each], seconds[SEQUENTIAL]) for each in always if each != SEQUENTIAL
        ):
            break
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            if contender in failures or (contender not in always and not _is_competitive(contender, seconds)):
                continue
            on_progress(str(contender))
            limit = corpus.time_limit(seconds[SEQUENTIAL], timeout)
            try:
                seconds[contender].append(measure(workload, contender, timeout=limit))
            except JobError as error:
                if contender == SEQUENTIAL:
                    raise
                failures[contender] = str(error)
    return seconds, failures


def _too_close(seconds: Sequence[float], loop: Sequence[float]) -> bool:
    if not seconds:
        return False
    ratio = statistics.median(seconds) / statistics.median(loop)
    return 1 / TOO_CLOSE < ratio < TOO_CLOSE


def _is_competitive(contender: Contender, seconds: dict[Contender, list[float]]) -> bool:
    if not seconds[contender]:
        return True
    return seconds[contender][0] <= COMPETITIVE * min(measured[0] for measured in seconds.values() if measured)


def summary(trial: Trial) -> str:
    """Return one line about the trial."""
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
    parser.add_argument(
        "--report", action="store_true", help="write the report from the stored trials; measure nothing"
    )
    options = parser.parse_args()
    trials = {trial.workload: trial for trial in load_trials()}

    def work(workload: Workload, on_progress: corpus.OnProgress) -> str | None:
        known = trials.get(workload.name)
        if known is not None and known.calls == workload.calls and not options.again:
            return None
        trials[workload.name] = examine(workload, on_progress, rounds=options.rounds, timeout=options.timeout)
        save_trials(trials.values())
        return summary(trials[workload.name])

    if not options.report:
        corpus.for_each(options.names, work)
    print(score_report.write(list(trials.values())))


if __name__ == "__main__":
    main()
