"""Put the verdicts on the loops of a program together: what to change, what it brings, and what else helps."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from advisor.models import Machine
from advisor.models.survey_report import Candidate, HotLine, LoopPlace, SurveyReport
from advisor.report import formatting
from advisor.survey.alternatives import instead
from advisor.survey.extraction import rewrite
from advisor.survey.facts import Dependence, FirstRun, LoopId, LoopObservation, LoopTime, StaticDependence
from advisor.survey.loop_times import decoded
from advisor.survey.suitability import WORTH_CHANGING, Suitability, amdahl

MAX_CODE_LINES = 60
SHORT_RUN = 0.2  # seconds of a program that leave too few samples
BUSY = 0.6  # of the cores, from which a program is parallel already
SEVERAL = 1.3  # cores or threads at work on average
SERIAL: tuple[str, ...] = ("carried", "unknown")


@dataclass(frozen=True)
class JudgedLoop:
    """A loop with everything that is known of it."""

    time: LoopTime
    static: StaticDependence
    observation: LoopObservation | None
    dependence: Dependence
    suitability: Suitability


def as_report(
    program: str, run: FirstRun, runs: int, judged: Sequence[JudgedLoop], machine: Machine, folder: Path
) -> SurveyReport:
    """Return the report of a survey."""
    ordered = sorted(judged, key=_rank)
    together = _together(run, ordered)
    return SurveyReport(
        program=program,
        seconds=run.seconds,
        ending=run.ending,
        exit_status=run.exit_status,
        runs=runs,
        summary=_summary(run, ordered, together, machine),
        candidates=tuple(_candidate(each, run, ordered, folder) for each in ordered),
        together=together,
        notes=_notes(run, machine),
        instead=instead(ordered),
        hot_lines=tuple(
            HotLine(file=file, line=line, source=_source_line(folder / file, line), share=min(1.0, share))
            for file, line, share in run.lines
        ),
        cpu_seconds=run.cpu_seconds,
        machine=machine,
    )


def _rank(judged: JudgedLoop) -> tuple[float, int, float]:
    """Return a key that puts the largest gain first, and the outermost loop before those within it."""
    gain = judged.suitability.program_speedup.expected
    return (-round(gain, 2), len(judged.time.callers), -judged.time.seconds)


def _together(run: FirstRun, ordered: Sequence[JudgedLoop]) -> float | None:
    """Return the speed-up of the program with all loops changed that pay and do not overlap; None for fewer than two."""
    chosen: list[JudgedLoop] = []
    for each in ordered:
        if each.suitability.program_speedup.expected >= WORTH_CHANGING and not any(
            _overlap(each, one) for one in chosen
        ):
            chosen.append(each)
    if len(chosen) < 2:
        return None
    return amdahl(run.seconds, [(each.time.seconds, each.suitability.speedup.expected) for each in chosen])


def _overlap(one: JudgedLoop, other: JudgedLoop) -> bool:
    return one.time.loop.id in other.time.callers or other.time.loop.id in one.time.callers


def _candidate(judged: JudgedLoop, run: FirstRun, ordered: Sequence[JudgedLoop], folder: Path) -> Candidate:
    loop, observation, gain = judged.time.loop, judged.observation, judged.suitability
    file, line, _ = loop.id
    profile = None if observation is None else observation.profile
    code = None
    if gain.strategy != "sequential":
        code = rewrite(
            decoded(folder / file),
            file,
            loop,
            judged.dependence,
            form="map",
            strategy=gain.strategy,
            workers=gain.workers,
        )
    return Candidate(
        loop=LoopPlace(
            file=file, line=line, last_line=loop.last_line, function=loop.function, source=loop.source, kind=loop.kind
        ),
        iterations=None if observation is None else observation.iterations,
        executions=None if observation is None else observation.executions,
        seconds=judged.time.seconds,
        share=min(1.0, judged.time.seconds / run.seconds),
        spread=None if profile is None else profile.spread,
        independence=judged.dependence.independence,
        why=judged.dependence.why,
        code=_code(folder / file, line, loop.last_line),
        obstacles=judged.dependence.obstacles,
        recommendation=gain.strategy,
        workers=gain.workers,
        speedup=gain.speedup.expected,
        speedup_range=gain.speedup,
        program_speedup=gain.program_speedup.expected,
        program_speedup_range=gain.program_speedup,
        snippet="" if code is None else code.snippet,
        patch="" if code is None else code.patch,
        profile=profile,
        inside=_inside(judged, ordered),
    )


def _inside(judged: JudgedLoop, ordered: Sequence[JudgedLoop]) -> int | None:
    """Return the index of the innermost candidate around a loop."""
    indices: dict[LoopId, int] = {each.time.loop.id: index for index, each in enumerate(ordered)}
    around = [indices[each] for each in judged.time.callers if each in indices]
    return around[-1] if around else None


def _summary(run: FirstRun, ordered: Sequence[JudgedLoop], together: float | None, machine: Machine) -> str:
    """Return the verdict in one or two sentences."""
    if run.seconds < SHORT_RUN:
        return f"The program ran for {formatting.duration(run.seconds)}, too short for a survey."
    if not ordered:
        return "No loop takes 5 % of the program's time: no loop is worth changing."
    best = ordered[0]
    if best.suitability.program_speedup.expected < WORTH_CHANGING:
        return _nothing_to_gain(run, ordered, machine)
    gain = best.suitability
    pool = formatting.workers(gain.strategy, gain.workers)
    after = run.seconds / gain.program_speedup.expected
    text = (
        f"Run the iterations of the loop at {_place(best)} in {pool}: the program takes about "
        f"{formatting.duration(after)} instead of {formatting.duration(run.seconds)} "
        f"({formatting.times(gain.program_speedup.expected)})."
    )
    if together is not None:
        text += f" With the other loops that pay, {formatting.times(together)}."
    return text


def _nothing_to_gain(run: FirstRun, ordered: Sequence[JudgedLoop], machine: Machine) -> str:
    serial = [each for each in ordered if each.dependence.independence in SERIAL]
    if _is_parallel(run, machine):
        return "The program is parallel already: no loop is worth changing."
    if not serial:
        return "No loop is worth changing: starting workers and sending them data would cost what they gain."
    largest = max(serial, key=lambda each: each.time.seconds)
    share = min(1.0, largest.time.seconds / run.seconds)
    kind = "carried" if largest.dependence.independence == "carried" else "possibly carried"
    text = (
        f"No loop is worth changing: {formatting.percent(share)} of the time is in one {kind} loop ({_place(largest)})"
    )
    if share < 0.99:
        text += f", and the rest would bring {formatting.times(1 / share)} at most"
    return f"{text}."


def _notes(run: FirstRun, machine: Machine) -> tuple[str, ...]:
    notes = list(run.notes)
    if _is_parallel(run, machine):
        notes.append(f"The program keeps {run.cores_used:.1f} of {machine.cores} cores busy by itself.")
    elif run.threads > 1 or run.children > 1:
        what = "threads" if run.threads > 1 else "child processes"
        notes.append(f"The program uses {what} already.")
    if run.ending == "interrupted":
        notes.append("The program was interrupted: the figures are of what was seen until then.")
    if run.ending == "stopped":
        notes.append("The program was stopped after the time limit: the figures are of what was seen until then.")
    if run.ending == "failed":
        notes.append(f"The program failed with exit status {run.exit_status}: the figures are of what ran before.")
    return tuple(notes)


def _is_parallel(run: FirstRun, machine: Machine) -> bool:
    return run.cores_used > max(SEVERAL, BUSY * machine.cores)


def _place(judged: JudgedLoop) -> str:
    file, line, _ = judged.time.loop.id
    return f"{file}:{line}"


def _code(path: Path, first: int, last: int) -> str:
    """Return the first lines of a loop's source."""
    lines = decoded(path).splitlines()[first - 1 : min(last, first - 1 + MAX_CODE_LINES)]
    return textwrap.dedent("\n".join(lines))


def _source_line(path: Path, line: int) -> str:
    try:
        return decoded(path).splitlines()[line - 1].strip()
    except (OSError, IndexError, ValueError, SyntaxError):
        return ""
