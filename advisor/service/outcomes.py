"""The page on which predicted and reported seconds can be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, current_app, render_template

from advisor import __version__, figures
from advisor.errors import JournalError
from advisor.journal.records import Outcome
from advisor.records import Range, Strategy
from advisor.service.journaling import compared

views = Blueprint("outcomes", __name__)

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 76, 624, 16, 344  # of the field in the picture
MOST_TICKS = 7
STEPS = (1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Tick:
    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    low: float
    high: float
    strategy: Strategy
    text: str


@dataclass(frozen=True)
class Picture:
    """Reported over predicted seconds, both on the same logarithmic axis: what came as predicted is on the diagonal."""

    points: list[Point]
    ticks: list[Tick]


@views.get("/outcomes")
def page() -> tuple[str, int]:
    journal = current_app.extensions["journal"]
    try:
        found = [] if journal is None else journal.outcomes()
        status = 200
    except JournalError:
        found, status = [], 503
    rendered = render_template(
        "outcomes.html",
        version=__version__,
        state="off" if journal is None else "lost" if status == 503 else "ok",
        summary=compared(found),
        picture=picture_of(found),
        figures=figures,
        day=day,
        size=(WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM),
    )
    return rendered, status


def picture_of(outcomes: Sequence[Outcome]) -> Picture | None:
    """None where there is nothing to compare."""
    known = [(one, one.predicted) for one in outcomes if one.predicted is not None and one.predicted.low > 0]
    if not known:
        return None
    every = [value for one, predicted in known for value in (one.seconds, predicted.low, predicted.high)]
    lowest, highest = math.log10(min(every)) - 0.1, math.log10(max(every)) + 0.1

    def across(seconds: float) -> float:
        return round(LEFT + (math.log10(seconds) - lowest) / (highest - lowest) * (RIGHT - LEFT), 1)

    def up(seconds: float) -> float:
        return round(BOTTOM - (math.log10(seconds) - lowest) / (highest - lowest) * (BOTTOM - TOP), 1)

    points = [
        Point(
            x=across(predicted.expected),
            y=up(one.seconds),
            low=across(predicted.low),
            high=across(predicted.high),
            strategy=one.strategy,
            text=f"{figures.crew(one.strategy, one.workers)}: predicted {between(predicted)}, "
            f"took {figures.duration(one.seconds)}",
        )
        for one, predicted in known
    ]
    round_ones = round_between(lowest, highest)
    return Picture(points, [Tick(across(one), up(one), figures.duration(one)) for one in round_ones])


def round_between(lowest: float, highest: float) -> list[float]:
    """Round figures, not too many, between two powers of ten."""
    exponents = range(math.floor(lowest), math.ceil(highest) + 1)
    every = [step * 10.0**exponent for exponent in exponents for step in STEPS]
    inside = [value for value in every if lowest <= math.log10(value) <= highest]
    if len(inside) <= MOST_TICKS:
        return inside
    powers = [value for value in inside if math.log10(value).is_integer()]
    return powers[:: math.ceil(len(powers) / MOST_TICKS)]


def between(seconds: Range) -> str:
    return f"{figures.duration(seconds.expected)} ({figures.duration(seconds.low)} to {figures.duration(seconds.high)})"


def day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
