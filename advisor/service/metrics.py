"""The service seen from outside: every request has an id, a line in the log and its place in the counts.

The id comes from the client's X-Request-ID where that is a plain word; it goes back in the same header, into the
problem document and into the log. Nothing else that a client sent gets there: no body, no query, no header, no token.
"""

from __future__ import annotations

import logging
import os
import re
import time
from functools import lru_cache

from flask import Blueprint, Flask, Response, g, request
from flask.globals import app_ctx
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from advisor.service.openapi import Operation, described

REQUEST_ID = "X-Request-ID"
BEGAN = "advisor.began"  # in the WSGI environment: when a request came, if somebody looked at it before Flask
QUIET = ("/healthz", "/readyz", "/metrics")  # asked every few seconds: counted, not logged
log = logging.getLogger("advisor.service.request")

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
_METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}

_requests = Counter("advisor_requests", "Requests answered", ["route", "method", "status"])
_seconds = Histogram("advisor_request_seconds", "Seconds from request to answer", ["route"], buckets=_SECONDS)
_advice = Counter("advisor_advice", "Advice given, from memory or worked out", ["recommendation", "evidence"])
_journal = Counter("advisor_journal", "What became of entries for the journal, and of reports", ["event"])

views = Blueprint("observed", __name__)

Verdict = tuple[str, str]
"""What was recommended, and on what evidence."""


def observe(app: Flask) -> None:
    """Before all else that looks at a request, so that what is refused is seen too."""
    app.before_request(_begin)
    app.after_request(_end)


def gave(recommendation: str, evidence: str) -> None:
    """Counts an advice, and keeps it for the log."""
    count_advice(recommendation, evidence)
    if "request_id" in g:
        g.verdict = recommendation, evidence


def count_advice(recommendation: str, evidence: str) -> None:
    _given(recommendation, evidence).inc()


def journaled(event: str) -> None:
    """Counts what became of something that was to be written into the journal."""
    _journal.labels(event).inc()


@views.get("/metrics")
@described(Operation(content_type="text/plain"))
def metrics() -> Response:
    """Counts and latencies for Prometheus, of all workers together"""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def id_of(given: str | None) -> str:
    """The client's own where that is a plain word, else a new one."""
    return given if given is not None and _PLAIN.fullmatch(given) else os.urandom(16).hex()


def seen(
    began: float, request_id: str, method: str, route: str, status: int, client: str | None, verdict: Verdict | None
) -> None:
    """Counts a request that was answered, and tells the log of it."""
    seconds = time.perf_counter() - began
    requests, lasted = _counted(route, method, status)
    requests.inc()
    lasted.observe(seconds)
    if route in QUIET or not log.isEnabledFor(logging.INFO):
        return
    told = {"request_id": request_id, "method": method, "route": route, "status": status, "seconds": round(seconds, 6)}
    if client is not None:
        told["client"] = client
    if verdict is not None:
        told["recommendation"], told["evidence"] = verdict
    log.info("request", extra=told)


def _begin() -> None:
    g.began = request.environ.get(BEGAN) or time.perf_counter()
    g.request_id = id_of(request.headers.get(REQUEST_ID))


def _end(response: Response) -> Response:
    known, asked = app_ctx.g, request._get_current_object()  # type: ignore[attr-defined]  # each look through a proxy costs
    began = known.get("began")
    if began is None:
        return response
    route = asked.url_rule.rule if asked.url_rule is not None else "none"
    method = asked.method if asked.method in _METHODS else "other"
    response.headers[REQUEST_ID] = known.request_id
    seen(began, known.request_id, method, route, response.status_code, asked.remote_addr, known.get("verdict"))
    return response


# To find a counter by its labels takes longer than to count.
@lru_cache(maxsize=256)
def _counted(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(route, method, status), _seconds.labels(route)


@lru_cache(maxsize=256)
def _given(recommendation: str, evidence: str) -> Counter:
    return _advice.labels(recommendation, evidence)
