"""Put the verdicts on the loops of a program together: what to change, what it brings, and what else helps."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from advisor.models import Machine
from advisor.models.survey_report import Candidate, HotLine, LoopPlace, SurveyReport
from advisor.survey import program_verdict
from advisor.survey.alternatives import awaited_in_turn, instead
from advisor.survey.extraction import rewrite
from advisor.survey.facts import FirstRun, LoopId
from advisor.survey.loop_times import decoded
from advisor.survey.suitability import WORTH_CHANGING, JudgedLoop, amdahl

MAX_CODE_LINES = 60


def as_report(
    program: str, run: FirstRun, runs: int, judged: Sequence[JudgedLoop], machine: Machine, folder: Path
) -> SurveyReport:
    """Return the report of a survey."""
    ordered = sorted(judged, key=_rank)
    together = _together(run, ordered)
    hot_lines = tuple(
        HotLine(file=file, line=line, source=_source_line(folder / file, line), share=min(1.0, share))
        for file, line, share in run.lines
    )
    return SurveyReport(
        program=program,
        seconds=run.seconds,
        ending=run.ending,
        exit_status=run.exit_status,
        runs=runs,
        summary=program_verdict.summary(run, ordered, together, hot_lines, machine),
        candidates=tuple(_candidate(each, run, ordered, folder) for each in ordered),
        together=together,
        notes=program_verdict.notes(run, ordered, machine),
        instead=(*instead(ordered), *awaited_in_turn(run, folder)),
        hot_lines=hot_lines,
        cpu_seconds=run.cpu_seconds,
        machine=machine,
    )


def _rank(judged: JudgedLoop) -> tuple[float, int, float]:
    """Return a key that puts the largest gain first, and the outermost loop before those within it."""
    gain = judged.suitability.program_speedup.expected
    return (-round(gain, 2), len(judged.time.callers), -judged.time.seconds)


def _together(run: FirstRun, ordered: Sequence[JudgedLoop]) -> float | None:
    """Return the speed-up of the program with all loops that pay and do not overlap; None for fewer than two."""
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


def _code(path: Path, first: int, last: int) -> str:
    """Return the first lines of a loop's source."""
    lines = decoded(path).splitlines()[first - 1 : min(last, first - 1 + MAX_CODE_LINES)]
    return textwrap.dedent("\n".join(lines))


def _source_line(path: Path, line: int) -> str:
    try:
        return decoded(path).splitlines()[line - 1].strip()
    except (OSError, IndexError, ValueError, SyntaxError):
        return ""
