"""Answers that are kept are sent without Flask, which takes longer to find the view than the answer takes to be found.

Every other request goes on to Flask as if nobody had looked at it. What is sent, counted and logged is the same.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from advisor.limits import MAX_CACHED_BODY_BYTES
from advisor.service.auth import Tokens
from advisor.service.metrics import BEGAN, REQUEST_ID, count_advice, id_of, seen
from advisor.service.openapi import JSON
from advisor.service.response_cache import Answered, Answers
from advisor.service.security_headers import Application

ROUTE = "/v1/advice"


def with_shortcut(application: Application, answers: Answers, tokens: Tokens) -> Application:
    """The application, asked only for what is not in memory."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[BEGAN] = began = time.perf_counter()
        if not _is_question(environ) or tokens.refusal(environ.get("HTTP_AUTHORIZATION", "")) is not None:
            return application(environ, start_response)
        kept = _kept(environ, answers)
        if kept is None:
            return application(environ, start_response)
        request_id = id_of(environ.get("HTTP_X_REQUEST_ID"))
        headers = [("Content-Type", JSON), ("Content-Length", str(len(kept.document))), (REQUEST_ID, request_id)]
        if kept.link is not None:
            headers.append(("Link", kept.link))
        start_response("200 OK", headers)
        verdict = kept.recommendation, kept.evidence
        count_advice(*verdict)
        seen(began, request_id, "POST", ROUTE, 200, environ.get("REMOTE_ADDR"), verdict)
        return [kept.document]

    return answer


def _is_question(environ: dict[str, Any]) -> bool:
    """Whether it is one beyond doubt; how far others may stray from this is for Flask to know."""
    length = environ.get("CONTENT_LENGTH", "")
    return (
        environ.get("PATH_INFO") == ROUTE
        and environ["REQUEST_METHOD"] == "POST"
        and environ.get("CONTENT_TYPE") == JSON
        and "HTTP_TRANSFER_ENCODING" not in environ
        and length.isdecimal()
        and length.isascii()
        and int(length) <= MAX_CACHED_BODY_BYTES
    )


def _kept(environ: dict[str, Any], answers: Answers) -> Answered | None:
    """The answer to the body, which is put back for whoever else is to read it."""
    length = int(environ["CONTENT_LENGTH"])
    try:
        body = environ["wsgi.input"].read(length)
    except (OSError, ValueError) as error:
        environ["wsgi.input"] = _Broken(error)
        return None
    environ["wsgi.input"] = io.BytesIO(body)
    if len(body) < length:
        return None
    try:
        return answers.kept(body)
    except Exception:  # noqa: BLE001  (it will happen to Flask too, which knows how to tell it)
        return None


class _Broken(io.RawIOBase):
    """A connection that was lost, as it is found by whoever reads next: without waiting for the client once more."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, _: object) -> NoReturn:
        raise self._error
