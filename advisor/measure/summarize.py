"""Turn a measurement into the figures of a profile: where a call's time goes, with standard errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from advisor.host.cores_and_memory import usable_cores
from advisor.measure import repeat_effects
from advisor.measure.clocks import ClockReading
from advisor.measure.gil import observer_process, sampler_thread
from advisor.measure.meter import BY_ASYNCIO, Measurement, TimedBatch
from advisor.measure.runner import LOOP_BLOCKED
from advisor.models import GilSource

_GROUPS = 20
_NOTICEABLE = 0.03  # of wall time: less is noise of the clocks and of the sampling
_MIN_LOOKS = 10  # at the states of all threads
_ONCE = 0.3  # seconds that a first call may spend on what others do not: to import, to connect, to fill caches
_FIRST_CALL_ERROR = 1.5  # times a short first call, which hardly tells how long the others are
_LONG_FIRST_CALL_ERROR = 0.5  # times a long one, which may load a model or compile for longer than that
_LOOP_BLOCKED_ONCE = 0.2  # of the time of a single call
_SAMPLED = ("wall", "gil_held", "gil_free", "child_cpu", "wait")

# The batches that count, each with its index in the measurement, which is its window.
_Batches = Sequence[tuple[int, TimedBatch]]


def summarize(
    measurement: Measurement, inputs: int | None = None, *, first_call: float | None = None
) -> dict[str, Any]:
    """Return the fields of Profile that come from clocks and samples: means without the first call if there are more.

    `inputs` is how many there were. If they are cheaper when they are reused, only the first round counts.
    `first_call`: seconds of the very first call, if that was made before this measurement.
    """
    batches: _Batches = [(window, batch) for window, batch in enumerate(measurement.batches) if batch.calls]
    batches, repeated_call = _without_repeats(batches, inputs)
    first = batches[0][1]
    is_only_first = first_call is None and len(batches) == 1
    if first_call is None and not is_only_first:
        batches = batches[1:]
    figures = _figures(measurement, batches)
    if measurement.blocking_line == BY_ASYNCIO:  # no fault of the coroutine's
        figures["loop_blocked"] = 0.0
    errors = _standard_errors(measurement, batches, figures)
    if is_only_first:
        errors["wall"] = _first_call_error(figures["wall"])
    return {
        **figures,
        "calls": sum(batch.calls for _, batch in batches),
        "first_call": first.elapsed.wall / first.calls if first_call is None else first_call,
        "repeated_call": repeated_call,
        "gil_source": _gil_source(measurement, batches),
        "standard_error": errors,
        "spread": _spread(batches),
        "blocking_line": measurement.blocking_line if figures["loop_blocked"] else None,
    }


def _first_call_error(wall: float) -> float:
    """Return the standard error of a call's duration if only the first call was measured."""
    return max(min(_ONCE, _FIRST_CALL_ERROR * wall), _LONG_FIRST_CALL_ERROR * wall)


def _without_repeats(batches: _Batches, inputs: int | None) -> tuple[_Batches, float | None]:
    """Return the first round and the seconds of a call with a reused input, if that is clearly cheaper; else all."""
    timed = [batch for _, batch in batches]
    if inputs is None or not repeat_effects.is_cheaper_again(timed, inputs):
        return batches, None
    count = repeat_effects.first_round(timed, inputs)
    later = timed[count:]
    return batches[:count], sum(batch.elapsed.wall for batch in later) / sum(batch.calls for batch in later)


def _gil_source(measurement: Measurement, batches: _Batches) -> GilSource | None:
    if measurement.free_threaded:
        return None
    if any(window in measurement.observed for window, _ in batches):
        return "observed"
    if measurement.counts_switches and any(window in measurement.sampled for window, _ in batches):
        return "sampled"
    return "estimated"


def _figures(measurement: Measurement, batches: _Batches) -> dict[str, Any]:
    """Return where the time of a call goes, by the names of Profile."""
    total = _total(measurement, batches)
    calls = sum(batch.calls for _, batch in batches)
    observed = _observations(measurement, batches)
    run_queue, children = total.run_queue or 0.0, total.children or 0.0
    off_cpu = max(0.0, total.wall - total.thread - run_queue)
    other_threads = total.process - total.thread
    if other_threads > _NOTICEABLE * total.wall and observed is not None and observed.looks >= _MIN_LOOKS:
        # Other threads compute too, beside this one or instead of it: only the states of all of them tell.
        wait = max(0.0, observed.idle / observed.looks * total.wall - children)
    else:
        wait = max(0.0, off_cpu - children - other_threads)
    held, blocked = _gil_held(measurement, batches, total, observed)
    busy = total.wall - wait - run_queue
    computing = total.process + children
    native_threads = computing / busy if busy > _NOTICEABLE * total.wall else 1.0
    # Sampled independently, both may add up to more than the whole; the lock is sampled far more often.
    wait = min(max(wait, blocked or 0.0), max(0.0, total.wall - held))
    sums = {
        "wall": total.wall,
        "gil_held": held,
        "gil_free": max(0.0, total.process - held),
        "child_cpu": total.children,
        "wait": wait,
        "gil_blocked": blocked,
        "run_queue": total.run_queue,
        "preempted": _preempted(total),
        "loop_blocked": _loop_blocked(batches, total.wall),
        "switches": total.switches,
    }
    return {
        **{name: None if value is None else value / calls for name, value in sums.items()},
        "gil_releases": _gil_releases(observed, total.wall / calls),
        "native_threads": min(native_threads, usable_cores()) if native_threads > 1.0 else 1.0,
    }


def _total(measurement: Measurement, batches: _Batches) -> ClockReading:
    """Sum the readings, and correct the CPU time of the process for the sampler and for other Python threads."""
    readings = zip(*(batch.elapsed for _, batch in batches), strict=True)
    total = ClockReading(*(_sum(values) for values in readings))  # type: ignore[arg-type]
    measured = sum(batch.elapsed.wall for batch in measurement.batches)
    process = total.process - measurement.sampler_cpu * (total.wall / measured if measured else 0.0)
    return total._replace(
        wall=max(total.wall, 1e-9),
        children=None if total.children is None else max(0.0, total.children),  # one may have ended unnoticed
        thread=min(total.thread, total.wall),
        process=max(process, total.thread) if measurement.only_thread else total.thread,
    )


def _loop_blocked(batches: _Batches, wall: float) -> float | None:
    """Return seconds in which an event loop was blocked: 0 if that may be chance, None if it is unknown.

    A loop is blocked for a moment to start a child program, and for longer on a busy host.
    """
    seconds = [batch.loop_blocked for _, batch in batches if batch.loop_blocked is not None]
    if not seconds:
        return None
    total, number = sum(seconds), len(seconds)
    if number == 1:
        return total if total > _LOOP_BLOCKED_ONCE * wall else 0.0
    return total if total > max(LOOP_BLOCKED * wall, 2 * stdev(seconds) * sqrt(number)) else 0.0


def _preempted(total: ClockReading) -> float | None:
    """Return seconds in the run queue after losing the core, when a thread keeps the GIL, rather than after a wait."""
    if total.run_queue is None or total.switches is None or total.preemptions is None:
        return None
    events = total.switches + total.preemptions
    return total.run_queue * total.preemptions / events if events else 0.0


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _observations(measurement: Measurement, batches: _Batches) -> observer_process.Observations | None:
    found = [measurement.observed[window] for window, _ in batches if window in measurement.observed]
    return observer_process.Observations(*map(sum, zip(*found, strict=True))) if found else None


def _gil_held(
    measurement: Measurement, batches: _Batches, total: ClockReading, observed: observer_process.Observations | None
) -> tuple[float, float | None]:
    """Return seconds on a CPU with the GIL held, and seconds blocked with it held (None if not observed)."""
    if measurement.free_threaded:
        return 0.0, None
    if observed is not None and observed.instants + observed.missed:
        ready = total.thread + (total.run_queue or 0.0)
        taken = _taken_share(observed, ready / total.wall, only_thread=measurement.only_thread) * total.wall
        if taken <= ready:
            # A preempted thread keeps the GIL, so part of the time that it was taken was not spent on a core.
            kept = total.thread + (_preempted(total) or 0.0)
            return min(taken * (total.thread / kept if kept else 0.0), total.process), 0.0
        cpu = total.process + (total.run_queue or 0.0)
        blocked = taken - cpu
        return min(taken, total.process), blocked if blocked > _NOTICEABLE * total.wall else 0.0
    sampled = [measurement.sampled[window] for window, _ in batches if window in measurement.sampled]
    samples = sampler_thread.Samples(*map(sum, zip(*sampled, strict=True))) if sampled else None
    if samples is not None and samples.instants:
        return sampler_thread.held_share(samples, total.thread / total.wall) * total.wall, None
    # Nothing was seen in so short a time: Python code holds the GIL unless something else is known.
    return total.thread, None


def _taken_share(observed: observer_process.Observations, ready: float, *, only_thread: bool) -> float:
    """Return the share of wall time in which the GIL was taken, given the share in which the thread was ready.

    The instants missed behind the thread itself were all at times when it was ready: of the N instants in all, it was
    ready at ready·N, of which the missed ones say nothing. So P(taken | ready) = taken / (ready·N − missed).
    """
    taken = observed.taken if only_thread else observed.own
    if observed.missed < _NOTICEABLE * observed.instants:
        return taken / observed.instants
    seen = max(ready * (observed.instants + observed.missed) - observed.missed, taken)
    return ready * taken / seen if seen else ready


def _gil_releases(observed: observer_process.Observations | None, call_seconds: float) -> float | None:
    """Return GIL releases per call, from the changes of the lock word within bursts: a release is two changes."""
    if observed is None or not observed.watched:
        return None
    return observed.changes / 2 / observed.watched * call_seconds


def _standard_errors(measurement: Measurement, batches: _Batches, overall: dict[str, Any]) -> dict[str, float]:
    """Return standard errors by batch means: neighbours are grouped, so that what correlates stays together."""
    errors: dict[str, float] = {}
    groups = _groups(batches)
    if len(groups) > 1:
        figures = [_figures(measurement, group) for group in groups]
        for name in _SAMPLED:
            values = [group[name] for group in figures]
            if None not in values:
                errors[name] = stdev(values) / sqrt(len(values))
    minimum = _sampling_error(measurement, batches, overall)
    if minimum is not None:
        for name in ("gil_held", "gil_free"):
            errors[name] = max(errors.get(name, 0.0), minimum)
    return errors


def _groups(batches: _Batches) -> list[_Batches]:
    count = min(_GROUPS, len(batches))
    edges = [round(i * len(batches) / count) for i in range(count + 1)]
    return [batches[start:end] for start, end in pairwise(edges)]


def _sampling_error(measurement: Measurement, batches: _Batches, overall: dict[str, Any]) -> float | None:
    """Return the error of gil_held as a share of so many instants (Agresti and Coull's, never quite zero)."""
    if measurement.free_threaded:
        return None
    windows = [window for window, _ in batches]
    seen = [s for s in (measurement.observed.get(w) or measurement.sampled.get(w) for w in windows) if s is not None]
    instants, taken = sum(s.instants for s in seen), sum(s.taken for s in seen)
    share = (taken + 1) / (instants + 2)
    return sqrt(share * (1 - share) / (instants + 2)) * float(overall["wall"])


def _spread(batches: _Batches) -> float | None:
    """Return the coefficient of variation of the lengths of single calls; None if most were timed in batches."""
    lengths = [batch.elapsed.wall for _, batch in batches if batch.calls == 1]
    if len(lengths) < 2 or len(lengths) < len(batches) / 2:
        return None
    mean = fmean(lengths)
    return stdev(lengths) / mean if mean else None
