"""The verdict on a program in sentences: what to change, or why nothing, and what to know about the runs."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.models import Machine
from advisor.models.survey_report import WORTH_CHANGING, HotLine
from advisor.report import formatting
from advisor.survey.facts import SAFE, FirstRun
from advisor.survey.suitability import JudgedLoop

SHORT_RUN = 0.2  # seconds of a program that leave too few samples
BUSY = 0.6  # of the cores, from which a program is parallel already
SEVERAL = 1.3  # cores or threads at work on average
WAITING = 0.2  # of the time on a CPU, below which a program mostly waits
MOST = 0.5  # of the time, for a line to be named
SHARED_CORES = 0.3  # of an iteration's time that it was ready to run, but other programs had the cores
SIGNALLED = 128

PARALLEL = "The program is parallel already: no loop is worth changing."
AT_TERMINAL = (
    "The program reads from the terminal, so it ran only once: take its input from a file or a pipe to have its loops "
    "watched in a second run."
)
INPUT_LOST = (
    "There was no space for a copy of the program's input, so it ran only once: take its input from a file, or set "
    "TMPDIR to a folder with more space, to have its loops watched in a second run."
)


def summary(
    run: FirstRun, ordered: Sequence[JudgedLoop], together: float | None, hot: Sequence[HotLine], machine: Machine
) -> str:
    """Return the verdict in one or two sentences."""
    if has_not_begun(run):
        return "The program failed before its first line ran."
    if run.seconds < SHORT_RUN:
        return f"The program ran for {formatting.duration(run.seconds)}, too short for a survey."
    if not ordered:
        return PARALLEL if is_parallel(run, machine) else _outside_of_loops(run, hot)
    if not ordered[0].suitability.pays:
        return _nothing_to_gain(run, ordered, machine)
    return _gain(run, ordered[0], together)


def _gain(run: FirstRun, best: JudgedLoop, together: float | None) -> str:
    gain = best.suitability
    pool = formatting.workers(gain.strategy, gain.workers)
    before, after = run.seconds, run.seconds / gain.program_speedup.expected
    text = (
        f"The program becomes {formatting.times(gain.program_speedup.expected)} as fast "
        f"({formatting.times_range(gain.program_speedup)}) with {pool} for the loop "
        f"at {best.place}: about {formatting.duration(after)} instead of {formatting.duration(before)}."
    )
    if together is not None:
        text += f" Changing all loops that pay makes it {formatting.times(together)} as fast."
    if best.dependence.independence not in SAFE:
        why = "a second run would tell" if len(run.run_seconds) < 2 else "the second run could not confirm it"
        text += f" This holds if its iterations are independent, as they look in the source; {why}."
    return text


def _outside_of_loops(run: FirstRun, hot: Sequence[HotLine]) -> str:
    waits = run.computing_share < WAITING
    if not hot or hot[0].share < MOST:
        return "No loop takes 5 % of the program's time, so none is worth changing."
    line = hot[0]
    place, share = f"{line.file}:{line.line}", formatting.percent(line.share)
    if run.children and run.computing_share < MOST:
        return f"The program waits for {share} of its time at {place} for processes that it started: it is concurrent."
    if run.threads > 1 and waits:
        return f"The program uses threads and waits for {share} of its time at {place}: no loop is worth changing."
    what = "waits for" if waits else "spends"
    return f"The program {what} {share} of its time at {place}, outside of any loop: there is no loop to change."


def _nothing_to_gain(run: FirstRun, ordered: Sequence[JudgedLoop], machine: Machine) -> str:
    serial = [each for each in ordered if each.dependence.independence not in SAFE]
    if is_parallel(run, machine):
        return PARALLEL
    if not serial:
        return _little_to_gain(ordered)
    largest = max(serial, key=lambda each: each.time.seconds)
    share = min(1.0, largest.time.seconds / run.seconds)
    depend = "depend on earlier ones" if largest.dependence.independence == "carried" else "may depend on each other"
    text = (
        f"No loop is worth changing: {formatting.percent(share)} of the time is in the loop at {largest.place}, whose "
        f"iterations {depend}"
    )
    if 1 / share >= WORTH_CHANGING:
        text += f"; the rest would bring {formatting.times(1 / share)} at most"
    return f"{text}."


def _little_to_gain(ordered: Sequence[JudgedLoop]) -> str:
    best = max((each.suitability.program_speedup for each in ordered), key=lambda gain: gain.expected)
    if best.expected <= 1.0:
        return "No loop is worth changing: starting workers and sending them data would cost what they gain."
    return (
        f"No loop is worth changing: the best would make the program {formatting.times(best.expected)} as fast "
        f"({formatting.times_range(best)})."
    )


def notes(run: FirstRun, ordered: Sequence[JudgedLoop], machine: Machine) -> tuple[str, ...]:
    """Return what else to know about the program and its runs."""
    found = list(run.notes)
    if is_parallel(run, machine):
        found.append(f"The program keeps {run.cores_used:.1f} of {machine.cores} cores busy by itself.")
    elif run.threads > 1:
        found.append("The program uses threads already.")
    if run.children:
        found.append("The program starts other processes, whose loops are not surveyed.")
    found += _on_ending(run)
    profile = next((each.observation.profile for each in ordered if each.observation is not None), None)
    if profile is not None and (profile.run_queue or 0.0) > SHARED_CORES * profile.wall:
        share = formatting.percent(min(1.0, (profile.run_queue or 0.0) / profile.wall))
        found.append(
            f"Other programs kept the cores busy: iterations of the first loop were ready but had to wait for a core "
            f"for {share} of their time. The figures are less certain."
        )
    return tuple(found)


def _on_ending(run: FirstRun) -> list[str]:
    until_then = "the figures are of what ran until then"
    if run.ending == "interrupted":
        return [f"The program was interrupted: {until_then}."]
    if run.ending == "stopped":
        return [f"The program was stopped after the time limit: {until_then}."]
    if has_not_begun(run):
        return []
    status = run.exit_status or 0
    if status > SIGNALLED and not run.is_complete:
        return [f"The program was ended by signal {status - SIGNALLED}: {until_then}."]
    by = "" if run.is_complete else " through os._exit, or was replaced by another program"
    if status:
        return [f"The program ended with exit status {status}{by}: {until_then}."]
    return [] if run.is_complete else [f"The program ended{by}."]


def ended_otherwise(run: FirstRun, status: int, message: str) -> str:
    """Return that the second run did not repeat the first."""
    why = f" ({message})" if message else ""
    return (
        f"The second run ended with exit status {status}{why}, the first one with {run.exit_status}, so what it showed "
        "is left out. Does the program find something changed by its first run, such as a file that exists now?"
    )


def has_not_begun(run: FirstRun) -> bool:
    """Return True if the program failed before it could be sampled, for its syntax for example."""
    return run.ending == "failed" and not run.seconds


def is_parallel(run: FirstRun, machine: Machine) -> bool:
    """Return True if the program keeps several cores busy without being changed."""
    return run.cores_used > max(SEVERAL, BUSY * machine.cores)
