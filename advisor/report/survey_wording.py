"""The words of a survey that its text and its page share."""

from __future__ import annotations

from advisor.models import Candidate, LoopObstacle, SurveyReport
from advisor.report import formatting

_DEPENDENT = ("carried", "unknown")
_KNOWN = {
    "independent": "iterations are independent",
    "reduction": "iterations only combine their results",
    "carried": "iterations depend on earlier ones",
    "unknown": "iterations may depend on each other",
}


def gains(report: SurveyReport) -> bool:
    """Return True if a loop is worth changing."""
    return bool(report.candidates) and report.candidates[0].pays


def subject(report: SurveyReport) -> str:
    """Return the program, its time, the number of runs, and the host for which the gains hold."""
    runs = formatting.counted(report.runs, "run")
    cores = formatting.counted(report.machine.cores, "core")
    return f"{report.program} · {formatting.duration(report.seconds)} · {runs} · gains for {cores}"


def place(candidate: Candidate) -> str:
    """Return the file, the line and the function of a loop, and which loop it is within."""
    loop = candidate.loop
    function = "" if loop.function == "<module>" else f" in {loop.function}"
    within = "" if candidate.inside is None else f", within loop {candidate.inside + 1}"
    return f"{loop.file}:{loop.line}{function}{within}"


def share(candidate: Candidate) -> str:
    """Return the loop's share of the time, and its iterations."""
    text = f"{formatting.percent(candidate.share)} ({formatting.duration(candidate.seconds)})"
    if candidate.iterations:
        each = candidate.seconds / candidate.iterations
        text += f", {formatting.counted(candidate.iterations, 'iteration')} of {formatting.duration(each)}"
        if (candidate.executions or 1) > 1:
            text += f" in {formatting.counted(candidate.executions or 1, 'execution')}"
    return text


def gain(candidate: Candidate) -> str:
    """Return what running the iterations concurrently would bring."""
    if candidate.recommendation == "sequential":
        if candidate.independence in _DEPENDENT:
            return f"none: {_KNOWN[candidate.independence]}"
        return "none: workers would cost more than they save"
    pool = formatting.workers(candidate.recommendation, candidate.workers)
    between = ""
    if candidate.program_speedup_range is not None:
        between = f" ({formatting.times_range(candidate.program_speedup_range)})"
    program = f"{formatting.times(candidate.program_speedup)} for the program{between}"
    if not candidate.pays:
        return f"none worth a change: {program}"
    condition = ", if its iterations are independent" if candidate.independence in _DEPENDENT else ""
    return f"{program}, {formatting.times(candidate.speedup)} for the loop, with {pool}{condition}"


def why(candidate: Candidate) -> str:
    """Return the evidence; empty if the obstacles say it."""
    if candidate.independence in _DEPENDENT and any(obstacle.blocks for obstacle in candidate.obstacles):
        return ""
    return candidate.why or _KNOWN[candidate.independence]


def obstacle(found: LoopObstacle, candidate: Candidate) -> str:
    """Return an obstacle with its line."""
    where = f"line {found.line}" if found.file == candidate.loop.file else f"{found.file}:{found.line}"
    return f"{where} {found.text}"
