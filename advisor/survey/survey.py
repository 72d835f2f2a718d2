"""Survey a program: run it twice, judge its loops, and say which of them would make it faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from advisor.errors import UsageError
from advisor.host.machine import this_machine, with_cores
from advisor.models import Machine
from advisor.models.survey_report import SurveyReport
from advisor.survey.conclusions import JudgedLoop, as_report
from advisor.survey.dependence import static_dependence
from advisor.survey.facts import FirstRun, Loop, LoopObservation, StaticDependence
from advisor.survey.first_run import first_run
from advisor.survey.loop_times import as_first_run, decoded
from advisor.survey.loops import enclosing, loops_of
from advisor.survey.program import Program
from advisor.survey.second_run import LoopToWatch, second_run
from advisor.survey.suitability import suitability
from advisor.survey.verdict import dependence

LEAST_SHARE = 0.05  # of the program's time, for a loop to be a candidate
WATCHED_LOOPS = 5
OnProgress = Callable[[float, str], None]  # seconds of the run that is going on, and which it is


@dataclass(frozen=True)
class SurveyQuestion:
    """The program to survey, and how.

    Attributes:
        program: A script or a module, with its arguments.
        packages: Installed packages whose loops count as the user's.
        once: Skip the second run.
        cores: Plan for a host with so many cores instead of this one.
        limit: Seconds after which a run is stopped; None lets the program run to its end.
        output_to_errors: What the program prints goes to standard error.
    """

    program: Program
    packages: tuple[str, ...] = ()
    once: bool = False
    cores: int | None = None
    limit: float | None = None
    output_to_errors: bool = False


def survey(question: SurveyQuestion, on_progress: OnProgress | None = None) -> SurveyReport:
    """Survey a program.

    Args:
        question: The program, and how to survey it.
        on_progress: Called with the seconds of the run that is going on and its description.

    Raises:
        UsageError: There is no such script or module.
    """
    program, folder = question.program, Path.cwd()
    try:
        program.find()
    except FileNotFoundError as error:
        raise UsageError(str(error)) from error
    machine = with_cores(this_machine(), question.cores)
    samples, status, ending = first_run(
        program,
        packages=question.packages,
        limit=question.limit,
        output_to_errors=question.output_to_errors,
        on_progress=_described(on_progress, "first run"),
    )
    run = as_first_run(samples, status, ending, loops_of=loops_of, enclosing=enclosing, folder=folder)
    loops = [
        LoopToWatch(each, _static(each.loop, folder)) for each in run.loops if each.seconds >= LEAST_SHARE * run.seconds
    ]
    observations: tuple[LoopObservation, ...] = ()
    runs = 1
    if loops and not question.once and ending != "interrupted":
        runs = 2
        observations, second_ending = second_run(
            program,
            loops[:WATCHED_LOOPS],
            folder=folder,
            limit=question.limit,
            output_to_errors=question.output_to_errors,
            on_progress=_described(on_progress, "second run"),
        )
        run = replace(run, ending="interrupted" if second_ending == "interrupted" else run.ending)
    judged = judge(loops, observations, run, machine)
    return as_report(str(program), run, runs, judged, machine, folder)


def judge(
    loops: Sequence[LoopToWatch], observations: Sequence[LoopObservation], run: FirstRun, machine: Machine
) -> list[JudgedLoop]:
    """Return the verdict on each loop; one that makes a single iteration is none."""
    seen = {each.id: each for each in observations}
    judged = []
    for each in loops:
        observation = seen.get(each.loop.id)
        if observation is not None and observation.iterations <= observation.executions:
            continue
        verdict = dependence(each.static, observation)
        gain = suitability(each.time, observation, verdict, run, machine)
        judged.append(JudgedLoop(each.time, each.static, observation, verdict, gain))
    return judged


def _static(loop: Loop, folder: Path) -> StaticDependence:
    file = loop.id[0]
    return static_dependence(decoded(folder / file), file, loop)


def _described(on_progress: OnProgress | None, run: str) -> Callable[[float], None] | None:
    return None if on_progress is None else lambda seconds: on_progress(seconds, run)
