"""Shared by the tests of the service: profiles, and functions that send a question and check a problem document."""

from __future__ import annotations

import json
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

WAITING = {"calls": 20, "wall": 0.05, "gil_held": 0.001, "gil_free": 0.0, "child_cpu": 0.0, "wait": 0.049}
COMPUTING = {"calls": 20, "wall": 0.05, "gil_held": 0.05, "gil_free": 0.0, "child_cpu": 0.0, "wait": 0.0}
JSON = "application/json"


def ask(client: FlaskClient, body: Any) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/v1/advice", data=data, content_type=JSON)


def check_problem(response: TestResponse, status: int) -> dict[str, Any]:
    """The problem document, after checking all that RFC 9457 and our own description ask of one."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.content_type == "application/problem+json"
    document = json.loads(response.data)
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == response.request.path
    return dict(document)


def fields(document: dict[str, Any]) -> list[str]:
    return [error["field"] for error in document["errors"]]
