"""Whether the service lives, and whether all that it rests on is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from flask import Blueprint, Response, current_app, jsonify
from pydantic import BaseModel, Field

from advisor.service.auth import open_to_all
from advisor.service.errors import ProblemError
from advisor.service.openapi import Operation, described
from advisor.service.planner import can_answer
from advisor.service.routes.journal import journal_state

views = Blueprint("health", __name__)

Checks = dict[str, Callable[[], None]]  # by what they look at; one raises if that is not ready


class Health(BaseModel):
    """All is well."""

    status: Literal["ok"]


class Readiness(Health):
    """All that the service rests on is there; it does not rest on its journal."""

    journal: Literal["off", "ok", "lost"] = Field(description="as a look at it shows, or one two seconds ago")


@views.get("/healthz")
@open_to_all
@described(Operation(answer=Health))
def health() -> Response:
    """200 when the service can answer"""
    can_answer()
    return jsonify(status="ok")


@views.get("/readyz")
@open_to_all
@described(Operation(answer=Readiness, problems=(503,)))
def readiness() -> Response:
    """200 when all that the service rests on is ready, 503 with its name otherwise"""
    checks: Checks = current_app.extensions["ready"]
    for name, check in checks.items():
        try:
            check()
        except Exception as error:
            current_app.logger.warning("%s is not ready", name, exc_info=error)
            raise ProblemError(503, f"Not ready: {name}.") from error
    return jsonify(status="ok", journal=journal_state())
