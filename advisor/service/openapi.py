"""The OpenAPI 3.1 description, made from the models that check the requests and write the answers."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from advisor import __version__
from advisor.records import Advice
from advisor.service.problem import CONTENT_TYPE, Problem
from advisor.service.requests import Question

_SCHEMAS = "#/components/schemas/"
_PROBLEMS = {
    "400": "The body is not JSON.",
    "413": "The body is larger than 1 MiB.",
    "415": "The body is not application/json.",
    "422": "The body is JSON, but no question that can be answered; `errors` names the offending fields.",
    "500": "The service failed.",
}


@cache
def document() -> dict[str, Any]:
    references, definitions = models_json_schema(
        [(Question, "validation"), (Advice, "serialization"), (Problem, "serialization")],
        ref_template=_SCHEMAS + "{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "advisor",
            "version": __version__,
            "summary": "Whether threads, processes or neither make a Python function faster, by how much, and why",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            "/v1/advice": {"post": _advice(references[Question, "validation"], references[Advice, "serialization"])},
            "/v1/matrix": {"get": _get("matrix", "The decision matrix, with the source of every row", _any_json())},
            "/healthz": {"get": _get("health", "200 when the service can answer", _any_json())},
            "/openapi.json": {"get": _get("description", "This document", _any_json())},
        },
        "components": {
            "schemas": definitions["$defs"],
            "responses": {f"Problem{status}": _problem(text) for status, text in _PROBLEMS.items()},
        },
    }


def _advice(question: dict[str, Any], advice: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "advice",
        "summary": "What to do with a described task, or a measured one",
        "description": "The service never imports, unpickles or runs anything that the request names.",
        "requestBody": {"required": True, "content": {"application/json": {"schema": question, "examples": _EXAMPLES}}},
        "responses": {
            "200": {"description": "The advice", "content": {"application/json": {"schema": advice}}},
            **{status: {"$ref": f"#/components/responses/Problem{status}"} for status in _PROBLEMS},
        },
    }


def _get(name: str, summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": {"application/json": {"schema": schema}}},
            "500": {"$ref": "#/components/responses/Problem500"},
        },
    }


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {CONTENT_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}}}


def _any_json() -> dict[str, Any]:
    return {"type": "object"}


_EXAMPLES = {
    "description": {"value": {"description": "Downloading 100 files from a web server", "calls": 100}},
    "task": {"value": {"task": {"seconds_per_call": 0.2, "cpu_share": 0.9}, "machine": {"cores": 8}}},
    "profile": {
        "value": {"profile": {"calls": 20, "wall": 0.05, "gil_held": 0.01, "gil_free": 0.0, "wait": 0.04}, "calls": 500}
    },
}
