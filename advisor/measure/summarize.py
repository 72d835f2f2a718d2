"""What was measured → where a call's time goes, with standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from advisor.host.platform import usable_cores
from advisor.measure import repeat_effects
from advisor.measure.gil import observer, sampler
from advisor.measure.meter import Record, Stretch
from advisor.models import GilSource

_GROUPS = 20
_NOTICEABLE = 0.03  # of wall time: less than this is the clocks' and the sampling's own noise
_ONCE = 0.3  # seconds that a first call may take for what others do not: to import, to connect, to fill caches
_ONLY_ONCE = 1.5  # times a short first call: how long the others are, it hardly tells
_SAMPLED = ("wall", "gil_held", "gil_free", "child_cpu", "wait")


@dataclass(frozen=True)
class Figures:
    """Seconds per call, as in Profile."""

    wall: float
    gil_held: float
    gil_free: float
    child_cpu: float | None
    wait: float
    gil_blocked: float | None
    gil_releases: float | None
    run_queue: float | None
    preempted: float | None
    native_threads: float
    switches: float | None


@dataclass(frozen=True)
class _Totals:
    """Sums over stretches, in seconds."""

    calls: int
    wall: float
    thread: float
    process: float
    children: float | None
    queued: float | None
    switches: float | None
    preemptions: float | None

    @property
    def preempted(self) -> float | None:
        """Seconds in line for a core after losing it, not after a wait: who lost it has the GIL still."""
        if self.queued is None or self.switches is None or self.preemptions is None:
            return None
        events = self.switches + self.preemptions
        return self.queued * self.preemptions / events if events else 0.0


def summarise(record: Record, inputs: int | None = None) -> dict[str, Any]:
    """The fields of Profile that come from clocks and samples: means without the first call when there are more.

    `inputs` is how many there were; where they are cheaper when they come again, only the first round counts.
    """
    rated = [(window, s) for window, s in enumerate(record.stretches) if s.calls]
    rated, repeated = _without_repeats(rated, inputs)
    first = rated[0][1]
    only_first = len(rated) == 1
    if not only_first:
        rated = rated[1:]
    figures = _figures(record, rated)
    errors = _standard_errors(record, rated, figures)
    if only_first:
        errors["wall"] = min(_ONCE, _ONLY_ONCE * figures.wall)
    return {
        **asdict(figures),
        "calls": sum(stretch.calls for _, stretch in rated),
        "first_call": first.passed.wall / first.calls,
        "repeated_call": repeated,
        "gil_source": _source(record, rated),
        "standard_error": errors,
        "spread": _spread(rated),
    }


def _without_repeats(
    rated: list[tuple[int, Stretch]], inputs: int | None
) -> tuple[list[tuple[int, Stretch]], float | None]:
    """The first round and the seconds of a call that repeats an input, where that is clearly cheaper; else all."""
    stretches = [stretch for _, stretch in rated]
    if inputs is None or not repeat_effects.is_cheaper_again(stretches, inputs):
        return rated, None
    count = repeat_effects.first_round(stretches, inputs)
    again = stretches[count:]
    return rated[:count], sum(one.passed.wall for one in again) / sum(one.calls for one in again)


def _source(record: Record, rated: Sequence[tuple[int, Stretch]]) -> GilSource | None:
    if record.free_threaded:
        return None
    if any(window in record.observed for window, _ in rated):
        return "observed"
    if record.counts_switches and any(window in record.sampled for window, _ in rated):
        return "sampled"
    return "estimated"


def _figures(record: Record, rated: Sequence[tuple[int, Stretch]]) -> Figures:
    totals = _totals(record, [stretch for _, stretch in rated])
    seen = _seen(record.observed, rated)
    queued, children = totals.queued or 0.0, totals.children or 0.0
    off_cpu = max(0.0, totals.wall - totals.thread - queued)
    others = totals.process - totals.thread
    if others > _NOTICEABLE * totals.wall and seen is not None and seen.looks >= 10:
        # Other threads compute too, beside this one or instead of it: only a look at all of them tells.
        wait = max(0.0, seen.idle / seen.looks * totals.wall - children)
    else:
        wait = max(0.0, off_cpu - children - others)
    held, blocked = _held(record, rated, totals, seen)
    busy = totals.wall - wait - queued
    computing = totals.process + children
    native = min(computing / busy, usable_cores()) if busy > _NOTICEABLE * totals.wall else 1.0
    # Looked at by chance, each on its own, they may come out as more than the whole; the lock is seen far more often.
    wait = min(max(wait, blocked or 0.0), max(0.0, totals.wall - held))
    n = totals.calls
    return Figures(
        wall=totals.wall / n,
        gil_held=held / n,
        gil_free=max(0.0, totals.process - held) / n,
        child_cpu=None if totals.children is None else totals.children / n,
        wait=wait / n,
        gil_blocked=None if blocked is None else blocked / n,
        gil_releases=_releases(seen, totals),
        run_queue=None if totals.queued is None else totals.queued / n,
        preempted=None if totals.preempted is None else totals.preempted / n,
        native_threads=max(1.0, native),
        switches=None if totals.switches is None else totals.switches / n,
    )


def _totals(record: Record, stretches: Sequence[Stretch]) -> _Totals:
    passed = [stretch.passed for stretch in stretches]
    wall = sum(p.wall for p in passed)
    thread = sum(p.thread for p in passed)
    everything = sum(s.passed.wall for s in record.stretches)
    process = sum(p.process for p in passed) - record.sampler_cpu * (wall / everything if everything else 0.0)
    return _Totals(
        sum(s.calls for s in stretches),
        max(wall, 1e-9),
        min(thread, wall),
        max(process, thread) if record.alone else thread,
        _sum(p.children for p in passed),
        _sum(p.run_queue for p in passed),
        _sum(p.switches for p in passed),
        _sum(p.preemptions for p in passed),
    )


def _sum(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _seen(tallies: dict[int, observer.Tally], rated: Sequence[tuple[int, Stretch]]) -> observer.Tally | None:
    found = [tallies[window] for window, _ in rated if window in tallies]
    total = None
    for tally in found:
        total = tally if total is None else total + tally
    return total


def _held(
    record: Record, rated: Sequence[tuple[int, Stretch]], totals: _Totals, seen: observer.Tally | None
) -> tuple[float, float | None]:
    """Seconds on a CPU with the GIL held, and seconds blocked with it held (None when that was not looked for)."""
    if record.free_threaded:
        return 0.0, None
    if seen is not None and seen.instants + seen.missed:
        ready = totals.thread + (totals.queued or 0.0)
        locked = _locked(seen, ready / totals.wall, alone=record.alone) * totals.wall
        if locked <= ready:
            # Who is preempted keeps the GIL: of the time that it was taken, so much was not spent on a core.
            kept = totals.thread + (totals.preempted or 0.0)
            return min(locked * (totals.thread / kept if kept else 0.0), totals.process), 0.0
        cpu = totals.process + (totals.queued or 0.0)
        blocked = locked - cpu
        return min(locked, totals.process), blocked if blocked > _NOTICEABLE * totals.wall else 0.0
    total = None
    for window, _ in rated:
        if window in record.sampled:
            total = record.sampled[window] if total is None else total + record.sampled[window]
    if total is not None and total.instants:
        return sampler.held_share(total, totals.thread / totals.wall) * totals.wall, None
    # Nothing was seen in so short a time: Python code holds the GIL unless something else is known.
    return totals.thread, None


def _locked(seen: observer.Tally, ready: float, *, alone: bool) -> float:
    """The share of wall time in which the lock was taken, when the thread was on a core or in line for one for `ready`.

    The instants missed behind the thread itself were all at times when it was ready: of the N instants in all, it was
    ready at ready·N, of which the missed ones say nothing. So P(taken | ready) = taken / (ready·N − missed).
    """
    taken = seen.taken if alone else seen.own
    if seen.missed < _NOTICEABLE * seen.instants:
        return taken / seen.instants
    looked = max(ready * (seen.instants + seen.missed) - seen.missed, taken)
    return ready * taken / looked if looked else ready


def _releases(seen: observer.Tally | None, totals: _Totals) -> float | None:
    """GIL releases per call, from the changes of the lock word within bursts: a release is two changes."""
    if seen is None or not seen.watched:
        return None
    return seen.changes / 2 / seen.watched * totals.wall / totals.calls


def _standard_errors(record: Record, rated: Sequence[tuple[int, Stretch]], overall: Figures) -> dict[str, float]:
    """Batch means: the stretches in up to 20 groups of neighbours, so that what correlates stays together."""
    errors: dict[str, float] = {}
    groups = _groups(rated)
    if len(groups) > 1:
        each = [_figures(record, group) for group in groups]
        for name in _SAMPLED:
            values = [getattr(figures, name) for figures in each]
            if None not in values:
                errors[name] = stdev(values) / sqrt(len(values))
    floor = _sampling_error(record, rated, overall)
    if floor is not None:
        for name in ("gil_held", "gil_free"):
            errors[name] = max(errors.get(name, 0.0), floor)
    return errors


def _groups(rated: Sequence[tuple[int, Stretch]]) -> list[Sequence[tuple[int, Stretch]]]:
    count = min(_GROUPS, len(rated))
    edges = [round(i * len(rated) / count) for i in range(count + 1)]
    return [rated[a:b] for a, b in pairwise(edges)]


def _sampling_error(record: Record, rated: Sequence[tuple[int, Stretch]], overall: Figures) -> float | None:
    """Of gil_held: that of a share found by looking at so many instants (Agresti and Coull's, never quite zero)."""
    if record.free_threaded:
        return None
    seen = [t for t in (record.observed.get(w) or record.sampled.get(w) for w, _ in rated) if t is not None]
    instants, taken = sum(t.instants for t in seen), sum(t.taken for t in seen)
    share = (taken + 1) / (instants + 2)
    return sqrt(share * (1 - share) / (instants + 2)) * overall.wall


def _spread(rated: Sequence[tuple[int, Stretch]]) -> float | None:
    """Coefficient of variation of the lengths of single calls; None when they were only timed in batches."""
    lengths = [stretch.passed.wall for _, stretch in rated if stretch.calls == 1]
    if len(lengths) < 2 or len(lengths) < len(rated) / 2:
        return None
    mean = fmean(lengths)
    return stdev(lengths) / mean if mean else None
