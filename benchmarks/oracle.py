"""Run the whole job of every reference workload in every way, to know what the best advice would have been.

    python -m benchmarks.oracle [NAME ...] [--again] [--rounds 3]

Each job runs in a fresh process with a time limit, pool start-up included: sequentially, in 2 to 64 threads, and in
2 to cores + 2 processes (more where calls wait), with a task per call and with chunks. The first round tries every
way; further rounds, in alternating order, those within 1.5 times the fastest.

Records are written to profiles/recorded/ after every run: after an interruption the same command continues. NAME is a
workload or a family (`web`); complete records are kept unless --again is given. All workloads take about an hour on an
otherwise idle host.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from advisor.api import advise_target
from advisor.host.machine import this_machine
from advisor.models import Profile
from benchmarks import corpus
from profiles import Workload
from profiles.job import SEQUENTIAL, JobError, Plan, measure
from profiles.outcomes import Outcome, Run, load, save, system

THREADS: Final = (2, 4, 8, 16, 32, 64)
MOSTLY_WAITING: Final = 0.3
"""Share of a call's time spent waiting, from which many more processes than cores are tried."""
TASKS_PER_WORKER: Final = 4
"""In chunks as large as those of `multiprocessing.Pool.map`."""
COMPETITIVE: Final = 1.5
"""Times the fastest in the first round, up to which a way is run again."""


def candidates(profile: Profile, calls: int, cores: int) -> list[Plan]:
    """Return every way to try, the plain loop first."""
    waits = profile.wait is not None and profile.wait > MOSTLY_WAITING * profile.wall
    threads = [workers for workers in THREADS if workers <= calls]
    processes = [*range(2, cores + 3), *((8, 16, 32) if waits else ())]
    plans = [SEQUENTIAL]
    plans += [Plan("asyncio", workers) for workers in threads if profile.coroutine]
    plans += [Plan("threading", workers) for workers in threads]
    for workers in processes:
        chunks = {1, max(1, calls // (TASKS_PER_WORKER * workers))}
        plans += [Plan("multiprocessing", workers, chunk) for chunk in sorted(chunks)]
    return plans


def examine(workload: Workload, known: Outcome | None, *, rounds: int, timeout: float) -> Iterator[tuple[Outcome, str]]:
    """Run what is not recorded yet; yield the record after each run, with the way to run next."""
    outcome = known or _profiled(workload)
    for number in range(rounds):
        plans = [run.plan for run in outcome.runs if len(run.seconds) <= number and _is_competitive(run, outcome)]
        for plan in plans if number % 2 == 0 else reversed(plans):
            yield outcome, str(plan)
            outcome = _with_run(outcome, workload, plan, timeout)
    yield outcome, ""


def _profiled(workload: Workload) -> Outcome:
    advice = advise_target(workload.target, inputs=workload.inputs, calls=workload.calls)
    assert advice.profile is not None  # it was measured
    plans = candidates(advice.profile, workload.calls, advice.machine.cores)
    runs = tuple(Run(strategy=plan.strategy, workers=plan.workers, chunk=plan.chunk) for plan in plans)
    return Outcome(
        workload=workload.name,
        calls=workload.calls,
        machine=advice.machine,
        system=system(),
        profile=advice.profile,
        runs=runs,
    )


def _is_competitive(run: Run, outcome: Outcome) -> bool:
    if run.failure:
        return False
    if not run.seconds or run.strategy == "sequential":
        return True
    return run.seconds[0] <= COMPETITIVE * min(other.seconds[0] for other in outcome.runs if other.seconds)


def _with_run(outcome: Outcome, workload: Workload, plan: Plan, timeout: float) -> Outcome:
    limit = corpus.time_limit(outcome.sequential.seconds, timeout)
    try:
        seconds, failure = measure(workload, plan, timeout=limit), None
    except JobError as error:
        if plan == SEQUENTIAL:
            raise  # there is nothing to compare with
        seconds, failure = math.nan, str(error)
    runs = tuple(
        (run.model_copy(update={"failure": failure}) if failure else _with_seconds(run, seconds))
        if run.plan == plan
        else run
        for run in outcome.runs
    )
    return outcome.model_copy(update={"runs": runs})


def _with_seconds(run: Run, seconds: float) -> Run:
    return run.model_copy(update={"seconds": (*run.seconds, round(seconds, 6))})


def summary(outcome: Outcome) -> str:
    """Return one line about the outcome."""
    best, loop = outcome.best, outcome.sequential
    return (
        f"{outcome.workload}: {loop.median:.2f} s sequentially, at best {best.median:.2f} s "
        f"({loop.median / best.median:.1f}×) with {best.plan}"
    )


def main() -> None:
    options = corpus.parser("benchmarks.oracle", __doc__ or "").parse_args()
    machine = this_machine()

    def work(workload: Workload, on_progress: corpus.OnProgress) -> str:
        on_progress("profile")
        known = None if options.again else load(workload, machine)
        for outcome, following in examine(workload, known, rounds=options.rounds, timeout=options.timeout):
            save(outcome)
            on_progress(following)
        return summary(outcome)

    corpus.for_each(options.names, work)


if __name__ == "__main__":
    main()
