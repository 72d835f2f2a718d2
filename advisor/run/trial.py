"""Runs a part of the job under the strategies in question, with real executors, and says what was measured against
what was predicted for the same part.

Every run has a process of its own, as fresh as a user's script is; what fails there is a finding, not an error. The
strategies take turns, so that a host that gets slower meanwhile slows all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

from advisor.errors import TargetError
from advisor.models import Estimate, Job, Machine, Profile, Range, Strategy, Verification
from advisor.run.worker import call_with, run_coroutine

Send = Callable[[dict[str, Any]], None]
OnProgress = Callable[[float, str], None]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]

ROUNDS = 2
_CALLS_PER_WORKER = 2  # with fewer, the last calls of a run decide how long it takes
_TOO_LONG = 4.0  # a part may take this many times its share of the time, to have that many calls
_MOST_CALLS = 10**6  # their arguments are in a list
_CUT_AFTER = 5.0  # a run is cut off after this many times the predicted seconds, and at least ...
_CUT_AFTER_LEAST = 2.0  # ... this many seconds
_REPORT_EVERY = 0.25  # seconds between two signs of life


def verify(
    target: str,
    inputs: str | None,
    estimates_to_try: Sequence[Estimate],
    job: Job,
    *,
    profile: Profile,
    machine: Machine,
    seconds: float,
    timeout: float,
    on_progress: OnProgress | None = None,
) -> tuple[Verification, ...]:
    """Run a part of the job by each estimate's strategy and worker count, the plain loop always among them.

    The parts are as long as `seconds` allow for all of them together, the second round included, which is left out when
    the first took too long. `timeout` ends a run from which nothing is heard for so many seconds.
    """
    tell = on_progress or (lambda fraction, label: None)
    trials = _trials(estimates_to_try, job, profile, machine, seconds)
    ends = time.monotonic() + seconds
    for turn in range(ROUNDS):
        for index, trial in enumerate(trials):
            tell((turn + index / len(trials)) / ROUNDS, f"running a part of the job: {trial.label}")
            # Another run must fit in the time left, unless it is the first of its kind.
            if not trial.failure and (not trial.runs or time.monotonic() + trial.runs[0].seconds < ends):
                trial.run(target, inputs, timeout, coroutine=profile.coroutine)
    return tuple(trial.verification() for trial in trials)


@dataclass(frozen=True)
class Run:
    """What one run of a part did."""

    calls: int
    seconds: float


@dataclass
class Trial:
    """One way to run a part of the job: what is predicted for it, and the runs so far."""

    part: Estimate
    calls: int
    runs: list[Run] = field(default_factory=list)
    failure: str | None = None

    @property
    def label(self) -> str:
        from advisor.report import formatting

        return formatting.workers(self.part.strategy, self.part.workers)

    def run(self, target: str, inputs: str | None, timeout: float, *, coroutine: bool) -> None:
        """Run it once more; a failure ends this trial alone."""
        from advisor.target import sandbox

        request = {
            "target": target,
            "inputs": inputs,
            "coroutine": coroutine,
            "strategy": self.part.strategy,
            "workers": self.part.workers,
            "chunk": self.part.chunk,
            "calls": self.calls,
            "predicted": self.part.seconds.expected,
        }
        try:
            answer = sandbox.run("advisor.run.trial:run_part", request, timeout=timeout)
        except TargetError as error:
            self.failure = str(error)
            return
        self.failure = answer["failure"]
        if self.failure is None:
            self.runs.append(Run(answer["calls"], answer["seconds"]))

    def verification(self) -> Verification:
        """Predicted against measured; of runs that were cut off, for the calls that they got to."""
        calls = min((run.calls for run in self.runs), default=self.calls)
        work = self.part.seconds.expected - self.part.start_up
        return Verification(
            strategy=self.part.strategy,
            workers=self.part.workers,
            calls=calls,
            predicted=self.part.start_up + work * calls / self.calls,
            measured=0.0 if self.failure else median(run.seconds * calls / run.calls for run in self.runs),
            failure=self.failure,
        )


def _trials(estimates: Sequence[Estimate], job: Job, profile: Profile, machine: Machine, seconds: float) -> list[Trial]:
    """The ways to run it, each with as many calls as fit in its share of the time."""
    from advisor.predict.estimator import estimate

    loops = [one for one in estimate(profile, job, machine) if one.strategy == "sequential"]
    chosen = [*loops[:1], *(one for one in estimates if one.strategy != "sequential")]
    share = seconds / (ROUNDS * len(chosen))

    def trial(one: Estimate) -> Trial:
        calls = part_of(one, job, share)
        same = (
            part
            for part in estimate(profile, job.model_copy(update={"calls": calls}), machine)
            if (part.strategy, part.workers) == (one.strategy, one.workers)
        )
        return Trial(next(same, None) or _at_the_jobs_pace(one, job, calls), calls)

    return [trial(one) for one in chosen]


def part_of(estimate: Estimate, job: Job, share: float) -> int:
    """How many of the job's calls fit in `share` seconds; more, so that each worker has some, if calls are long."""
    per_call = max(1e-12, (estimate.seconds.expected - estimate.start_up) / job.calls)
    fitting = int((share - estimate.start_up) / per_call)
    enough = _CALLS_PER_WORKER * estimate.workers
    if estimate.start_up + enough * per_call > _TOO_LONG * share:
        enough = estimate.workers
    return max(1, min(max(fitting, enough), job.calls, _MOST_CALLS))


def _at_the_jobs_pace(estimate: Estimate, job: Job, calls: int) -> Estimate:
    """A part that the model would not give so many workers: as long as its share of the whole job."""
    part = calls / job.calls
    seconds = {
        name: estimate.start_up + max(0.0, whole - estimate.start_up) * part
        for name, whole in estimate.seconds.model_dump().items()
    }
    return estimate.model_copy(update={"seconds": Range(**seconds)})


# What follows runs in the child.


def run_part(request: dict[str, Any], send: Send) -> dict[str, Any]:
    """Do `calls` calls of the target by a strategy; the seconds include starting and ending the pool.

    Answers {'calls', 'seconds', 'failure'}: why it can't be done that way, or None.
    """
    from advisor.target.inputs import load_calls, repeat_inputs
    from advisor.target.loader import load

    send({"doing": "loading the target"})
    function = load(request["target"])
    calls = load_calls(request["inputs"])
    given = [(call.args, call.kwargs) for call in calls or ()]
    arguments = repeat_inputs(given or [((), {})], request["calls"])
    work = as_work(function, request["strategy"], arguments, coroutine=request["coroutine"])
    send({"doing": "a call"})
    try:
        done, seconds = _timed(work, request["workers"], request["chunk"], request["predicted"], send)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (whatever the target or the pool raises is the finding)
        return {"calls": 0, "seconds": 0.0, "failure": _text(error)}
    return {"calls": done, "seconds": seconds, "failure": None}


@dataclass(frozen=True)
class Work:
    """What to hand to an executor, and which one: a function and one argument for each of its calls."""

    strategy: Strategy
    function: Callable[..., Any]
    arguments: list[Any]


def as_work(function: Callable[..., Any], strategy: Strategy, calls: list[Arguments], *, coroutine: bool) -> Work:
    """The target as a user of that strategy would write it.

    A call with one positional argument gets that alone, else both kinds travel as one value. A coroutine function is
    awaited call by call on one event loop instead of in a plain loop, and gets a loop for each call in a pool.
    """
    if coroutine:
        if strategy == "sequential":
            strategy = "asyncio"  # with its single slot
        elif strategy != "asyncio":
            function = partial(run_coroutine, function)
    if all(len(args) == 1 and not kwargs for args, kwargs in calls):
        return Work(strategy, function, [args[0] for args, _ in calls])
    return Work(strategy, partial(call_with, function), calls)


def _timed(work: Work, workers: int, chunk: int, predicted: float, send: Send) -> tuple[int, float]:
    """How many calls were done in how many seconds: all of them, unless that takes far longer than predicted."""
    from advisor.run.executors import open_executor

    started = heard = time.perf_counter()
    last = started + max(_CUT_AFTER * predicted, _CUT_AFTER_LEAST)
    results: list[Any] = []  # kept, as a job keeps them
    block = 1
    with open_executor(work.strategy, workers) as pool:
        pending = iter(pool.map(work.function, work.arguments, chunksize=chunk))
        while finished := list(islice(pending, block)):
            results += finished
            now = time.perf_counter()
            if now - heard > _REPORT_EVERY:
                send({"fraction": len(results) / len(work.arguments)})
                heard = now
            else:
                block *= 2  # looking at the clock after every call would cost more than some calls
            if now > last and len(results) < len(work.arguments):
                pool.shutdown(wait=False, cancel_futures=True)
                return len(results), now - started
    return len(results), time.perf_counter() - started


def _text(error: BaseException) -> str:
    """One line: what it is called, and what it says."""
    lines = str(error).strip().splitlines()
    return type(error).__name__ + (f": {lines[0][:300]}" if lines else "")
