"""Records that the journal returns. Times are seconds since the epoch."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from advisor.models import Advice, Range, Record, Strategy


class JournalEntry(Record):
    """Advice that was given."""

    id: str
    first_asked: float
    last_asked: float = Field(description="to the hour")
    version: str = Field(description="of advisor")
    question: dict[str, Any] = Field(description="as it was sent, without null fields")
    advice: Advice


class Outcome(Record):
    """The reported time of a job, and the prediction for it."""

    advice_id: str
    reported: float
    strategy: Strategy
    workers: int
    calls: int
    seconds: float
    sequential_seconds: float | None = Field(None, description="of the same job, one call after the other")
    note: str | None = None
    predicted: Range | None = Field(None, description="seconds; None where nothing was predicted")
