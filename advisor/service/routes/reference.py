"""What the service knows, and what it can be asked."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from pydantic import BaseModel, ConfigDict, Field

from advisor.decide import reference
from advisor.service.openapi import Description, Operation, described

views = Blueprint("reference", __name__)


class Matrix(BaseModel):
    """What decides; every row says where it is from."""

    model_config = ConfigDict(extra="allow")

    decision_matrix: list[dict[str, Any]] = Field(description="the decision matrix")
    lists: list[dict[str, Any]] = Field(description="kinds of tasks by what they are advised")
    further: list[dict[str, Any]] = Field(description="further kinds of tasks")
    rules: list[dict[str, Any]] = Field(description="the reasons, and when they are given")
    pitfalls: list[dict[str, Any]] = Field(description="the warnings, and when they are given")
    lexicon: list[dict[str, Any]] = Field(description="where the work of libraries, programs and services happens")


class Specification(BaseModel):
    """An OpenAPI document."""

    model_config = ConfigDict(extra="allow")

    openapi: str


@views.get("/v1/matrix")
@described(Operation(answer=Matrix))
def decision_matrix() -> Response:
    """The decision matrix, with the source of every row"""
    return jsonify(reference.as_json())


@views.get("/openapi.json")
@described(Operation(answer=Specification))
def specification() -> Response:
    """All of this as an OpenAPI 3.1 document"""
    description: Description = current_app.extensions["description"]
    return jsonify(description.document)
