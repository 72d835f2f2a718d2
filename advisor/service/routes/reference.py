"""The decision matrix and the OpenAPI document."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from pydantic import BaseModel, ConfigDict, Field

from advisor.decide import matrix_document
from advisor.service.openapi import OpenAPI, Operation, operation

blueprint = Blueprint("reference", __name__)


class Matrix(BaseModel):
    """All tables behind the advice; every row names its source."""

    model_config = ConfigDict(extra="allow")

    matrix: list[dict[str, Any]] = Field(description="the decision matrix")
    lists: list[dict[str, Any]] = Field(description="kinds of tasks by the strategy advised")
    further: list[dict[str, Any]] = Field(description="further kinds of tasks")
    rules: list[dict[str, Any]] = Field(description="the reasons, and when they are given")
    pitfalls: list[dict[str, Any]] = Field(description="the warnings, and when they are given")
    obstacles: list[dict[str, Any]] = Field(description="symptoms, what each shows and what to do about it")
    lexicon: list[dict[str, Any]] = Field(description="where the work of libraries, programs and services happens")


class Specification(BaseModel):
    """An OpenAPI document."""

    model_config = ConfigDict(extra="allow")

    openapi: str


@blueprint.get("/v1/matrix")
@operation(Operation(response=Matrix))
def decision_matrix() -> Response:
    """Return the decision matrix, with the source of every row."""
    return jsonify(matrix_document.as_json())


@blueprint.get("/openapi.json")
@operation(Operation(response=Specification))
def specification() -> Response:
    """Return this description, as an OpenAPI 3.1 document."""
    openapi: OpenAPI = current_app.extensions["openapi"]
    return jsonify(openapi.document)
