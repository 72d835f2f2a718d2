"""Errors as problem documents (RFC 9457), made in this one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from flask import Flask, Response, request
from pydantic import BaseModel, Field
from werkzeug.exceptions import HTTPException

from advisor.errors import AdvisorError, MissingExtraError

CONTENT_TYPE = "application/problem+json"

_MOST_FAULTS = 50
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}  # RFC 9110's words; older Pythons have others


class Fault(BaseModel):
    """A field that is wrong, and why."""

    field: str = Field(description="dotted path in the body, such as 'profile.wall'; empty for the body itself")
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it; `errors` is our one extension."""

    type: str = Field("about:blank", description="about:blank: the status says all")
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    instance: str = Field(description="the path that was asked for")
    errors: list[Fault] = Field(default_factory=list, description="the offending fields, where fields are at fault")


@dataclass
class ProblemError(Exception):
    """Ends a request with this problem."""

    status: int
    detail: str
    faults: Sequence[Fault] = ()


def answer_errors_of(app: Flask) -> None:
    """Make every error of this application end as a problem document."""

    @app.errorhandler(ProblemError)
    def own(error: ProblemError) -> Response:
        return _response(error.status, error.detail, error.faults)

    @app.errorhandler(HTTPException)
    def protocol(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return error.get_response()  # type: ignore[return-value]  # a redirect, which is no error
        response = _response(error.code, _PROTOCOL_DETAILS.get(error.code, error.description or ""))
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                response.headers[name] = value
        return response

    @app.errorhandler(AdvisorError)
    def refused(error: AdvisorError) -> Response:
        return _response(501 if isinstance(error, MissingExtraError) else 422, str(error))

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        app.logger.error("could not answer %s %s", request.method, request.path, exc_info=error)
        return _response(500, "Something went wrong here. It was logged; the request was not at fault.")


_PROTOCOL_DETAILS = {
    404: "There is nothing at this address. GET /openapi.json lists what there is.",
    405: "This address does not take this method; the Allow header lists those it takes.",
    413: "The body is larger than 1 MiB.",
    500: "Something went wrong here. It was logged; the request was not at fault.",
}


def _response(status: int, detail: str, faults: Sequence[Fault] = ()) -> Response:
    problem = Problem(
        title=_TITLES.get(status) or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=quote(request.path),
        errors=list(faults[:_MOST_FAULTS]),
    )
    left_out = {"errors"} if not faults else None
    return Response(problem.model_dump_json(exclude=left_out), status, content_type=CONTENT_TYPE)
