"""Survey a program: run it twice, judge its loops, and say which of them would make it faster."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from advisor.errors import UsageError
from advisor.host.machine import this_machine, with_cores
from advisor.models import Machine
from advisor.models.survey_report import SurveyReport
from advisor.survey.child import Streams
from advisor.survey.combined_patch import MOST_STAYS, NOT_WORTH_MOVING, with_code, with_note
from advisor.survey.conclusions import as_report
from advisor.survey.dependence import static_dependence
from advisor.survey.facts import FirstRun, LoopId, LoopObservation
from advisor.survey.first_run import first_run
from advisor.survey.loop_times import as_first_run
from advisor.survey.loops import enclosing, loops_of
from advisor.survey.program import Program
from advisor.survey.program_verdict import AT_TERMINAL, INPUT_LOST, ended_otherwise
from advisor.survey.recursion import deep_recursion
from advisor.survey.repeated_input import RepeatedInput
from advisor.survey.returned_values import returned_values
from advisor.survey.second_run import LoopToWatch, second_run
from advisor.survey.suitability import ASSUMED_ITERATIONS, JudgedLoop, suitability
from advisor.survey.terminal_input import reads_terminal
from advisor.survey.user_files import is_installed
from advisor.survey.user_modules import user_modules
from advisor.survey.verdict import dependence

MOST = 0.5  # of a loop's time, which no rewrite may leave in the loop
LEAST_SHARE = 0.05  # of the program's time, for a loop to be a candidate
WATCHED_LOOPS = 5
STANDARD_ERROR = 2
LONGEST_MESSAGE = 2_000  # bytes
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
        UsageError: There is no such script, module or package.
    """
    _check(question)
    folder = Path.cwd()
    machine = with_cores(this_machine(), question.cores)
    with RepeatedInput() as standard_input, deep_recursion():
        run = _first_run(question, standard_input, folder, on_progress)
        modules = user_modules(run.files, folder)
        loops = [
            LoopToWatch(each, static_dependence(modules[each.loop.id[0]], each.loop.id[0], each.loop, modules))
            for each in run.loops
            if each.seconds >= LEAST_SHARE * run.seconds and each.loop.id[0] in modules
        ]
        observations: tuple[LoopObservation, ...] = ()
        runs = 1
        if loops and not question.once and run.ending != "interrupted":
            if standard_input.is_lost:
                run = replace(run, notes=(*run.notes, INPUT_LOST))
            elif standard_input.is_terminal and reads_terminal(run.files, folder):
                run = replace(run, notes=(*run.notes, AT_TERMINAL))
            else:
                runs = 2
                run, observations = _second_run(question, standard_input, run, loops, folder, on_progress)
        judged = judge(loops, observations, run, machine, modules)
        return as_report(str(question.program), run, runs, judged, machine, folder, modules)


def _check(question: SurveyQuestion) -> None:
    try:
        question.program.find()
    except FileNotFoundError as error:
        raise UsageError(str(error)) from error
    if not question.program.is_module and b"\0" in _read(question.program.name):
        raise UsageError(f"{question.program.name} is not Python source")
    for package in question.packages:
        if not is_installed(package):
            raise UsageError(f"no package {package} is installed")


def _read(script: str) -> bytes:
    try:
        return Path(script).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {script}: {error.strerror}") from error


def _first_run(
    question: SurveyQuestion, standard_input: RepeatedInput, folder: Path, on_progress: OnProgress | None
) -> FirstRun:
    with standard_input.first() as descriptor:
        began = time.perf_counter()
        samples, status, ending = first_run(
            question.program,
            packages=question.packages,
            limit=question.limit,
            streams=Streams(descriptor, STANDARD_ERROR if question.output_to_errors else None),
            on_progress=_described(on_progress, "first run"),
        )
        seconds = time.perf_counter() - began
    run = as_first_run(samples, status, ending, loops_of=loops_of, enclosing=enclosing, folder=folder)
    return replace(run, run_seconds=(seconds,))


def _second_run(
    question: SurveyQuestion,
    standard_input: RepeatedInput,
    run: FirstRun,
    loops: Sequence[LoopToWatch],
    folder: Path,
    on_progress: OnProgress | None,
) -> tuple[FirstRun, tuple[LoopObservation, ...]]:
    """Run the program again without showing its output; return the first run with notes, and what was seen of loops.

    Nothing that was seen counts if the program ended otherwise than at first.
    """
    with _error_file() as errors:
        began = time.perf_counter()
        observations, status, ending = second_run(
            question.program,
            loops[:WATCHED_LOOPS],
            folder=folder,
            limit=question.limit,
            streams=Streams(standard_input.again(), subprocess.DEVNULL, errors),
            on_progress=_described(on_progress, "second run (its output is not shown)"),
        )
        run = replace(run, run_seconds=(*run.run_seconds, time.perf_counter() - began))
        if ending == "interrupted":
            return replace(run, ending=ending), observations
        if ending == "stopped" or (status, ending) == (run.exit_status, run.ending):
            return run, observations
        note = ended_otherwise(run, status, _last_line(errors))
        return replace(run, notes=(*run.notes, note)), ()


def _error_file() -> IO[bytes]:
    """Return a file for what the second run writes to standard error; the null device where no file can be made."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return Path(os.devnull).open("r+b")


def _last_line(errors: IO[bytes]) -> str:
    """Return the last line of what the program wrote to standard error, such as the message of an exception."""
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - LONGEST_MESSAGE))
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else ""


def judge(
    loops: Sequence[LoopToWatch],
    observations: Sequence[LoopObservation],
    run: FirstRun,
    machine: Machine,
    modules: Mapping[str, str],
) -> list[JudgedLoop]:
    """Return the verdict on each loop; one that makes a single iteration is none."""
    seen = {each.id: each for each in observations}
    judged = []
    for each in loops:
        observation = seen.get(each.loop.id)
        if observation is not None and observation.iterations <= observation.executions:
            continue
        verdict = dependence(each.static, observation)
        gain = suitability(each.time, each.static, observation, verdict, run, machine)
        loop = with_code(JudgedLoop(each.time, each.static, observation, verdict, gain), modules)
        judged.append(_as_rewritten(loop, seen, run, machine))
    return judged


def _as_rewritten(
    judged: JudgedLoop, seen: Mapping[LoopId, LoopObservation], run: FirstRun, machine: Machine
) -> JudgedLoop:
    """Return the verdict on a loop with what its rewrite leaves in the loop, and returns for loops within it."""
    if judged.code is None:
        return judged
    kept = judged.time.share_of(judged.code.kept_lines)
    if kept > MOST:
        return replace(judged, dependence=with_note(judged.dependence, MOST_STAYS, judged.time.loop), code=None)
    if not (judged.code.inner_values or judged.code.header_moves or kept):
        return judged
    times = {each.loop.id: each for each in run.loops}
    iterations = judged.observation.iterations if judged.observation else ASSUMED_ITERATIONS
    returned = returned_values(judged.code.inner_values, iterations, seen, times)
    gain = suitability(
        judged.time,
        judged.static,
        judged.observation,
        judged.dependence,
        run,
        machine,
        returned,
        header_moves=judged.code.header_moves,
        kept=kept,
    )
    if gain.strategy != "sequential":
        return replace(judged, suitability=gain)
    dependence = with_note(judged.dependence, NOT_WORTH_MOVING, judged.time.loop)
    return replace(judged, suitability=gain, dependence=dependence, code=None)


def _described(on_progress: OnProgress | None, run: str) -> Callable[[float], None] | None:
    return None if on_progress is None else lambda seconds: on_progress(seconds, run)
