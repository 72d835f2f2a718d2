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


def observe(app: Flask) -> None:
    """Before all else that looks at a request, so that what is refused is seen too."""
    app.before_request(_begin)
    app.after_request(_end)


def gave(recommendation: str, evidence: str) -> None:
    """Counts an advice."""
    _given(recommendation, evidence).inc()
    if "request_id" in g:
        g.verdict = recommendation, evidence


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


def _begin() -> None:
    g.began = time.perf_counter()
    given = request.headers.get(REQUEST_ID)
    g.request_id = given if given is not None and _PLAIN.fullmatch(given) else os.urandom(16).hex()


def _end(response: Response) -> Response:
    seen, asked = app_ctx.g, request._get_current_object()  # type: ignore[attr-defined]  # each look through a proxy costs
    began = seen.get("began")
    if began is None:
        return response
    seconds = time.perf_counter() - began
    route = asked.url_rule.rule if asked.url_rule is not None else "none"
    method = asked.method if asked.method in _METHODS else "other"
    response.headers[REQUEST_ID] = seen.request_id
    requests, lasted = _counted(route, method, response.status_code)
    requests.inc()
    lasted.observe(seconds)
    if route not in QUIET and log.isEnabledFor(logging.INFO):
        recommendation, evidence = seen.get("verdict", (None, None))
        told = {
            "request_id": seen.request_id,
            "method": method,
            "route": route,
            "status": response.status_code,
            "seconds": round(seconds, 6),
            "client": asked.remote_addr,
            "recommendation": recommendation,
            "evidence": evidence,
        }
        log.info("request", extra={name: value for name, value in told.items() if value is not None})
    return response


# To find a counter by its labels takes longer than to count.
@lru_cache(maxsize=256)
def _counted(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(route, method, status), _seconds.labels(route)


@lru_cache(maxsize=256)
def _given(recommendation: str, evidence: str) -> Counter:
    return _advice.labels(recommendation, evidence)
