"""Errors as problem documents (RFC 9457), made in this one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from flask import Flask, Response, current_app, g, request
from pydantic import BaseModel, Field
from werkzeug.exceptions import HTTPException

from advisor.errors import AdvisorError, MissingExtraError

CONTENT_TYPE = "application/problem+json"

_MOST_FAULTS = 50
_TITLES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}  # RFC 9110's words
_KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")


def without_null(schema: dict[str, Any]) -> None:
    """Publishes a field that may be left out, and is never null, as that."""
    schema.pop("default", None)
    given, _ = schema.pop("anyOf")
    schema.update(given)


class Fault(BaseModel):
    """A field that is wrong, and why."""

    field: str = Field(description="dotted path in the body, such as 'profile.wall'; empty for the body itself")
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it; `request_id` and `errors` are our extensions."""

    type: str = Field("about:blank", description="about:blank: the status says all")
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    instance: str = Field(
        description="the path that was asked for; in a batch with the place of the subject; empty if it was not read"
    )
    request_id: str | None = Field(
        None,
        description="the X-Request-ID of the answer, which the log has too",
        exclude_if=lambda request_id: request_id is None,
        json_schema_extra=without_null,
    )
    errors: list[Fault] | None = Field(
        None,
        description="the offending fields, where fields are at fault",
        exclude_if=lambda errors: errors is None,
        json_schema_extra=without_null,
    )


@dataclass
class ProblemError(Exception):
    """Ends a request with this problem."""

    status: int
    detail: str
    faults: Sequence[Fault] = ()


def answer_errors_of(app: Flask) -> None:
    """Make every error of this application end as a problem document."""

    @app.errorhandler(HTTPException)
    def protocol(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return error.get_response()  # type: ignore[return-value]  # a redirect, which is no error
        response = _sent(problem_of(error))
        for name, value in error.get_headers():
            if name in _KEPT_HEADERS:
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def any_other(error: Exception) -> Response:
        return _sent(problem_of(error))


def problem_of(error: Exception, place: str = "") -> Problem:
    """The document that tells the client of an error; what nobody foresaw is logged, and told nothing of.

    `place` is the fragment that says which part of the body it is about, where the others are answered.
    """
    if isinstance(error, ProblemError):
        return problem(error.status, error.detail, error.faults, place)
    if isinstance(error, HTTPException):
        status = error.code or 500
        return problem(status, _protocol_detail(status) or error.description or "", (), place)
    if isinstance(error, AdvisorError):
        return problem(501 if isinstance(error, MissingExtraError) else 422, str(error), (), place)
    current_app.logger.error(
        "could not answer %s %s",
        request.method,
        request.path,
        exc_info=error,
        extra={"request_id": g.get("request_id")},
    )
    return problem(500, DETAILS[500], (), place)


def title_of(status: int) -> str:
    """In RFC 9110's words, of which older Pythons have others."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def problem(status: int, detail: str, faults: Sequence[Fault] = (), place: str = "") -> Problem:
    return Problem(
        title=title_of(status),
        status=status,
        detail=detail,
        instance=quote(request.path) + place,
        request_id=g.get("request_id"),
        errors=list(faults[:_MOST_FAULTS]) or None,
    )


DETAILS = {
    404: "There is nothing at this address. GET /openapi.json lists what there is, /api for people.",
    405: "This address does not take this method; the Allow header lists those it takes.",
    429: "Too many requests: the Retry-After header says in how many seconds the next will be answered.",
    500: "Something went wrong here. It was logged; the request was not at fault.",
}


def _protocol_detail(status: int) -> str | None:
    if status == 413:
        return f"The body is larger than {(request.max_content_length or 0) >> 20} MiB."
    return DETAILS.get(status)


def _sent(document: Problem) -> Response:
    return Response(document.model_dump_json(), document.status, content_type=CONTENT_TYPE)
