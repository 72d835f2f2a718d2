"""The base of every record, and the types that their fields share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from advisor.input_limits import MAX_TEXT

Seconds = Annotated[float, Field(ge=0, le=1e9)]
JobSeconds = Annotated[float, Field(ge=0, le=1e30)]  # the longest call, the largest job
Bytes = Annotated[float, Field(ge=0, le=1e18)]
Text = Annotated[str, Field(max_length=MAX_TEXT)]


class Record(BaseModel):
    """A frozen model of finite numbers, which ignores the unknown fields of a newer version."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="ignore")


class Range(Record):
    """An estimate with its 90 % interval."""

    low: JobSeconds
    expected: JobSeconds
    high: JobSeconds
