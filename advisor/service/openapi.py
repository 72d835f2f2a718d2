"""The OpenAPI 3.1 document, from the routes of Flask, the models of pydantic, and an `Operation` beside each view."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from advisor import __version__
from advisor.service.errors import CONTENT_TYPE, Problem

if TYPE_CHECKING:
    from werkzeug.routing import Rule

    from advisor.service.settings import Settings

JSON = "application/json"
BODY_PROBLEMS = (400, 413, 415, 422)

_PROBLEMS = {
    400: "The body cannot be read as JSON, or is incomplete.",
    401: "The token is missing or wrong.",
    404: "There is nothing at this address.",
    405: "The address does not take this method.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "The body is JSON, but not a valid question; `errors` names the offending fields.",
    429: "Too many requests from this client address.",
    500: "The service failed.",
    503: "The service cannot answer now.",
}
_HEADERS = {
    "X-Request-ID": "the request's own if that is a plain word, else a new one",
    "Link": 'where the advice is kept, if it is; rel="bookmark"',
    "Allow": "the methods that this address takes",
    "Retry-After": "seconds until the next request will be answered",
    "WWW-Authenticate": "Bearer: a token is needed",
}
_PROBLEM_HEADERS = {401: ("WWW-Authenticate",), 405: ("Allow",), 429: ("Retry-After",)}
_PARAMETER = re.compile(r"<string\(length=(\d+)\):(\w+)>")  # the only kind of parameter that the routes have
_SCHEMA = "#/components/schemas/"

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """The request and response of a view; its docstring becomes the summary and the description."""

    response: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()
    examples: Mapping[str, Any] = field(default_factory=dict)  # bodies by name
    content_type: str = JSON  # of the response
    success: int = 200
    headers: tuple[str, ...] = ()  # of the response, besides X-Request-ID


def operation(described: Operation) -> Callable[[View], View]:
    """Include a view in the document."""

    def decorate(view: View) -> View:
        view.operation = described  # type: ignore[attr-defined]
        return view

    return decorate


class OpenAPI:
    """The document of one application, written when it is first requested."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._requires_token = bool(settings.tokens)
        self._limits_rate = bool(settings.rate_limit)

    @cached_property
    def document(self) -> dict[str, Any]:
        paths: dict[str, Any] = {}
        models: list[type[BaseModel]] = [Problem]
        for endpoint, view in self._app.view_functions.items():
            described = getattr(view, "operation", None)
            if described is not None:
                (rule,) = self._app.url_map.iter_rules(endpoint)
                method = "post" if "POST" in (rule.methods or ()) else "get"
                path = _PARAMETER.sub(r"{\2}", rule.rule)
                paths.setdefault(path, {})[method] = self._operation(rule, path, described)
                models += [model for model in (described.body, described.response) if model is not None]
        _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=_SCHEMA + "{model}")
        headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS.items()}
        components = {"schemas": schemas["$defs"], "headers": headers}
        if self._requires_token:
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "advisor",
                "version": __version__,
                "summary": "Whether threads, processes or neither make a Python function faster, by how much, and why",
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "paths": paths,
            "components": components,
            "security": [{"token": []}] if self._requires_token else [],
        }

    def _operation(self, rule: Rule, path: str, described: Operation) -> dict[str, Any]:
        view = self._app.view_functions[rule.endpoint]
        public = getattr(view, "is_public", False)
        problems = {*described.problems, 500}
        if not public:
            problems |= {401} if self._requires_token else set()
            problems |= {429} if self._limits_rate else set()
        answers = {name: {"value": self._answer(path, view, body)} for name, body in described.examples.items()}
        success = _response("Success", described.content_type, described.response, described.headers, answers)
        refusals = {
            str(status): _response(_PROBLEMS[status], CONTENT_TYPE, Problem, _PROBLEM_HEADERS.get(status, ()))
            for status in sorted(problems)
        }
        summary, _, description = inspect.cleandoc(view.__doc__ or "").partition("\n")
        document: dict[str, Any] = {
            "operationId": view.__name__,
            "tags": [rule.endpoint.partition(".")[0]],
            "summary": summary.removesuffix("."),
            "description": description.strip(),
            "parameters": [_parameter(name, length) for length, name in _PARAMETER.findall(rule.rule)],
            "responses": {str(described.success): success, **refusals},
        }
        if described.body is not None:
            bodies = {name: {"value": body} for name, body in described.examples.items()}
            document["requestBody"] = {"required": True, "content": {JSON: _content(described.body, bodies)}}
        if public and self._requires_token:
            document["security"] = []
        return document

    def _answer(self, path: str, view: Callable[[], Any], body: Any) -> Any:
        """Return what the application answers to an example."""
        # In an application context of its own: `g` belongs to the request for this document.
        with self._app.app_context(), self._app.test_request_context(path, method="POST", json=body):
            return view().get_json()


def _response(
    description: str,
    content_type: str,
    model: type[BaseModel] | None,
    headers: Sequence[str] = (),
    examples: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    references = {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *headers)}
    return {"description": description, "content": {content_type: _content(model, examples)}, "headers": references}


def _content(model: type[BaseModel] | None, examples: Mapping[str, Any] | None) -> dict[str, Any]:
    schema = {"type": "string"} if model is None else {"$ref": f"{_SCHEMA}{model.__name__}"}
    return {"schema": schema, **({"examples": examples} if examples else {})}


def _parameter(name: str, length: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": int(length), "maxLength": int(length)}
    return {"name": name, "in": "path", "required": True, "schema": schema}
