"""The words of a survey that its text and its page share."""

from __future__ import annotations

from advisor.models import Candidate, SurveyReport
from advisor.report import formatting

WORTH_SHOWING = 1.05  # times faster
_CLASSES = {
    "independent": "Iterations are independent.",
    "reduction": "Iterations only combine their results.",
    "carried": "Iterations depend on earlier ones: they cannot run at once.",
    "unknown": "Whether iterations are independent is not known.",
}


def gains(report: SurveyReport) -> bool:
    """Return True if a loop is worth changing."""
    return bool(report.candidates) and report.candidates[0].program_speedup >= WORTH_SHOWING


def subject(report: SurveyReport) -> str:
    """Return the program, its time and the number of runs."""
    runs = "sampled once" if report.runs == 1 else "sampled once, watched once"
    return f"{report.program} took {formatting.duration(report.seconds)}; {runs}"


def share(candidate: Candidate) -> str:
    """Return the loop's share of the time, and its iterations."""
    text = f"{formatting.percent(candidate.share)} of the time, {formatting.duration(candidate.seconds)}"
    if candidate.iterations:
        each = candidate.seconds / candidate.iterations
        text += f": {formatting.counted(candidate.iterations, 'iteration')} of {formatting.duration(each)}"
        if (candidate.executions or 1) > 1:
            text += f" in {formatting.counted(candidate.executions or 1, 'execution')}"
    return text


def verdict(candidate: Candidate) -> str:
    """Return the dependence between iterations, and what running them concurrently would bring."""
    known = candidate.why or _CLASSES[candidate.independence]
    return f"{known} {gain(candidate)}".strip()


def gain(candidate: Candidate) -> str:
    """Return what running the iterations concurrently would bring, in words."""
    if candidate.recommendation == "sequential":
        return "" if candidate.independence in ("carried", "unknown") else "Workers would gain nothing."
    pool = formatting.workers(candidate.recommendation, candidate.workers)
    loop = formatting.times(candidate.speedup)
    program = formatting.times(candidate.program_speedup)
    between = ""
    if candidate.program_speedup_range is not None:
        between = f" ({formatting.times_range(candidate.program_speedup_range)})"
    return f"In {pool}, the loop becomes {loop} as fast, and the whole program {program}{between}."
