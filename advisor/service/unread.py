"""Requests that gunicorn refuses before the application sees them: problem documents, too, and counted and logged.

Nothing that the client sent gets into either; gunicorn's own answers quote it.
"""

from __future__ import annotations

import logging
import time
from http import HTTPStatus

from gunicorn.http import errors

from advisor.service.errors import CONTENT_TYPE, DETAILS, Problem, title_of
from advisor.service.metrics import REQUEST_ID, id_of, seen
from advisor.service.security_headers import HEADERS

log = logging.getLogger("advisor.service")

_REFUSED: tuple[tuple[type[Exception], int, str], ...] = (  # the first that fits holds
    (errors.InvalidResponseHeader, 500, DETAILS[500]),
    (errors.InvalidResponseHeaderName, 500, DETAILS[500]),
    (errors.LimitRequestLine, 414, "The address is too long: the line with it has 4,094 bytes at most."),
    (errors.LimitRequestHeaders, 431, "A header is too long, or there are too many: 8,190 bytes each, 100 of them."),
    (errors.ExpectationFailed, 417, "The only expectation that is met is 100-continue."),
    (errors.UnsupportedTransferCoding, 501, "The only transfer coding that is read is chunked."),
    (errors.InvalidRequestMethod, 400, "The method is not one of HTTP: in capitals, such as POST."),
    (errors.InvalidHTTPVersion, 400, "This is not HTTP/1.1, nor HTTP/1.0."),
    (errors.InvalidRequestLine, 400, "The request does not begin with a method, an address in ASCII and HTTP/1.1."),
    (errors.InvalidHeader, 400, "A header is none, or contradicts another."),
    (errors.InvalidHeaderName, 400, "A header's name is not one of HTTP."),
    (errors.ParseException, 400, "This is not a request as HTTP/1.1 has it."),
    (Exception, 500, DETAILS[500]),
)


def refusal(error: Exception, client: str | None) -> bytes:
    """All that is sent, after which the connection is closed; `client` is its address, for the log."""
    began, request_id = time.perf_counter(), id_of(None)
    status, detail = next((status, detail) for kind, status, detail in _REFUSED if isinstance(error, kind))
    if status == 500:
        log.error("could not answer a request", exc_info=error, extra={"request_id": request_id})
    title = title_of(status)
    document = Problem(title=title, status=status, detail=detail, instance="", request_id=request_id)
    body = document.model_dump_json().encode()
    headers = {
        "Connection": "close",
        "Content-Type": CONTENT_TYPE,
        "Content-Length": str(len(body)),
        REQUEST_ID: request_id,
        **HEADERS,
    }
    head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    seen(began, request_id, "other", "none", status, client, None)
    return "\r\n".join((*head, "", "")).encode() + body
