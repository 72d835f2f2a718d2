"""Put the verdicts on the loops of a program together: what to change, what it brings, and what else helps."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from advisor.input_limits import MAX_TEXT
from advisor.models import Machine
from advisor.models.survey_report import Candidate, HotLine, LoopPlace, SurveyReport
from advisor.survey import program_verdict
from advisor.survey.alternatives import awaited_in_turn, instead
from advisor.survey.combined_patch import combined_patch
from advisor.survey.facts import FirstRun, LoopId
from advisor.survey.loop_times import decoded
from advisor.survey.suitability import JudgedLoop, amdahl

AS_MUCH = 1.05  # times the gain of another loop, which is as much by what predictions are worth
MAX_CODE_LINES = 60
MAX_HEADER = 160  # characters of a line
MAX_PATCH = 1_000_000  # characters


def as_report(
    program: str,
    run: FirstRun,
    runs: int,
    judged: Sequence[JudgedLoop],
    machine: Machine,
    folder: Path,
    modules: Mapping[str, str],
) -> SurveyReport:
    """Return the report of a survey."""
    ordered = _ordered(judged)
    chosen = _chosen(ordered)
    together = _together(run, chosen)
    hot_lines = tuple(
        HotLine(file=file, line=line, source=_source_line(folder / file, line), share=min(1.0, share))
        for file, line, share in run.lines
    )
    return SurveyReport(
        program=program[:MAX_TEXT],
        run_seconds=run.run_seconds,
        seconds=run.seconds,
        ending=run.ending,
        exit_status=run.exit_status,
        runs=runs,
        summary=program_verdict.summary(run, ordered, together, hot_lines, machine),
        candidates=tuple(_candidate(each, run, ordered, folder) for each in ordered),
        together=together,
        patch=_bounded(combined_patch(chosen, modules), MAX_PATCH),
        notes=program_verdict.notes(run, ordered, machine),
        instead=(*instead(ordered), *awaited_in_turn(run, folder)),
        hot_lines=hot_lines,
        cpu_seconds=run.cpu_seconds,
        machine=machine,
    )


def _ordered(judged: Sequence[JudgedLoop]) -> list[JudgedLoop]:
    """Return the loops, the largest gain first, but a loop before those within it that bring as much."""

    def rank(each: JudgedLoop) -> tuple[float, int, float]:
        own = _worth(each)
        within = [_worth(one) for one in judged if each.time.loop.id in one.time.callers]
        gain = max([own, *(one for one in within if own > 1 and one < AS_MUCH * own)])
        return (-round(gain, 2), len(each.time.callers), -each.time.seconds)

    return sorted(judged, key=rank)


def _worth(judged: JudgedLoop) -> float:
    """Return the speed-up of the program, 1 if it is not worth changing the loop."""
    return judged.suitability.program_speedup.expected if judged.suitability.pays else 1.0


def _chosen(ordered: Sequence[JudgedLoop]) -> list[JudgedLoop]:
    """Return the loops that pay, the best first, without those that overlap a better one."""
    chosen: list[JudgedLoop] = []
    for each in ordered:
        if each.suitability.pays and not any(_overlap(each, one) for one in chosen):
            chosen.append(each)
    return chosen


def _together(run: FirstRun, chosen: Sequence[JudgedLoop]) -> float | None:
    """Return the speed-up of the program with all chosen loops changed; None for fewer than two."""
    if len(chosen) < 2:
        return None
    return amdahl(run.seconds, [(each.time.seconds, each.suitability.speedup.expected) for each in chosen])


def _overlap(one: JudgedLoop, other: JudgedLoop) -> bool:
    return one.time.loop.id in other.time.callers or other.time.loop.id in one.time.callers


def _candidate(judged: JudgedLoop, run: FirstRun, ordered: Sequence[JudgedLoop], folder: Path) -> Candidate:
    loop, observation, gain = judged.time.loop, judged.observation, judged.suitability
    file, line, _ = loop.id
    profile = None if observation is None else observation.profile
    code = judged.code
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
        snippet="" if code is None else _bounded(code.snippet, MAX_TEXT),
        patch="" if code is None else _bounded(code.patch, MAX_PATCH),
        profile=profile,
        inside=_inside(judged, ordered),
    )


def _bounded(code: str, longest: int) -> str:
    """Return a code, or nothing if a record cannot hold it: a part of it would be of no use."""
    return code if len(code) <= longest else ""


def _inside(judged: JudgedLoop, ordered: Sequence[JudgedLoop]) -> int | None:
    """Return the index of the innermost candidate around a loop."""
    indices: dict[LoopId, int] = {each.time.loop.id: index for index, each in enumerate(ordered)}
    around = [indices[each] for each in judged.time.callers if each in indices]
    return around[-1] if around else None


def _code(path: Path, first: int, last: int) -> str:
    """Return the first lines of a loop's source."""
    lines = decoded(path).splitlines()[first - 1 : min(last, first - 1 + MAX_CODE_LINES)]
    return textwrap.dedent("\n".join(lines))[:MAX_TEXT]


def _source_line(path: Path, line: int) -> str:
    try:
        return decoded(path).splitlines()[line - 1].strip()[:MAX_HEADER]
    except (OSError, IndexError, ValueError, SyntaxError):
        return ""
