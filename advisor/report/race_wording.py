"""Phrases about a search for races that every rendering uses: the verdict, the GIL, the lock, what silence means."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from advisor.models import Mend, RaceFinding, RaceReport
from advisor.report.formatting import count, counted, duration, times

MISSES = (
    "Not a proof. Other inputs, more calls at once, more switches than were tried, and effects that the search cannot "
    "compare, such as requests to other hosts, may still go wrong."
)
_FOUND = {
    "lost update": "can lose an update",
    "different result": "can give a result that they never give one after the other",
    "exception": "can raise an exception that they never raise one after the other",
    "deadlock": "can deadlock",
}
_WITH_GIL = "It can happen under the GIL, on this interpreter too."
_WITHOUT_GIL = (
    "Under its GIL, this interpreter does not switch threads at these places. It can happen on a free-threaded "
    "build, or on a version that switches threads elsewhere."
)


def verdict(report: RaceReport) -> str:
    """Return the verdict as one sentence."""
    calls = f"{count(report.threads)} calls of {report.target} at once"
    if report.finding is not None:
        name = "Deadlock" if report.finding.kind == "deadlock" else "Race"
        return f"{name}: {calls} {_FOUND[report.finding.kind]}"
    if report.verdict == "none":
        return f"No race found between {calls}"
    return f"Unclear: the search cannot tell if {calls} go wrong"


def subject(report: RaceReport) -> str:
    """Return the extent of the search in figures, and the interpreter."""
    searched = counted(report.schedules, "interleaving")
    if report.seconds:
        searched += f" in {duration(report.seconds)}"
    return " · ".join(filter(None, (searched, report.python)))


def under_gil(finding: RaceFinding) -> str:
    """Say if the finding needs a build without the GIL."""
    return _WITH_GIL if finding.with_gil else _WITHOUT_GIL


def replay(report: RaceReport, finding: RaceFinding) -> str:
    """Return the command that shows the same interleaving again; dots stand for options that are not known."""
    return f"{report.command or f'advise races {report.target} …'} --replay {finding.seed}"


def mend(mended: Mend) -> str:
    """Say where the lock goes, what the same search found with it, and what threads then gain."""
    stretches = [(each.first_line, each.last_line) for each in mended.stretches if each.file == mended.file]
    lines = " and ".join(_lines(*stretch) for stretch in stretches or [(mended.first_line, mended.last_line)])
    where = f"One lock around {lines} of {PurePath(mended.file).name}"
    if mended.stretches and not mended.lock:
        where = f"The locks in one order everywhere ({PurePath(mended.file).name})"
    searched = counted(mended.schedules, "interleaving")
    return f"{where}. The same search then finds nothing in {searched}{_gain(mended.speedup)}."


def _lines(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first}–{last}"


def _gain(speedup: float | None) -> str:
    if speedup is None:
        return ""
    if speedup < 1.05:
        return ", but threads are predicted to be no faster than a plain loop"
    return f", and threads are predicted to be {times(speedup)} as fast as a plain loop"


def call(report: RaceReport, thread: int) -> str:
    """Name a call by its number and its arguments."""
    name = f"Call {thread}"
    if thread > len(report.inputs):
        return name
    function = report.target.rpartition(":")[2]
    return f"{name}: {function}({report.inputs[thread - 1]})"


def calls_of(finding: RaceFinding) -> list[int]:
    """Return the numbers of the calls that take part."""
    return sorted({step.thread for step in finding.steps})


def file_names(paths: Iterable[str]) -> dict[str, str]:
    """Return the last parts of each path, as few as tell the files apart."""
    parts = {path: PurePath(path).parts for path in paths}
    length = 1
    while len({names[-length:] for names in parts.values()}) < len(parts):
        length += 1
    return {path: "/".join(names[-length:]) for path, names in parts.items()}
