"""Run a part of the job under several strategies with real executors, and compare their times and results.

Every run has its own process, as fresh as a user's script; a failure there is a result, not an error. The
strategies alternate, so that a host that becomes slower meanwhile slows all of them; where two runs of one differ much,
it is run once more. Results are compared with those of the plain loop, which runs twice to tell what varies by itself.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from advisor.errors import TargetError
from advisor.models import Estimate, Job, Machine, Profile, Range, Results, StartMethod, Strategy, Verification
from advisor.models.strategies import OWN_GIL
from advisor.predict.estimator import estimate
from advisor.predict.shared_resources import remedied
from advisor.report import formatting
from advisor.run import reference_results
from advisor.run.equality import Comparison, is_within
from advisor.run.executors import open_executor
from advisor.run.worker import await_or_report, call_named, call_or_report, call_with, load_named, run_coroutine
from advisor.target import sandbox_supervisor
from advisor.target.failures import first_line
from advisor.target.inputs import load_calls, repeat_inputs

Send = Callable[[dict[str, Any]], None]
OnProgress = Callable[[float, str], None]
Arguments = tuple[tuple[Any, ...], dict[str, Any]]

ROUNDS = 2
_CALLS_PER_WORKER = 2  # with fewer, the last calls of a run decide how long it takes
_MAX_OVERRUN = 4.0  # a part may take this many times its share of the time, to give each worker that many calls
_CALLS_TO_SCALE = 3  # of each worker: fewer calls, the first among them, do not tell how long the others are
_MAX_CALLS = 10**6  # their arguments are in a list
_CUT_OFF = 5.0  # a run is cut off after this many times the predicted seconds, and at least ...
_MIN_CUT_OFF = 2.0  # ... this many seconds
_REPORT_EVERY = 0.25  # seconds between two messages from a run
_DISTURBED = 1.5  # a run that took this many times another, or as predicted, may have been disturbed by the host


@dataclass(frozen=True)
class TrialJob:
    """The job to try.

    Attributes:
        target: Specification of the function, as on the command line.
        inputs: File of the inputs, or None.
        profile: Of the function.
        job: The whole job, of which a part is run.
        machine: The host that runs it.
        star: Spread tuples, lists and dictionaries among the inputs.
    """

    target: str
    inputs: str | None
    profile: Profile
    job: Job
    machine: Machine
    star: bool = False


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
        seconds: For all runs together. A second round, but for the plain loop, is left out if the first took too long.
        timeout: Seconds without a message after which a run is ended.
        on_progress: Called with the fraction done and a label.

    Returns:
        The predicted and the measured seconds of each way and how its results compare, the plain loop first.
    """
    report = on_progress or (lambda fraction, label: None)
    trials = _plan_trials(subject, candidates, seconds)
    loop, deadline = trials[0], time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="advisor-") as folder:
        run = partial(Trial.run, subject=subject, timeout=timeout, reference=Path(folder, "results"))
        for turn in range(ROUNDS):
            for index, trial in enumerate(trials):
                report((turn + index / len(trials)) / ROUNDS, f"running a part of the job: {trial.label}")
                fits = not trial.runs or time.monotonic() + trial.runs[0].seconds < deadline
                # What differs between two runs of the loop varies by itself.
                if (fits or trial is loop) and not trial.failure:
                    run(trial)
        for trial in trials:
            if trial.may_be_disturbed and time.monotonic() + trial.runs[0].seconds < deadline + seconds:
                report(1.0, f"running a part of the job again: {trial.label}")
                run(trial)
    return tuple(trial.verification(loop) for trial in trials)


@dataclass(frozen=True)
class TrialRun:
    """The calls and seconds of one run; `too_few` if it was cut off after too few calls for a mean."""

    calls: int
    seconds: float
    too_few: bool = False


@dataclass
class Trial:
    """One way to run a part of the job: the prediction for it, the runs so far, and what differed in their results.

    `compared`, `differing` and `uncomparable` name parts of a result, as `equality.Comparison` does.
    """

    part: Estimate
    calls: int
    runs: list[TrialRun] = field(default_factory=list)
    failure: str | None = None
    compared: set[str] = field(default_factory=set)
    differing: dict[str, str] = field(default_factory=dict)
    uncomparable: set[str] = field(default_factory=set)

    @property
    def label(self) -> str:
        return formatting.workers(self.part.strategy, self.part.workers)

    @property
    def may_be_disturbed(self) -> bool:
        """Return True if the trial has not failed, and its runs, or its only run and the prediction, differ much."""
        if self.failure is not None or not self.runs:
            return False
        per_call = [run.seconds / run.calls for run in self.runs]
        if len(per_call) == 1:
            per_call.append(self.part.seconds.expected / self.calls)
        return max(per_call) > _DISTURBED * min(per_call)

    def run(self, subject: TrialJob, timeout: float, reference: Path) -> None:
        """Run the part once more; a failure ends this trial only.

        Args:
            subject: The job.
            timeout: Seconds without a message after which the run is ended.
            reference: File of the plain loop's results: written by its first run, compared with by all others.
        """
        machine = subject.machine.started_by(self.part.start_method)
        request = {
            "target": subject.target,
            "inputs": subject.inputs,
            "star": subject.star,
            "fails": subject.profile.failed_inputs is not None,
            "coroutine": subject.profile.coroutine,
            "by_name": subject.profile.is_called_by_name,
            "strategy": self.part.strategy,
            "workers": self.part.workers,
            "start_method": self.part.start_method,
            "replaced": [
                (touch.module, touch.name, touch.made_by)
                for touch in remedied(self.part.strategy, subject.profile, machine)
            ],
            "chunk": self.part.chunk,
            "calls": self.calls,
            "predicted": self.part.seconds.expected,
            "reference": str(reference),
        }
        try:
            answer = sandbox_supervisor.run("advisor.run.trial:run_part", request, timeout=timeout)
        except TargetError as error:
            self.failure = str(error)
            return
        self.failure = answer["failure"]
        if self.failure is not None:
            return
        self.runs.append(TrialRun(answer["calls"], answer["seconds"], answer["too_few"]))
        self.compared.update(answer["compared"])
        self.differing |= answer["differing"]
        self.uncomparable.update(answer["uncomparable"])

    def verification(self, loop: Trial) -> Verification:
        """Compare prediction and measurement, and the results with those of the plain loop.

        The figures of runs that were cut off are for the calls that were done; if those are too few, for all calls and
        the seconds until then, which is a lower bound.
        """
        runs = [run for run in self.runs if not run.too_few]
        cut_off = not runs and bool(self.runs)
        calls = min((run.calls for run in runs), default=self.calls)
        work = self.part.seconds.expected - self.part.start_up
        results, difference = self._results(loop)
        return Verification(
            strategy=self.part.strategy,
            workers=self.part.workers,
            calls=calls,
            predicted=self.part.start_up + work * calls / self.calls,
            measured=0.0 if self.failure else _seconds(runs, calls) if runs else min(run.seconds for run in self.runs),
            failure=self.failure,
            results=results,
            difference=difference,
            cut_off=cut_off and not self.failure,
        )

    def _results(self, loop: Trial) -> tuple[Results | None, str | None]:
        """Compare the results, except for what varies in the plain loop itself; return an example that differs, too."""
        if self.failure is not None or loop.failure is not None or (self is loop and len(self.runs) < ROUNDS):
            return None, None
        varying = set(loop.differing)
        if self is not loop:
            for part, example in self.differing.items():
                if not is_within(part, varying):
                    return "different", example
        compared = {part for part in self.compared if not is_within(part, varying)}
        return ("not comparable" if self.uncomparable or not compared else "equal"), None


def _seconds(runs: Sequence[TrialRun], calls: int) -> float:
    """Return the median of the runs for so many calls; of two very different runs, the shorter one."""
    seconds = sorted(run.seconds * calls / run.calls for run in runs)
    return seconds[0] if len(seconds) == 2 and seconds[1] > _DISTURBED * seconds[0] else median(seconds)


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

    Returns {'failure'}, why the strategy cannot be used, or None; else 'calls', 'seconds', 'too_few' and the parts of
    results that were 'compared' with the `reference`, 'differing' or 'uncomparable'.
    """
    send({"doing": "loading the target"})
    function = load_named(request["target"])
    if request["by_name"] and request["strategy"] in OWN_GIL:
        function = partial(call_named, request["target"])
    if request["fails"]:
        function = partial(await_or_report if request["coroutine"] else call_or_report, function)
    calls = load_calls(request["inputs"], star=request["star"])
    inputs = [(call.args, call.kwargs) for call in calls or ()]
    arguments = repeat_inputs(inputs or [((), {})], request["calls"])
    work = prepare_work(function, request["strategy"], arguments, coroutine=request["coroutine"])
    work = replace(work, start_method=request["start_method"])
    if request["replaced"]:
        work = _replace_shared(work, request["replaced"])
    send({"doing": "a call"})
    try:
        results, seconds = _run_timed(work, request["workers"], request["chunk"], request["predicted"], send)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (any exception of the target or the pool is a result of the trial)
        return {"failure": _describe(error)}
    too_few = len(results) < min(_CALLS_TO_SCALE * request["workers"], request["calls"])
    send({"doing": "comparing the results"})
    found = _compare_results(results, request["strategy"], Path(request["reference"]))
    return {"calls": len(results), "seconds": seconds, "too_few": too_few, "failure": None, **found}


def _compare_results(results: list[Any], strategy: Strategy, reference: Path) -> dict[str, Any]:
    """Write the reference if this is the plain loop's first run, else compare with it, if there is one."""
    comparison = Comparison()
    if reference.exists():
        comparison = reference_results.compare(results, reference)
    elif strategy == "sequential":
        with suppress(OSError):  # the disk is full: fewer results are compared, or none
            reference_results.write(results, reference)
    return {
        "compared": sorted(comparison.parts),
        "differing": comparison.differing,
        "uncomparable": sorted(comparison.uncomparable),
    }


@dataclass(frozen=True)
class Work:
    """A function for an executor, and one argument for each of its calls."""

    strategy: Strategy
    function: Callable[..., Any]
    arguments: list[Any]
    start_method: StartMethod | None = None  # of worker processes; None is the host's own
    receive: Callable[[Any], Any] | None = None  # called in this process with what a worker returns, for the result


def _replace_shared(work: Work, replaced: list[tuple[str, str, str]]) -> Work:
    """Replace what calls share, as the code of the advice does."""
    from advisor.run import remedies  # executes the text that scripts contain

    if work.strategy == "threading":
        remedies.make_per_thread(replaced)
        return work
    names = tuple((module, name) for module, name, _ in replaced)
    return replace(work, function=partial(remedies.call_and_note, names, work.function), receive=remedies.write_notes)


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


def _run_timed(work: Work, workers: int, chunk: int, predicted: float, send: Send) -> tuple[list[Any], float]:
    """Return the results and the seconds: of all calls, unless that takes far longer than predicted."""
    started = reported = time.perf_counter()
    deadline = started + max(_CUT_OFF * predicted, _MIN_CUT_OFF)
    results: list[Any] = []  # kept, as a job keeps them
    block = 1
    with open_executor(work.strategy, workers, work.start_method) as pool:
        returned = pool.map(work.function, work.arguments, chunksize=chunk)
        pending = returned if work.receive is None else map(work.receive, returned)
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
                return results, now - started
    return results, time.perf_counter() - started


def _describe(error: BaseException) -> str:
    """Return the type and the first line of an error."""
    text = first_line(error)
    return type(error).__name__ + (f": {text}" if text else "")
