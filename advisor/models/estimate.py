"""The predicted time of a job."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from advisor.models.machine import StartMethod
from advisor.models.record import JobSeconds, Range, Record
from advisor.models.strategies import Strategy


class Estimate(Record):
    """The predicted time of the whole job under one strategy with one worker count."""

    strategy: Strategy
    workers: int = Field(ge=1)
    chunk: int = Field(1, ge=1, description="calls per task sent to a worker")
    start_method: StartMethod | None = Field(
        None, description="of worker processes, if the host's own would not be safe; None means the host's own"
    )
    seconds: Range
    bottleneck: Literal["gil", "cores", "parent", "wait", "start-up"] = Field(description="what limits it")
    start_up: JobSeconds = Field(0.0, description="part of `seconds` spent starting and ending the pool")
    memory: Annotated[float, Field(ge=0)] | None = Field(None, description="bytes the workers need at their peak")
    feasible: bool = True
    why: str = Field("", description="what limits it, or why it cannot be done")
    limit: Annotated[float, Field(gt=0)] | None = Field(
        None, description="upper bound of the speed-up that `why` names"
    )
    max_speedup: Annotated[float, Field(gt=0)] | None = Field(
        None, description="upper bound of the speed-up, including the uncertainty of the limit"
    )
    tolerance: float = Field(
        1.02,
        ge=1,
        description="an estimate within this factor of the fastest counts as equally fast if it uses fewer workers",
    )
