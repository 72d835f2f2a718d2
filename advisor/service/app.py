from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request

from advisor.service import advising, health, journaling, outcomes, page, problem, reference
from advisor.service.answered import Answers
from advisor.service.openapi import Description
from advisor.service.requests import MAX_BODY_BYTES

if TYPE_CHECKING:
    from advisor.journal.book import Journal

VIEWS = (
    advising.views,
    reference.views,
    health.views,
    page.views,
    journaling.views,
    outcomes.views,
)

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def build_app(journal: Journal | None) -> Flask:
    app = Flask("advisor.service")
    app.config.from_mapping(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, BATCH_SECONDS=30.0)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the documents' fields come in the contract's order
    for views in VIEWS:
        app.register_blueprint(views)
    app.after_request(_add_headers)
    problem.answer_errors_of(app)
    app.extensions["journal"] = journal
    app.extensions["answers"] = Answers(journal=journal)
    app.extensions["description"] = Description(app)
    return app


def _add_headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
