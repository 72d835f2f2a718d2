"""Run a part of the job under several strategies, with real executors, and compare with the prediction for that part.

Every run has a process of its own, as fresh as a user's script; a failure there is a result, not an error. The
strategies alternate, so that a host that becomes slower meanwhile slows all of them.
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
from advisor.predict.estimator import estimate
from advisor.report import formatting
from advisor.run.executors import open_executor
from advisor.run.worker import call_with, run_coroutine
from advisor.target import sandbox_supervisor
from advisor.target.inputs import load_calls, repeat_inputs
from advisor.target.loader import load

Send = Callable[[dict[str, Any]], None]
OnProgress = Callable[[float, str], None]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]

ROUNDS = 2
_CALLS_PER_WORKER = 2  # with fewer, the last calls of a run decide how long it takes
_MAX_OVERRUN = 4.0  # a part may take this many times its share of the time, to give each worker that many calls
_MAX_CALLS = 10**6  # their arguments are in a list
_CUT_OFF = 5.0  # a run is cut off after this many times the predicted seconds, and at least ...
_MIN_CUT_OFF = 2.0  # ... this many seconds
_REPORT_EVERY = 0.25  # seconds between two messages from a run


@dataclass(frozen=True)
class TrialJob:
    """The job that is tried.

    Attributes:
        target: Specification of the function, as on the command line.
        inputs: File of the inputs, or None.
        profile: Of the function.
        job: The whole job, of which a part is run.
        machine: The host that runs it.
    """

    target: str
    inputs: str | None
    profile: Profile
    job: Job
    machine: Machine


def run_trials(
    subject: TrialJob,
    candidates: Sequence[Estimate],
    *,
    seconds: float,
    timeout: float,
    on_progress: OnProgress | None = None,
) -> tuple[Verification, ...]:
    """Run a part of the job by each candidate's strategy and worker count, and as a plain loop.

    Args:
        subject: The job.
        candidates: The ways to run it.
        seconds: For all runs together. A second round is left out if the first took too long.
        timeout: Seconds without a message after which a run is ended.
        on_progress: Called with the fraction done and a label.

    Returns:
        The predicted and the measured seconds of each way, the plain loop first.
    """
    report = on_progress or (lambda fraction, label: None)
    trials = _plan_trials(subject, candidates, seconds)
    deadline = time.monotonic() + seconds
    for turn in range(ROUNDS):
        for index, trial in enumerate(trials):
            report((turn + index / len(trials)) / ROUNDS, f"running a part of the job: {trial.label}")
            fits = not trial.runs or time.monotonic() + trial.runs[0].seconds < deadline
            if fits and not trial.failure:
                trial.run(subject, timeout)
    return tuple(trial.verification() for trial in trials)


@dataclass(frozen=True)
class TrialRun:
    """The calls and seconds of one run."""

    calls: int
    seconds: float


@dataclass
class Trial:
    """One way to run a part of the job: the prediction for it, and the runs so far."""

    part: Estimate
    calls: int
    runs: list[TrialRun] = field(default_factory=list)
    failure: str | None = None

    @property
    def label(self) -> str:
        return formatting.workers(self.part.strategy, self.part.workers)

    def run(self, subject: TrialJob, timeout: float) -> None:
        """Run the part once more; a failure ends this trial only."""
        request = {
            "target": subject.target,
            "inputs": subject.inputs,
            "coroutine": subject.profile.coroutine,
            "strategy": self.part.strategy,
            "workers": self.part.workers,
            "chunk": self.part.chunk,
            "calls": self.calls,
            "predicted": self.part.seconds.expected,
        }
        try:
            answer = sandbox_supervisor.run("advisor.run.trial:run_part", request, timeout=timeout)
        except TargetError as error:
            self.failure = str(error)
            return
        self.failure = answer["failure"]
        if self.failure is None:
            self.runs.append(TrialRun(answer["calls"], answer["seconds"]))

    def verification(self) -> Verification:
        """Compare prediction and measurement; of runs that were cut off, for the calls that were done."""
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


def _plan_trials(subject: TrialJob, candidates: Sequence[Estimate], seconds: float) -> list[Trial]:
    """Give each way as many calls as fit into its share of the time; the plain loop comes first."""
    estimates = estimate(subject.profile, subject.job, subject.machine)
    loop = next(each for each in estimates if each.strategy == "sequential")
    ways = [loop, *(each for each in candidates if each.strategy != "sequential")]
    share = seconds / (ROUNDS * len(ways))
    return [_plan_trial(subject, way, part_size(way, subject.job, share)) for way in ways]


def _plan_trial(subject: TrialJob, way: Estimate, calls: int) -> Trial:
    job = subject.job.model_copy(update={"calls": calls})
    for part in estimate(subject.profile, job, subject.machine):
        if (part.strategy, part.workers) == (way.strategy, way.workers):
            return Trial(part, calls)
    return Trial(_scaled(way, subject.job, calls), calls)


def part_size(way: Estimate, job: Job, seconds: float) -> int:
    """Return how many calls of the job fit into these seconds, or more if a worker would have too few."""
    per_call = max(1e-12, (way.seconds.expected - way.start_up) / job.calls)
    fitting = int((seconds - way.start_up) / per_call)
    smallest = _CALLS_PER_WORKER * way.workers
    if way.start_up + smallest * per_call > _MAX_OVERRUN * seconds:
        smallest = way.workers
    return max(1, min(max(fitting, smallest), job.calls, _MAX_CALLS))


def _scaled(way: Estimate, job: Job, calls: int) -> Estimate:
    """Scale the estimate of the job to a part, for which the model would not consider so many workers."""
    fraction = calls / job.calls
    seconds = {
        name: way.start_up + max(0.0, whole - way.start_up) * fraction
        for name, whole in way.seconds.model_dump().items()
    }
    return way.model_copy(update={"seconds": Range(**seconds)})


# The functions below run in the child process.


def run_part(request: dict[str, Any], send: Send) -> dict[str, Any]:
    """Call the target `calls` times by a strategy; the seconds include starting and ending the pool.

    Returns {'calls', 'seconds', 'failure'}; `failure` is why the strategy cannot be used, or None.
    """
    send({"doing": "loading the target"})
    function = load(request["target"])
    calls = load_calls(request["inputs"])
    inputs = [(call.args, call.kwargs) for call in calls or ()]
    arguments = repeat_inputs(inputs or [((), {})], request["calls"])
    work = prepare_work(function, request["strategy"], arguments, coroutine=request["coroutine"])
    send({"doing": "a call"})
    try:
        done, seconds = _run_timed(work, request["workers"], request["chunk"], request["predicted"], send)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (any exception of the target or the pool is a result of the trial)
        return {"calls": 0, "seconds": 0.0, "failure": _describe(error)}
    return {"calls": done, "seconds": seconds, "failure": None}


@dataclass(frozen=True)
class Work:
    """A function for an executor, and one argument for each of its calls."""

    strategy: Strategy
    function: Callable[..., Any]
    arguments: list[Any]


def prepare_work(function: Callable[..., Any], strategy: Strategy, calls: list[Arguments], *, coroutine: bool) -> Work:
    """Wrap the target as a user of that strategy would.

    A single positional argument is passed as it is; other arguments travel as one value. A coroutine function is
    awaited call by call on one event loop instead of a plain loop, and gets a loop for each call in a pool.
    """
    if coroutine:
        if strategy == "sequential":
            strategy = "asyncio"  # with a single slot
        elif strategy != "asyncio":
            function = partial(run_coroutine, function)
    if all(len(args) == 1 and not kwargs for args, kwargs in calls):
        return Work(strategy, function, [args[0] for args, _ in calls])
    return Work(strategy, partial(call_with, function), calls)


def _run_timed(work: Work, workers: int, chunk: int, predicted: float, send: Send) -> tuple[int, float]:
    """Return the calls done and their seconds: all of them, unless that takes far longer than predicted."""
    started = reported = time.perf_counter()
    deadline = started + max(_CUT_OFF * predicted, _MIN_CUT_OFF)
    results: list[Any] = []  # kept, as a job keeps them
    block = 1
    with open_executor(work.strategy, workers) as pool:
        pending = iter(pool.map(work.function, work.arguments, chunksize=chunk))
        while finished := list(islice(pending, block)):
            results += finished
            now = time.perf_counter()
            if now - reported > _REPORT_EVERY:
                send({"fraction": len(results) / len(work.arguments)})
                reported = now
            else:
                block *= 2  # reading the clock after every call would cost more than some calls
            if now > deadline and len(results) < len(work.arguments):
                pool.shutdown(wait=False, cancel_futures=True)
                return len(results), now - started
    return len(results), time.perf_counter() - started


def _describe(error: BaseException) -> str:
    """Return the type and the first line of an error."""
    lines = str(error).strip().splitlines()
    return type(error).__name__ + (f": {lines[0][:300]}" if lines else "")
