"""The predicted speed-up of every strategy over its workers, for the chart on the page."""

from __future__ import annotations

from itertools import groupby

from pydantic import BaseModel, Field

from advisor import api
from advisor.decide.confidence import speedups
from advisor.models import Advice, Range, Strategy


class Point(BaseModel):
    """Prediction for the whole job with this many workers."""

    workers: int = Field(ge=1)
    chunk: int = Field(ge=1, description="calls per task sent to a worker")
    seconds: Range
    speedup: Range = Field(description="against the plain loop")
    feasible: bool


class Curve(BaseModel):
    """One strategy with increasing numbers of workers; the plain loop is a single point."""

    strategy: Strategy
    points: list[Point]


class Curves(BaseModel):
    """The response to `POST /v1/curves`. There are no curves where the description says too little."""

    curves: list[Curve]
    advice: Advice


def make_curves(advice: Advice) -> Curves:
    if advice.profile is None:
        return Curves(curves=[], advice=advice)
    estimates = api.curves(advice)
    points_of_all = zip(estimates, speedups(advice, estimates), strict=True)
    return Curves(
        curves=[
            Curve(
                strategy=strategy,
                points=[
                    Point(
                        workers=estimate.workers,
                        chunk=estimate.chunk,
                        seconds=estimate.seconds,
                        speedup=speedup,
                        feasible=estimate.feasible,
                    )
                    for estimate, speedup in points
                ],
            )
            for strategy, points in groupby(points_of_all, key=lambda pair: pair[0].strategy)
        ],
        advice=advice,
    )
