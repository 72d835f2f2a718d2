"""The predicted speed-up of every strategy over its workers."""

from __future__ import annotations

from pydantic import Field

from advisor.models.record import Range, Record
from advisor.models.strategies import Strategy


class Point(Record):
    """Prediction for the whole job with this many workers."""

    workers: int = Field(ge=1)
    chunk: int = Field(ge=1, description="calls per task sent to a worker")
    seconds: Range
    speedup: Range = Field(description="against the plain loop")
    feasible: bool


class Curve(Record):
    """One strategy with increasing numbers of workers; the plain loop is a single point."""

    strategy: Strategy
    points: tuple[Point, ...]
