"""Health and readiness probes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from flask import Blueprint, Response, current_app, jsonify
from pydantic import BaseModel, Field

from advisor.service.auth import public
from advisor.service.errors import ProblemError
from advisor.service.openapi import Operation, operation
from advisor.service.planner import check_planner
from advisor.service.routes.journal import journal_status

blueprint = Blueprint("health", __name__)


class Health(BaseModel):
    """The service is alive."""

    status: Literal["ok"]


class Readiness(Health):
    """The service is ready. It does not depend on its journal."""

    journal: Literal["off", "ok", "lost"] = Field(description="at most two seconds old")


@blueprint.get("/healthz")
@public
@operation(Operation(response=Health))
def health() -> Response:
    """Return 200 if the service can advise."""
    check_planner()
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
@operation(Operation(response=Readiness, problems=(503,)))
def readiness() -> Response:
    """Return 200 if everything that the service depends on is ready, else 503 with the name of what is not."""
    checks: dict[str, Callable[[], None]] = current_app.extensions["readiness_checks"]
    for name, check in checks.items():
        try:
            check()
        except Exception as error:
            current_app.logger.warning("%s is not ready", name, exc_info=error)
            raise ProblemError(503, f"Not ready: {name}.") from error
    return jsonify(status="ok", journal=journal_status())
