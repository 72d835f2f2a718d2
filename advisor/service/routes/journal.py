"""The views on what was advised before, and on what it brought."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from flask import Blueprint, Response, current_app, request
from pydantic import BaseModel, ConfigDict, Field

from advisor.errors import JournalError, UsageError
from advisor.journal import DISABLED, open_journal
from advisor.journal.models import Outcome
from advisor.limits import MAX_CALLS, MAX_NOTE
from advisor.models import Strategy
from advisor.service.errors import CONTENT_TYPE, Fault, ProblemError, problem
from advisor.service.metrics import journaled
from advisor.service.openapi import JSON, READING, Operation, described
from advisor.service.response_cache import Given
from advisor.service.schemas import parse_as, read_body

if TYPE_CHECKING:
    from advisor.journal.journal import Journal
    from advisor.service.settings import Settings

RETRY_AFTER = 5  # seconds, after which a lost journal is asked again

views = Blueprint("journal", __name__)

Seconds = Annotated[float, Field(ge=1e-9, le=1e9)]  # no clock tells less


class Report(BaseModel):
    """What a job really took; what is left out was as advised."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="forbid")

    seconds: Seconds = Field(description="of the whole job, as measured")
    calls: int | None = Field(None, ge=1, le=MAX_CALLS, description="of the job that was measured")
    strategy: Strategy | None = Field(None, description="how it was done; needed where the advice was undecided")
    workers: int | None = Field(None, ge=1, le=10**6, description="needed for a strategy that was not considered")
    sequential_seconds: Seconds | None = Field(None, description="of the same job, one call after the other")
    note: Annotated[str, Field(max_length=MAX_NOTE, pattern=r"^[^\x00]*$")] | None = Field(
        None, description="shown to whoever may see the outcomes"
    )


class Kept(Given):
    """Advice as it is kept."""

    question: dict[str, Any] = Field(description="what was asked, without what was left out")


class Outcomes(BaseModel):
    """Predicted against reported, the newest first."""

    outcomes: list[Outcome] = Field(description="at most 1,000")
    compared: int = Field(description="those of which something was predicted")
    within: float | None = Field(description="share of those that lie within the predicted 90 % interval")
    ratio: float | None = Field(description="median of reported / predicted seconds")


@views.get("/v1/advice/<string(length=24):id>")
@described(Operation(answer=Kept, problems=(404, 405, 503)))
def kept_advice(id: str) -> Response:
    """The advice as it was given, with its question: a link to share

    It is kept for as long as the server was told to, counted from when it was last asked for.
    """
    entry = journal().advice(id)
    if entry is None:
        raise _no_such_advice()
    kept = Kept(**dict(entry.advice), id=id, question=entry.question)
    return Response(kept.model_dump_json(), content_type=JSON)


@views.post("/v1/advice/<string(length=24):id>/outcome")
@described(Operation(body=Report, answer=Outcome, problems=(*READING, 404, 503), success=(201, "Kept")))
def report(id: str) -> Response:
    """What the job really took

    It is answered once it is in the database, together with what was predicted for just that way of doing it. After a
    503 it may be sent again.
    """
    reported = parse_as(Report, read_body(request), "The body is not an outcome.")
    try:
        outcome = journal().report(id, **reported.model_dump())
    except UsageError as error:
        raise ProblemError(422, str(error), [Fault(field=error.field, message=str(error))]) from error
    if outcome is None:
        raise _no_such_advice()
    return Response(outcome.model_dump_json(), 201, content_type=JSON)


@views.get("/v1/outcomes")
@described(Operation(answer=Outcomes, problems=(404, 503)))
def outcomes() -> Response:
    """Predicted against reported, the newest first"""
    return Response(compared(journal().outcomes()).model_dump_json(), content_type=JSON)


@views.errorhandler(JournalError)
def lost(error: JournalError) -> Response:
    """What the database says is for the log."""
    document = problem(503, "The journal does not answer at the moment. Try again in a few seconds.")
    headers = {"Retry-After": str(RETRY_AFTER)}
    return Response(document.model_dump_json(), 503, headers, content_type=CONTENT_TYPE)


def journal_of(settings: Settings) -> Journal | None:
    address = settings.journal.get_secret_value()
    if address == DISABLED:
        return None
    return open_journal(
        address,
        descriptions=settings.journal_descriptions,
        keep_days=settings.journal_days,
        on_event=journaled,
    )


def journal() -> Journal:
    """This application's; a ProblemError where it has none."""
    known: Journal | None = current_app.extensions["journal"]
    if known is None:
        raise ProblemError(404, "This server keeps no journal.")
    return known


def journal_state() -> Literal["off", "ok", "lost"]:
    """As a look at it shows; a lost journal does not keep the service from answering."""
    known: Journal | None = current_app.extensions["journal"]
    if known is None:
        return "off"
    known.probe()
    return "lost" if known.lost else "ok"


def compared(found: Sequence[Outcome]) -> Outcomes:
    known = [(outcome.seconds, outcome.predicted) for outcome in found if outcome.predicted is not None]
    within = [predicted.low <= seconds <= predicted.high for seconds, predicted in known]
    ratios = [seconds / predicted.expected for seconds, predicted in known if predicted.expected > 0]
    return Outcomes(
        outcomes=list(found),
        compared=len(known),
        within=sum(within) / len(within) if within else None,
        ratio=statistics.median(ratios) if ratios else None,
    )


def _no_such_advice() -> ProblemError:
    return ProblemError(404, "No such advice is kept. It may have been removed, as it was long not asked for.")
