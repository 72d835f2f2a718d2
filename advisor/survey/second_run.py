"""The second run of a program: its most promising loops, close up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from advisor.measure.clocks import ClockReading
from advisor.measure.gil.observer_process import Observations
from advisor.measure.meter import Measurement, TimedBatch
from advisor.measure.summarize import summarize
from advisor.models import Picklable, Profile, Python
from advisor.survey.facts import Loop, LoopObservation, LoopTime, ObservedChange, StaticDependence
from advisor.survey.first_run import Ending, OnProgress, attend, start
from advisor.survey.program import Program

MAX_BATCHES = 200


@dataclass(frozen=True)
class LoopToWatch:
    """A loop, its time in the first run, and what the source says about it."""

    time: LoopTime
    static: StaticDependence

    @property
    def loop(self) -> Loop:
        """The loop itself."""
        return self.time.loop


def second_run(
    program: Program,
    loops: Sequence[LoopToWatch],
    *,
    folder: Path,
    limit: float | None = None,
    output_to_errors: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[tuple[LoopObservation, ...], Ending]:
    """Run a program again and watch some of its loops; return what was seen of each, and how the run ended.

    Args:
        program: The program.
        loops: Those to watch.
        folder: In which the program starts; the names of files may be relative to it.
        limit: Seconds after which the program is stopped.
        output_to_errors: What the program prints goes to standard error.
        on_progress: Called with the seconds since the start, now and then.
    """
    question = {"loops": [_question(each, folder) for each in loops]}
    child = start("advisor.survey.second_run_child:main", program, question, output_to_errors=output_to_errors)
    messages: list[dict[str, Any]] = []
    _, ending = attend(child, messages.append, limit=limit, on_progress=on_progress)
    if not messages:  # it was killed, or ended without its exit handlers
        return (), ending
    found = messages[-1]
    pairs = zip(loops, found["loops"], strict=True)
    return tuple(_observation(each, seen, found) for each, seen in pairs if seen["executions"]), ending


def _question(each: LoopToWatch, folder: Path) -> dict[str, Any]:
    file, line, column = each.loop.id
    names = [variable.name for variable in each.static.variables]
    by_role = {
        role: [variable.name for variable in each.static.variables if variable.role == role]
        for role in ("private", "read")
    }
    return {"place": [str(folder / file), line, column], "names": names, **by_role}


def _observation(watched: LoopToWatch, seen: dict[str, Any], run: dict[str, Any]) -> LoopObservation:
    return LoopObservation(
        id=watched.loop.id,
        executions=seen["executions"],
        iterations=seen["iterations"],
        seconds=max(0.0, seen["seconds"]),
        profile=_profile(seen, run, watched.time.seconds),
        watched=seen["watched"],
        changes=tuple(ObservedChange(name, **change) for name, change in seen["changes"].items()),
        output=seen["output"],
        random=seen["random"],
        ended_early=seen["ended_early"],
        header_seconds=seen["header_seconds"] / max(1, seen["iterations"]),
    )


def _profile(seen: dict[str, Any], run: dict[str, Any], seconds: float) -> Profile | None:
    """Return the profile of an iteration: a call of the loop's body, were it a function.

    Its length is that of the first run, its parts are those of the second, where watching inner loops took time.
    """
    measurement = _measurement(seen, run)
    if not measurement.batches or not seen["iterations"]:
        return None
    figures = summarize(measurement)
    lengths = seen["lengths"]
    sizes = {**seen["sizes"], "picklable": Picklable(**seen["sizes"]["picklable"])}
    figures["spread"] = pstdev(lengths) / fmean(lengths) if len(lengths) > 1 and fmean(lengths) else None
    return Profile(
        **_scaled(figures, seconds / seen["iterations"] - seen["header_seconds"] / seen["iterations"]),
        **sizes,
        peak_memory=run["peak_memory"],
        idle_memory=run["idle_memory"],
        python=Python(**run["python"]),
        reached="program",
    )


def _scaled(figures: dict[str, Any], wall: float) -> dict[str, Any]:
    """Return the figures for an iteration of this length."""
    factor = max(wall, 1e-9) / figures["wall"]
    scaled = ("wall", "gil_held", "gil_free", "child_cpu", "wait", "gil_blocked", "run_queue", "preempted")
    return {
        name: value * factor if name in scaled and value is not None and math.isfinite(factor) else value
        for name, value in figures.items()
    }


def _measurement(seen: dict[str, Any], run: dict[str, Any]) -> Measurement:
    """Return the slices of time as batches of iterations: each ends with the end of at least one iteration."""
    batches: list[TimedBatch] = []
    observed: dict[int, Observations] = {}
    total = sum(calls for calls, _, _ in seen["slices"])
    least = max(1, total // MAX_BATCHES)
    calls, elapsed, counts = 0, _NOTHING, Observations(*[0.0] * len(Observations._fields))
    for ended, window, clocks in seen["slices"]:
        calls += ended
        elapsed = ClockReading(*map(_plus, elapsed, clocks))
        counts = Observations(*map(_plus, counts, run["observed"].get(str(window), [0.0] * len(counts))))
        if calls >= least:
            observed[len(batches)] = counts
            batches.append(TimedBatch(calls, elapsed))
            calls, elapsed, counts = 0, _NOTHING, Observations(*[0.0] * len(Observations._fields))
    if not any(each.instants + each.missed for each in observed.values()):
        observed = {}
    python = run["python"]
    return Measurement(
        tuple(batches),
        observed,
        {},
        counts_switches=True,
        free_threaded=python["free_threaded"],
        only_thread=True,
        sampler_cpu=0.0,
    )


_NOTHING = ClockReading(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def _plus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b
