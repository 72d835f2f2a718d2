"""The OpenAPI 3.1 description: what each view says of itself, put together by spectree from the very models in use.

A view carries an `Operation`; the addresses, methods and path parameters come from Flask's own map, so that there is no
second list to keep true. Spectree only describes here: it neither reads requests nor checks answers, which the border
(`requests`) does more strictly than it could.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from flask import Flask, g
from pydantic import BaseModel
from spectree import Response, SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData
from spectree.plugins.flask_plugin import FlaskPlugin

from advisor import __version__
from advisor.service.errors import CONTENT_TYPE, Problem

JSON = "application/json"
EXAMPLE_REQUEST = "example-1"  # the id of the requests that examples are answers to

_PROBLEMS = {
    400: "The body cannot be read as JSON or has not come as a whole, or the request is not HTTP/1.1.",
    404: "There is nothing at this address.",
    401: "The token is missing or wrong.",
    405: "What stands in place of the id is another address, which does not take this method.",
    413: "The body is larger than is taken here.",
    415: "The body is not application/json.",
    422: "The body is JSON, but nothing that can be answered; `errors` names the offending fields.",
    429: "More requests than this client address may send.",
    500: "The service failed.",
    503: "The service cannot answer now.",
}
UNREAD = {  # which any request may be answered with
    400: "The request is not HTTP/1.1.",
    414: "The address is too long.",
    417: "What is expected is not 100-continue.",
    431: "A header is too long, or there are too many.",
    501: "The transfer coding is not chunked.",
}
_HEADERS = {
    "X-Request-ID": "the request's own if that is a plain word, else a new one",
    "Link": 'where the advice is kept, if it is; rel="bookmark"',
    "Allow": "the methods that this address takes",
    "Retry-After": "seconds until the next request will be answered",
    "WWW-Authenticate": "Bearer: a token is needed",
}
_OF_PROBLEMS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After"}
_TOKEN = SecurityScheme(name="token", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))
READING = (400, 413, 415, 422)  # what may be wrong with a body

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """What a view says of itself; its docstring says the rest."""

    answer: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()
    examples: Mapping[str, Any] = field(default_factory=dict)  # bodies by name
    content_type: str = JSON  # of the answer
    success: tuple[int, str] = (200, "The answer")
    headers: tuple[str, ...] = ()  # of the answer, beside its id


def described(operation: Operation) -> Callable[[View], View]:
    """Puts a view into the description."""

    def remember(view: View) -> View:
        view.described = operation  # type: ignore[attr-defined]
        return view

    return remember


class Description:
    """Of one application, in which every described view is registered; written when it is first asked for."""

    def __init__(self, app: Flask, *, protected: bool, limited: bool) -> None:
        self._app = app
        self._everywhere = (*([401] if protected else []), *([429] if limited else []))
        self._spec = SpecTree(
            backend=_OnlyDescribes,
            mode="strict",
            annotations=False,
            naming_strategy=lambda model: model.__name__,
            nested_naming_strategy=lambda _, child: child,
            title="advisor",
            version=__version__,
            security_schemes=[_TOKEN] if protected else None,
            security={"token": []} if protected else {},
        )
        self._operations: dict[str, Operation] = {}
        for endpoint, view in app.view_functions.items():
            operation = getattr(view, "described", None)
            if operation is not None:
                self._operations[endpoint] = operation
                app.view_functions[endpoint] = self._with_description(endpoint, view, operation)

    def _with_description(self, endpoint: str, view: Callable[..., Any], operation: Operation) -> Callable[..., Any]:
        open_to_all = getattr(view, "open_to_all", False)
        described: Callable[..., Any] = self._spec.validate(
            json=operation.body,
            resp=_Answers(operation, () if open_to_all else self._everywhere),
            operation_id=endpoint,
            security=[] if open_to_all else None,
        )(view)
        return described

    @cached_property
    def document(self) -> dict[str, Any]:
        with self._app.app_context():
            document: dict[str, Any] = self._spec.spec
        document["info"] |= {  # what spectree has no words for
            "summary": "Whether threads, processes or neither make a Python function faster, by how much, and why",
            "license": {"name": "MIT", "identifier": "MIT"},
        }
        document["components"] |= {"headers": _headers(), "responses": _unread()}
        for address, methods in document["paths"].items():
            for described in methods.values():
                for status in UNREAD:
                    described["responses"].setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
                self._add_examples(address, described)
                for parameter in described["parameters"]:
                    _say_length(parameter["schema"])
        return document

    def _add_examples(self, address: str, described: dict[str, Any]) -> None:
        """Bodies, and what this application really answers to them."""
        endpoint = described["operationId"]
        operation = self._operations[endpoint]
        if not operation.examples:
            return
        asked, answered = described["requestBody"], described["responses"][str(operation.success[0])]
        asked["content"][JSON]["examples"] = {name: {"value": body} for name, body in operation.examples.items()}
        answered["content"][JSON]["examples"] = {
            name: {"value": self._answer(address, endpoint, body)} for name, body in operation.examples.items()
        }

    def _answer(self, address: str, endpoint: str, body: Any) -> Any:
        # A context of the application's own, or the example's id would be that of the request that asks for all this.
        with self._app.app_context(), self._app.test_request_context(address, method="POST", json=body):
            g.request_id = EXAMPLE_REQUEST
            view: Any = self._app.view_functions[endpoint]
            return view().get_json()


def _headers() -> dict[str, Any]:
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS.items()}


def _sent_with(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *names)}


def _unread() -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        str(status): {"description": text, "content": content, "headers": _sent_with()}
        for status, text in UNREAD.items()
    }


def _say_length(schema: dict[str, Any]) -> None:
    """In JSON Schema's words; spectree passes on Werkzeug's."""
    length = schema.pop("length", None)
    if length is not None:
        schema |= {"minLength": length, "maxLength": length}


class _OnlyDescribes(FlaskPlugin):
    """Calls the view and leaves its request and its answer alone."""

    def validate(self, func: Callable[..., Any], *_: Any, **arguments: Any) -> Any:
        return func(**arguments)


class _Answers(Response):
    """A view's answers with the content types that they have: spectree knows JSON only."""

    def __init__(self, operation: Operation, everywhere: Sequence[int]) -> None:
        status, text = operation.success
        problems = {
            f"HTTP_{status}": (Problem, _PROBLEMS[status]) for status in (*operation.problems, *everywhere, 500)
        }
        super().__init__(**{f"HTTP_{status}": (operation.answer, text)}, **problems)
        self._types = {str(status): operation.content_type}
        self._headers = {str(status): operation.headers}
        self._headers |= {str(status): (name,) for status, name in _OF_PROBLEMS.items()}

    def add_model(self, *_: Any, **__: Any) -> None:
        """Spectree would add what its own reading answers to a wrong body."""

    def generate_spec(self, *arguments: Any) -> dict[str, Any]:
        described = super().generate_spec(*arguments)
        for status, answer in described.items():
            content_type = self._types.get(status, CONTENT_TYPE)
            answer["content"] = {content_type: answer.get("content", {}).get(JSON, {"schema": {"type": "string"}})}
            answer["headers"] = _sent_with(*self._headers.get(status, ()))
        return described
