"""The base of every record, and the types that their fields share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from advisor.input_limits import MAX_TEXT


def _encodable(value: object) -> object:
    """Replace lone surrogates, as in file names that are not UTF-8, with escapes: JSON cannot encode them."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


Seconds = Annotated[float, Field(ge=0, le=1e9)]
JobSeconds = Annotated[float, Field(ge=0, le=1e30)]  # the longest call, the largest job
Bytes = Annotated[float, Field(ge=0, le=1e18)]
Text = Annotated[str, BeforeValidator(_encodable), Field(max_length=MAX_TEXT)]  # may come from a user's program


class Record(BaseModel):
    """A frozen model of finite numbers, which ignores the unknown fields of a newer version."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="ignore")


class Range(Record):
    """An estimate with its 90 % interval."""

    low: JobSeconds
    expected: JobSeconds
    high: JobSeconds
