"""Whether the service lives and can answer."""

from __future__ import annotations

from typing import Literal

from flask import Blueprint, Response, jsonify
from pydantic import BaseModel

from advisor.service.answer import can_answer
from advisor.service.openapi import Operation, described

views = Blueprint("health", __name__)


class Health(BaseModel):
    """All is well."""

    status: Literal["ok"]


@views.get("/healthz")
@described(Operation(answer=Health))
def health() -> Response:
    """200 when the service can answer"""
    can_answer()
    return jsonify(status="ok")
