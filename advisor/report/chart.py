"""Geometry of the chart of predicted speed-ups; the template `chart.svg` draws it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from advisor.models import Advice, Curve, Point, Strategy
from advisor.report.formatting import count, counted, kind, times, times_range, workers

WIDE = 760  # px
NARROW = 340  # px, for a telephone
_LETTER = 7.2  # px, approximate width of a letter in a label
_MAX_ROWS = 40  # of the table
_MAX_MARKERS = 9  # on one line
_LINEAR_UP_TO = 16  # workers; beyond, a linear axis would squeeze small numbers together
_TICK_ROOM = 24.0  # px between two ticks of the workers
_LABEL_ROOM = 16.0  # px between two labels of lines

Scale = Callable[[float], float]  # from a value to its position


class Label(NamedTuple):
    """A text at a position."""

    x: float
    y: float
    text: str
    anchor: str = "start"


class Line(NamedTuple):
    """A strategy's curve: its line, the band of its intervals, its markers with their values, and its name."""

    strategy: Strategy
    line: str
    band: str
    markers: list[Label]
    name: Label


class Advised(NamedTuple):
    """The advised point with its interval."""

    x: float
    y: float
    low: float
    high: float
    label: Label


@dataclass(frozen=True)
class Chart:
    """Everything that the template draws, in pixels."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    parity: float  # the height of 1×
    x_ticks: list[Label]
    y_ticks: list[Label]
    lines: list[Line]
    cores: Label | None
    advised: Advised | None


def feasible(curves: Sequence[Curve]) -> dict[Strategy, list[Point]]:
    """Return the feasible points of each strategy that has any. The plain loop is the line at 1×, not a curve."""
    points = {
        curve.strategy: sorted((point for point in curve.points if point.feasible), key=lambda point: point.workers)
        for curve in curves
        if curve.strategy != "sequential"
    }
    return {strategy: found for strategy, found in points.items() if found}


def draw(advice: Advice, curves: Sequence[Curve], width: float = WIDE) -> Chart:
    """Lay out the chart for a width."""
    drawn = _until_flat(feasible(curves), advice)
    height = round(min(340.0, max(260.0, width * 0.48)))
    names = max((len(kind(strategy)) for strategy in drawn), default=0) * _LETTER + 16
    left, right, top, bottom = 42.0, max(width - names, 120.0), 42.0, height - 44.0
    points = [point for found in drawn.values() for point in found]
    most = max((point.workers for point in points), default=2)
    highest = max(1.6, *(point.speedup.expected for point in points), 0.0) * 1.18
    across = _worker_scale(most, left + 8, right)

    def up(speedup: float) -> float:
        return round(bottom - min(speedup, highest) / highest * (bottom - top), 1)

    names_at = _spread([up(found[-1].speedup.expected) + 4 for found in drawn.values()], top + 4, bottom)
    return Chart(
        width=width,
        height=height,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        parity=up(1.0),
        x_ticks=[Label(across(tick), bottom + 19, count(tick), "middle") for tick in _worker_ticks(most, across)],
        y_ticks=[Label(left - 6, up(tick), f"{tick:g}×", "end") for tick in _round_ticks(highest, (bottom - top) / 45)],
        lines=[_line(*item, across, up, name_at) for item, name_at in zip(drawn.items(), names_at, strict=True)],
        cores=_cores(advice.machine.cores, left, across) if advice.machine.cores <= most else None,
        advised=_advised(advice, across, up, (left, right, top)) if drawn else None,
    )


def caption(advice: Advice, curves: Sequence[Curve]) -> str:
    """Describe the chart in words."""
    drawn = feasible(curves)
    infeasible = [curve.strategy for curve in curves if curve.strategy not in (*drawn, "sequential")]
    said = []
    for strategy, points in drawn.items():
        most = max(point.speedup.expected for point in points)
        best = next(point for point in points if point.speedup.expected * 1.02 >= most)
        said.append(f"{kind(strategy)} reach {times(best.speedup.expected)} with {count(best.workers)}")
    if infeasible:
        said.append(f"{' and '.join(map(kind, infeasible))} cannot be used")
    scope = f"for {counted(advice.job.calls, 'call')} on {counted(advice.machine.cores, 'core')}"
    return f"Predicted speed-up {scope}: {'; '.join(said) or 'no pool can be used'}. Bands are 90 % intervals."


class Row(NamedTuple):
    """The points of all curves at one number of workers; None where a curve has none."""

    workers: int
    points: list[Point | None]


def rows(drawn: Mapping[Strategy, Sequence[Point]]) -> list[Row]:
    """Return the curves as the rows of a table."""
    by_workers = [{point.workers: point for point in points} for points in drawn.values()]
    numbers = sorted({number for points in by_workers for number in points})
    step = 1.0
    while len(numbers) > _MAX_ROWS:  # the small numbers one by one, the large ones ever further apart
        step *= 1.1
        numbers = _at_least_apart(numbers, step)
    return [Row(number, [points.get(number) for points in by_workers]) for number in numbers]


def _at_least_apart(numbers: Sequence[int], factor: float) -> list[int]:
    kept = [numbers[0]]
    for number in numbers[1:]:
        if number >= kept[-1] * factor or number == numbers[-1]:
            kept.append(number)
    return kept


def _until_flat(drawn: dict[Strategy, list[Point]], advice: Advice) -> dict[Strategy, list[Point]]:
    """Cut the curves where more workers gain nothing: beyond, the lines are flat."""
    limit = max(8.0, 4.0 * advice.machine.cores, 2.0 * advice.workers)
    for points in drawn.values():
        most = max(point.speedup.expected for point in points)
        limit = max(limit, 1.5 * next(p.workers for p in points if p.speedup.expected >= 0.98 * most))
    cut = {strategy: [point for point in points if point.workers <= limit] for strategy, points in drawn.items()}
    return {strategy: points for strategy, points in cut.items() if points}


def _worker_scale(most: int, left: float, right: float) -> Scale:
    place: Scale = math.log2 if most > _LINEAR_UP_TO else float
    span = max(place(most) - place(1), 1e-9)
    return lambda number: round(left + (place(number) - place(1)) / span * (right - left), 1)


def _worker_ticks(most: int, across: Scale) -> list[int]:
    """Return every number of workers or, for many, the powers of two, without those that are too close."""
    ticks = list(range(1, most + 1))
    if most > _LINEAR_UP_TO:
        ticks = [2**power for power in range(most.bit_length())]
        ticks += [most] if most > 1.3 * ticks[-1] else []
    kept = ticks[:1]
    for tick in ticks[1:]:
        if across(tick) - across(kept[-1]) >= _TICK_ROOM:
            kept.append(tick)
    return kept


def _round_ticks(highest: float, about: float) -> list[float]:
    """Return about so many round numbers from zero."""
    rough = highest / max(4.0, math.floor(about))
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [index * step for index in range(math.floor(highest / step) + 1)]


def _line(
    strategy: Strategy,
    points: list[Point],
    across: Scale,
    up: Scale,
    name_at: float,
) -> Line:
    places = [(across(point.workers), up(point.speedup.expected)) for point in points]
    upper = [(x, up(point.speedup.high)) for (x, _), point in zip(places, points, strict=True)]
    lower = [(x, up(point.speedup.low)) for (x, _), point in zip(places, points, strict=True)]
    every = math.ceil(len(points) / _MAX_MARKERS)
    marked = [index for index in range(len(points)) if (len(points) - 1 - index) % every == 0]
    markers = [Label(*places[index], _value(strategy, points[index])) for index in marked]
    name = Label(places[-1][0] + 9, name_at, kind(strategy))
    return Line(strategy, _path(places), _path([*upper, *reversed(lower)]), markers, name)


def _value(strategy: Strategy, point: Point) -> str:
    return f"{workers(strategy, point.workers)}: {times(point.speedup.expected)} ({times_range(point.speedup)})"


def _path(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)


def _cores(number: int, left: float, across: Scale) -> Label:
    text = counted(number, "core")
    return Label(across(number), max(across(number), left + len(text) * _LETTER / 2), text)


def _advised(
    advice: Advice,
    across: Scale,
    up: Scale,
    frame: tuple[float, float, float],
) -> Advised | None:
    if advice.recommendation == "undecided" or advice.recommendation == "sequential" or advice.speedup is None:
        return None
    left, right, top = frame
    x, y = across(advice.workers), up(advice.speedup.expected)
    text = f"{workers(advice.recommendation, advice.workers)}: {times(advice.speedup.expected)}"
    width = len(text) * _LETTER
    if x - 12 - width > left:  # where rising lines leave room
        label = Label(x - 12, y - 9, text, "end")
    else:
        middle = min(max(x, left + width / 2), right - width / 2)
        label = Label(middle, y - 14 if y - 14 > top + 10 else y + 26, text, "middle")
    return Advised(x, y, up(advice.speedup.low), up(advice.speedup.high), label)


def _spread(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Place labels near their positions, apart from each other and within the limits."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = list(wanted)
    least = top
    for index in order:
        placed[index] = max(placed[index], least)
        least = placed[index] + _LABEL_ROOM
    most = bottom
    for index in reversed(order):
        placed[index] = min(placed[index], most)
        most = placed[index] - _LABEL_ROOM
    return placed
