"""Advice kept in the journal, and reported outcomes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from flask import Blueprint, Response, current_app, request
from pydantic import BaseModel, ConfigDict, Field

from advisor.errors import JournalError, UsageError
from advisor.input_limits import MAX_CALLS, MAX_NOTE
from advisor.journal import DISABLED, open_journal
from advisor.journal.records import Outcome
from advisor.models import Strategy
from advisor.service.errors import FieldError, ProblemError, make_problem, problem_response
from advisor.service.metrics import count_journal_event
from advisor.service.openapi import BODY_PROBLEMS, JSON, Operation, operation
from advisor.service.response_cache import AdviceResponse
from advisor.service.schemas import parse_as, read_body

if TYPE_CHECKING:
    from advisor.journal.journal import Journal
    from advisor.service.settings import Settings

RETRY_AFTER = 5  # seconds: when a request that needs a lost journal may be sent again

blueprint = Blueprint("journal", __name__)

Seconds = Annotated[float, Field(ge=1e-9, le=1e9)]  # below the resolution of any clock


class OutcomeReport(BaseModel):
    """The outcome of a job; fields that are left out were as advised."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="forbid")

    seconds: Seconds = Field(description="of the whole job, as measured")
    calls: int | None = Field(None, ge=1, le=MAX_CALLS, description="of the job that was measured")
    strategy: Strategy | None = Field(None, description="that was used; required where the advice was undecided")
    workers: int | None = Field(None, ge=1, le=10**6, description="required for a strategy that was not considered")
    sequential_seconds: Seconds | None = Field(None, description="of the same job, one call after the other")
    note: Annotated[str, Field(max_length=MAX_NOTE, pattern=r"^[^\x00]*$")] | None = Field(
        None, description="visible to everyone who can see the outcomes"
    )


class JournaledAdvice(AdviceResponse):
    """Advice from the journal, with its question."""

    question: dict[str, Any] = Field(description="the body of the request, without fields that were left out")


class Outcomes(BaseModel):
    """Predicted and reported times, the newest first."""

    outcomes: list[Outcome] = Field(description="at most 1,000")
    compared: int = Field(description="number of outcomes with a prediction")
    within: float | None = Field(description="share of those that lie within the predicted 90 % interval")
    ratio: float | None = Field(description="median of reported / predicted seconds")


@blueprint.get("/v1/advice/<string(length=24):id>")
@operation(Operation(response=JournaledAdvice, problems=(404, 405, 503)))
def journaled_advice(id: str) -> Response:
    """Return advice as it was given, with its question: a link to share.

    The journal keeps it for as long as the server's settings say, counted from its last request.
    """
    entry = _journal().advice(id)
    if entry is None:
        raise _not_found()
    document = JournaledAdvice(**dict(entry.advice), id=id, question=entry.question)
    return Response(document.model_dump_json(), content_type=JSON)


@blueprint.post("/v1/advice/<string(length=24):id>/outcome")
@operation(Operation(body=OutcomeReport, response=Outcome, problems=(*BODY_PROBLEMS, 404, 503), success=201))
def report_outcome(id: str) -> Response:
    """Report the outcome of a job.

    The response comes once the report is in the database, with what was predicted for the same strategy and workers.
    After a 503 it may be sent again.
    """
    report = parse_as(OutcomeReport, read_body(request), "The body is not a valid outcome.")
    try:
        outcome = _journal().report(id, **report.model_dump())
    except UsageError as error:
        raise ProblemError(422, str(error), [FieldError(field=error.field, message=str(error))]) from error
    if outcome is None:
        raise _not_found()
    return Response(outcome.model_dump_json(), 201, content_type=JSON)


@blueprint.get("/v1/outcomes")
@operation(Operation(response=Outcomes, problems=(404, 503)))
def outcomes() -> Response:
    """Return predicted and reported times, the newest first."""
    return Response(accuracy(_journal().outcomes()).model_dump_json(), content_type=JSON)


@blueprint.errorhandler(JournalError)
def handle_journal_error(_: JournalError) -> Response:
    """Answer 503. The database's own message may name hosts and users, and goes to the log only."""
    response = problem_response(make_problem(503, "The journal is not available. Try again in a few seconds."))
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def open_app_journal(settings: Settings) -> Journal | None:
    address = settings.journal.get_secret_value()
    if address == DISABLED:
        return None
    return open_journal(
        address,
        descriptions=settings.journal_descriptions,
        keep_days=settings.journal_days,
        on_event=count_journal_event,
    )


def journal_status() -> Literal["off", "ok", "lost"]:
    """Return the state of the journal, as an immediate check finds it."""
    journal: Journal | None = current_app.extensions["journal"]
    if journal is None:
        return "off"
    journal.probe()
    return "lost" if journal.lost else "ok"


def accuracy(outcomes: Sequence[Outcome]) -> Outcomes:
    """Compare reported times with the predicted ones."""
    compared = [(outcome.seconds, outcome.predicted) for outcome in outcomes if outcome.predicted is not None]
    within = [predicted.low <= seconds <= predicted.high for seconds, predicted in compared]
    ratios = [seconds / predicted.expected for seconds, predicted in compared if predicted.expected > 0]
    return Outcomes(
        outcomes=list(outcomes),
        compared=len(compared),
        within=sum(within) / len(within) if within else None,
        ratio=statistics.median(ratios) if ratios else None,
    )


def _journal() -> Journal:
    """Return the journal of the application. Raises ProblemError where it has none."""
    journal: Journal | None = current_app.extensions["journal"]
    if journal is None:
        raise ProblemError(404, "This server keeps no journal.")
    return journal


def _not_found() -> ProblemError:
    return ProblemError(404, "No such advice in the journal. Advice is removed some time after its last use.")
