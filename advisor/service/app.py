from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from pydantic import BaseModel

from advisor import matrix
from advisor.service import openapi, pages, problem
from advisor.service.answer import answer, can_answer
from advisor.service.requests import MAX_BODY_BYTES, read_question

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

views = Blueprint("views", __name__)


def build_app() -> Flask:
    app = Flask("advisor.service")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the documents' fields come in the contract's order
    app.register_blueprint(views)
    app.register_blueprint(pages.views)
    app.after_request(_add_headers)
    problem.answer_errors_of(app)
    return app


@views.post("/v1/advice")
def advice() -> Response:
    return _document(answer(read_question(request)))


@views.get("/v1/matrix")
def decision_matrix() -> Response:
    return jsonify(matrix.as_json())


@views.get("/healthz")
def health() -> Response:
    can_answer()
    return jsonify(status="ok")


@views.get("/openapi.json")
def description() -> Response:
    return jsonify(openapi.document())


def _document(record: BaseModel) -> Response:
    return current_app.response_class(record.model_dump_json(), mimetype="application/json")


def _add_headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
