"""Request ids, the request log, and the Prometheus metrics.

A request id comes from the client's X-Request-ID if that is a plain word. It is in the same header of the response, in
problem documents, and in the log. Nothing else that a client sent is logged: no body, query, header or token.
"""

from __future__ import annotations

import logging
import os
import re
import time
from functools import lru_cache

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from advisor.service.openapi import Operation, operation

REQUEST_ID = "X-Request-ID"
UNLOGGED = ("/healthz", "/readyz", "/metrics")  # polled every few seconds: counted, but not logged
log = logging.getLogger("advisor.service.request")

_PLAIN_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)  # seconds
_METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}

_requests = Counter("advisor_requests", "Requests answered", ["route", "method", "status"])
_seconds = Histogram("advisor_request_seconds", "Seconds from request to response", ["route"], buckets=_BUCKETS)
_advice = Counter("advisor_advice", "Advice given, cached or not", ["recommendation", "evidence"])
_journal = Counter("advisor_journal", "Journal entries and reported outcomes, by result", ["event"])

blueprint = Blueprint("metrics", __name__)


def register_metrics(app: Flask) -> None:
    """Count and log every request. Register it before whatever may refuse one."""
    app.before_request(_start)
    app.after_request(_finish)


def count_advice(recommendation: str, evidence: str) -> None:
    """Count the advice, and keep it for the request's line in the log."""
    _advice_counter(recommendation, evidence).inc()
    g.advice = {"recommendation": recommendation, "evidence": evidence}


def count_journal_event(event: str) -> None:
    _journal.labels(event).inc()


@blueprint.get("/metrics")
@operation(Operation(content_type="text/plain"))
def metrics() -> Response:
    """Return counts and latencies for Prometheus, summed over all workers."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _start() -> None:
    g.started = time.perf_counter()
    request_id = request.headers.get(REQUEST_ID, "")
    g.request_id = request_id if _PLAIN_WORD.fullmatch(request_id) else os.urandom(16).hex()


def _finish(response: Response) -> Response:
    started = g.get("started")
    if started is None:
        return response
    seconds = time.perf_counter() - started
    rule, method, request_id = request.url_rule, request.method, g.request_id
    route = "none" if rule is None else rule.rule
    method = method if method in _METHODS else "other"
    response.headers[REQUEST_ID] = request_id
    requests, histogram = _request_metrics(route, method, response.status_code)
    requests.inc()
    histogram.observe(seconds)
    if route not in UNLOGGED and log.isEnabledFor(logging.INFO):
        fields = {
            "request_id": request_id,
            "method": method,
            "route": route,
            "status": response.status_code,
            "seconds": round(seconds, 6),
            "client": request.remote_addr,
            **g.get("advice", {}),
        }
        # Unlike `log.info`, this does not search the stack for its caller, which takes 10 µs.
        log.handle(log.makeRecord(log.name, logging.INFO, "", 0, "request", (), None, extra=fields))
    return response


# Looking up a counter by its labels takes longer than counting.
@lru_cache(maxsize=256)
def _request_metrics(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(route, method, status), _seconds.labels(route)


@lru_cache(maxsize=256)
def _advice_counter(recommendation: str, evidence: str) -> Counter:
    return _advice.labels(recommendation, evidence)
