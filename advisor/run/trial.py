"""Run a part of the job under several strategies with real executors, and compare their times and results.

Every run has its own process, as fresh as a user's script; a failure there is a result, not an error. The
strategies alternate, so that a host that becomes slower meanwhile slows all of them; where two runs of one differ much,
it is run once more. Results are compared with those of the plain loop, which runs twice to find out
what varies by itself, and more often if the results of another strategy differ.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from advisor.errors import TargetError
from advisor.models import Estimate, FailedInputs, Job, Machine, Profile, Range, Results, Verification
from advisor.predict.estimator import estimate
from advisor.predict.shared_resources import remedied
from advisor.report import formatting
from advisor.run.equality import is_within
from advisor.target import sandbox_supervisor

OnProgress = Callable[[float, str], None]

ROUNDS = 2
_MORE_ROUNDS = 3  # of the plain loop, before differing results count against a strategy
_CALLS_PER_WORKER = 2  # with fewer, the last calls of a run decide how long it takes
_MAX_OVERRUN = 4.0  # a part may take this many times its share of the time, to give each worker that many calls
_MAX_CALLS = 10**6  # their arguments are in a list
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
        for _ in range(_MORE_ROUNDS):
            if not any(trial.is_different(loop) for trial in trials[1:]) or time.monotonic() > deadline + seconds:
                break
            report(1.0, f"running a part of the job again: {loop.label}")
            again = Trial(loop.part, loop.calls, failed_inputs=loop.failed_inputs)
            run(again)
            loop.differing |= again.differing
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

    `failed_inputs` also raise in the plain loop, and do not count against the strategy. `compared`, `differing` and
    `uncomparable` name parts of a result, as `equality.Comparison` does.
    """

    part: Estimate
    calls: int
    runs: list[TrialRun] = field(default_factory=list)
    failure: str | None = None
    failed_inputs: FailedInputs | None = None
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
            "report": (subject.profile.failed_inputs or self.failed_inputs) is not None,
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
        answer = _ask("run_part", request, timeout)
        if answer.get("exception") and not request["report"]:
            answer = self._run_with_reports(request, timeout) or answer
        self.failure = answer["failure"]
        if self.failure is not None:
            return
        self.runs.append(TrialRun(answer["calls"], answer["seconds"], answer["too_few"]))
        self.compared.update(answer["compared"])
        self.differing |= answer["differing"]
        self.uncomparable.update(answer["uncomparable"])

    def _run_with_reports(self, request: dict[str, Any], timeout: float) -> dict[str, Any] | None:
        """Run the part with exceptions as results; return None unless few calls raise, also in a plain loop."""
        answer = _ask("run_part", request | {"report": True}, timeout)
        if answer["failure"] or not answer["failed"] or 2 * len(answer["failed"]) > answer["calls"]:
            return None
        alone = _ask("repeat_failed", request | {"failed": answer["failed"]}, timeout)
        if alone["inputs"] is None:
            return None
        self.failed_inputs = FailedInputs(**alone["inputs"])
        return answer

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
            failed_inputs=self.failed_inputs,
            cut_off=cut_off and not self.failure,
        )

    def is_different(self, loop: Trial) -> bool:
        """Return True if a part of the results differs and does not vary between runs of the plain loop."""
        return self._results(loop)[0] == "different"

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


def _ask(function: str, request: dict[str, Any], timeout: float) -> dict[str, Any]:
    """Call a function of the child process; if the process does not answer, return why as the 'failure'."""
    try:
        return sandbox_supervisor.run(f"advisor.run.trial_child:{function}", request, timeout=timeout)
    except TargetError as error:
        return {"failure": str(error), "inputs": None}


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
