"""The oracle: every reference workload's whole job, done every way, to know what the best advice would have been.

    python -m benchmarks.oracle [NAME ...] [--again] [--rounds 3]

Each job runs in a fresh process with a time limit, pool start-up included: one after the other, in 2 to 64 threads, in
2 to cores + 2 processes (and in more where calls wait), with a task for each call and with calls in chunks. A first
round tries every way; further rounds, in turn and back, those that came within half as much again of the fastest.

Records go to profiles/recorded/, after every run: after an interruption the same command goes on where it stopped.
NAME is a workload or a family (`web`); what is complete is left alone unless --again is given. All of them take about
an hour on an otherwise idle host.
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
WAITS_FOR_MUCH: Final = 0.3
"""Share of a call's time spent waiting from which on many more processes than cores are tried."""
TASKS_PER_WORKER: Final = 4
"""Of a job in chunks, as `multiprocessing.Pool.map` cuts it."""
STILL_IN_IT: Final = 1.5
"""Times the fastest: what was slower than that in the first round will not turn out the best."""


def candidates(profile: Profile, calls: int, cores: int) -> list[Plan]:
    """Every way that is worth a try, the plain loop first."""
    waits = profile.wait is not None and profile.wait > WAITS_FOR_MUCH * profile.wall
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
    """Run what is not known yet; yields the record after each run, with the way to be run next."""
    outcome = known or _profiled(workload)
    for number in range(rounds):
        plans = [run.plan for run in outcome.runs if len(run.seconds) <= number and _in_it(run, outcome)]
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


def _in_it(run: Run, outcome: Outcome) -> bool:
    if run.failure:
        return False
    if not run.seconds or run.strategy == "sequential":
        return True
    return run.seconds[0] <= STILL_IN_IT * min(other.seconds[0] for other in outcome.runs if other.seconds)


def _with_run(outcome: Outcome, workload: Workload, plan: Plan, timeout: float) -> Outcome:
    limit = corpus.time_limit(outcome.sequential.seconds, timeout)
    try:
        taken, failure = measure(workload, plan, timeout=limit), None
    except JobError as error:
        if plan == SEQUENTIAL:
            raise  # nothing can be compared with it
        taken, failure = math.nan, str(error)
    runs = tuple(
        (run.model_copy(update={"failure": failure}) if failure else _longer(run, taken)) if run.plan == plan else run
        for run in outcome.runs
    )
    return outcome.model_copy(update={"runs": runs})


def _longer(run: Run, seconds: float) -> Run:
    return run.model_copy(update={"seconds": (*run.seconds, round(seconds, 6))})


def told(outcome: Outcome) -> str:
    """A line on what was found."""
    best, loop = outcome.best, outcome.sequential
    return (
        f"{outcome.workload}: {loop.median:.2f} s one after the other, at best {best.median:.2f} s "
        f"({loop.median / best.median:.1f}×) with {best.plan}"
    )


def main() -> None:
    options = corpus.parser("benchmarks.oracle", __doc__ or "").parse_args()
    machine = this_machine()

    def work(workload: Workload, tell: corpus.Tell) -> str:
        tell("profile")
        known = None if options.again else load(workload, machine)
        for outcome, following in examine(workload, known, rounds=options.rounds, timeout=options.timeout):
            save(outcome)
            tell(following)
        return told(outcome)

    corpus.for_each(options.names, work)


if __name__ == "__main__":
    main()
