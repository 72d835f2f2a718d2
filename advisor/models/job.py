"""The job to plan for."""

from __future__ import annotations

from pydantic import Field

from advisor.input_limits import MAX_CALLS
from advisor.models.record import Record


class Job(Record):
    """The number of calls, and the conditions under which they run."""

    calls: int = Field(1000, ge=1, le=MAX_CALLS)
    shares_state: bool | None = Field(None, description="calls read and write common state")
    responsive: bool | None = Field(None, description="something else (a UI, a heartbeat) must go on meanwhile")
