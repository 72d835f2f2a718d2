"""Errors as problem documents (RFC 9457)."""

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
from advisor.input_limits import MAX_FIELD_ERRORS

CONTENT_TYPE = "application/problem+json"

_TITLES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}  # as RFC 9110 names them
_FORWARDED_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")
_DETAILS = {
    404: "No such address. GET /openapi.json and the page /api list all addresses.",
    405: "This address does not support the method. The Allow header lists those it supports.",
    429: "Too many requests. Retry after the number of seconds in the Retry-After header.",
    500: "Internal error. It was logged; the request is not the cause.",
}


def without_null(schema: dict[str, Any]) -> None:
    """Publish an optional field that is left out rather than null."""
    schema.pop("default", None)
    published, _ = schema.pop("anyOf")
    schema.update(published)


class FieldError(BaseModel):
    """A field that is wrong, and why."""

    field: str = Field(description="dotted path in the body, such as 'profile.wall'; empty for the body itself")
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 defines it; `request_id` and `errors` are extensions."""

    type: str = Field("about:blank", description="about:blank: no more information than the status")
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    instance: str = Field(description="path of the request; in a batch with the position of the subject")
    request_id: str | None = Field(
        None,
        description="the X-Request-ID of the response, which the log has too",
        exclude_if=lambda request_id: request_id is None,
        json_schema_extra=without_null,
    )
    errors: list[FieldError] | None = Field(
        None,
        description="the offending fields, if any",
        exclude_if=lambda errors: errors is None,
        json_schema_extra=without_null,
    )


@dataclass
class ProblemError(Exception):
    """End a request with this problem."""

    status: int
    detail: str
    field_errors: Sequence[FieldError] = ()


def register_error_handlers(app: Flask) -> None:
    """Answer every error of the application with a problem document."""

    @app.errorhandler(HTTPException)
    def handle_http_exception(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return error.get_response()  # type: ignore[return-value]  # a redirect
        response = problem_response(problem_from_error(error))
        response.headers.update({name: value for name, value in error.get_headers() if name in _FORWARDED_HEADERS})
        return response

    @app.errorhandler(Exception)
    def handle_exception(error: Exception) -> Response:
        return problem_response(problem_from_error(error))


def problem_response(problem: Problem) -> Response:
    return Response(problem.model_dump_json(), problem.status, content_type=CONTENT_TYPE)


def problem_from_error(error: Exception, fragment: str = "") -> Problem:
    """Return the document for an error. An unexpected error is logged, and its text kept from the client.

    Args:
        error: What was raised while the request was answered.
        fragment: Points to the part of the body at fault, in a batch.
    """
    if isinstance(error, ProblemError):
        return make_problem(error.status, error.detail, error.field_errors, fragment)
    if isinstance(error, HTTPException):
        return make_problem(error.code or 500, _http_detail(error), (), fragment)
    if isinstance(error, AdvisorError):
        return make_problem(501 if isinstance(error, MissingExtraError) else 422, str(error), (), fragment)
    current_app.logger.error(
        "could not answer %s %s",
        request.method,
        request.path,
        exc_info=error,
        extra={"request_id": g.get("request_id")},
    )
    return make_problem(500, _DETAILS[500], (), fragment)


def make_problem(status: int, detail: str, field_errors: Sequence[FieldError] = (), fragment: str = "") -> Problem:
    return Problem(
        title=_TITLES.get(status) or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=quote(request.path) + fragment,
        request_id=g.get("request_id"),
        errors=list(field_errors[:MAX_FIELD_ERRORS]) or None,
    )


def _http_detail(error: HTTPException) -> str:
    if error.code == 413:
        return f"The body is larger than {(request.max_content_length or 0) >> 20} MiB."
    return _DETAILS.get(error.code or 500) or error.description or ""
