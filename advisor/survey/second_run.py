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
from advisor.survey.child import INHERITED, Ending, OnProgress, Streams, run_child
from advisor.survey.facts import SAFE, Loop, LoopObservation, LoopTime, ObservedChange, StaticDependence, Variable
from advisor.survey.program import Program
from advisor.survey.roles import ITEM_ITSELF

_SECONDS = ("wall", "gil_held", "gil_free", "child_cpu", "wait", "gil_blocked", "run_queue", "preempted", "first_call")
MAX_BATCHES = 200
WARM_UP = 3.0  # times the longest of the other iterations, from which the first one sets up what workers set up, too


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
    streams: Streams = INHERITED,
    on_progress: OnProgress | None = None,
) -> tuple[tuple[LoopObservation, ...], int, Ending]:
    """Run a program again and watch some of its loops; return what was seen of each, the exit status and the ending.

    Args:
        program: The program.
        loops: Those to watch.
        folder: In which the program starts; the names of files may be relative to it.
        limit: Seconds after which the program is stopped.
        streams: The program's input and outputs.
        on_progress: Called with the seconds since the start, now and then.
    """
    question = {"loops": [_question(each, folder) for each in loops]}
    messages: list[dict[str, Any]] = []
    status, ending = run_child(
        "advisor.survey.second_run_child:main",
        program,
        question,
        messages.append,
        streams=streams,
        limit=limit,
        on_progress=on_progress,
    )
    if not messages:  # it was killed
        return (), status, ending
    found = messages[-1]
    pairs = zip(loops, found["loops"], strict=True)
    is_cut = ending in ("interrupted", "stopped")
    observations = (_observation(each, _completed(seen, each) if is_cut else seen, found) for each, seen in pairs)
    return tuple(each for each in observations if each.executions), status, ending


def _question(each: LoopToWatch, folder: Path) -> dict[str, Any]:
    """Return where a loop is, and the variables to compare: none if its source already rules concurrency out."""
    file, line, column = each.loop.id
    variables = each.static.variables if each.static.independence in SAFE else ()
    by_role = {role: [variable.name for variable in variables if variable.role == role] for role in ("private", "read")}
    item = next((variable for variable in variables if variable.operation == ITEM_ITSELF), None)
    return {
        "place": [str(folder / file), line, column],
        "names": [variable.name for variable in variables],
        "item": item.name if item is not None else "",
        "parts": item.parts if item is not None else (),
        "containers": {each.name: each.parts for each in variables if each is not item and _has_items(each)},
        **by_role,
    }


def _has_items(variable: Variable) -> bool:
    """Return True if iterations write items of an object, each its own."""
    return variable.role == "written by item" or (variable.role == "reduction" and variable.operation == "items")


def _completed(seen: dict[str, Any], watched: LoopToWatch) -> dict[str, Any]:
    """Return what was seen of a loop with the number of iterations that it would have had, had it run to its end."""
    if not seen["seconds"]:
        return seen
    factor = max(1.0, watched.time.seconds / seen["seconds"])
    executions = seen["executions"]
    return {
        **seen,
        "iterations": round(factor * seen["iterations"]),
        "executions": round(factor * executions) if executions > 1 else executions,
    }


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
        shared_file=seen["shared_file"],
        files_apart=seen["files_apart"],
        ended_early=seen["ended_early"],
        header_seconds=seen["header_seconds"],
        lengths=tuple(seen["lengths"]) if seen["executions"] == 1 else (),
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
    figures["first_call"] = _warm_up(lengths) if len(lengths) == seen["iterations"] else None
    return Profile(
        **_scaled(figures, seconds / seen["iterations"] - seen["header_seconds"]),
        **sizes,
        peak_memory=run["peak_memory"],
        idle_memory=run["idle_memory"],
        python=Python(**run["python"]),
        reached="program",
    )


def _warm_up(lengths: Sequence[float]) -> float | None:
    """Return the seconds of the first iteration if it is much longer than all others; they may differ anyway."""
    first, *others = lengths
    return first if others and first > WARM_UP * max(others) else None


def _scaled(figures: dict[str, Any], wall: float) -> dict[str, Any]:
    """Return the figures for an iteration of this length."""
    factor = max(wall, 1e-9) / figures["wall"]
    return {
        name: value * factor if name in _SECONDS and value is not None and math.isfinite(factor) else value
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
        elapsed = ClockReading._make(map(_plus, elapsed, clocks))
        counts = Observations._make(map(_plus, counts, run["observed"].get(str(window), [0.0] * len(counts))))
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
