"""The predicted speed-up of every strategy over its workers, for the chart on the page."""

from __future__ import annotations

from pydantic import BaseModel

from advisor import display
from advisor.models import Advice, Curve


class Curves(BaseModel):
    """The response to `POST /v1/curves`. There are no curves where the description says too little."""

    curves: tuple[Curve, ...]
    advice: Advice


def make_curves(advice: Advice) -> Curves:
    return Curves(curves=display.curves(advice), advice=advice)
