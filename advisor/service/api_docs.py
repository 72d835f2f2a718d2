"""The OpenAPI document as rows for a page: what can be asked, with which bodies, and what is answered."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Document = Mapping[str, Any]


class Typed(NamedTuple):
    """A field's type in words, and the models that those words name."""

    text: str
    models: tuple[str, ...] = ()


class Field(NamedTuple):
    name: str
    type: Typed
    required: bool
    description: str


class Model(NamedTuple):
    name: str
    description: str
    fields: list[Field]


class Status(NamedTuple):
    """An answer's status, what it means, and the model or else the content type of its body."""

    code: str
    description: str
    model: str | None
    content_type: str


class Example(NamedTuple):
    name: str
    command: str
    answer: str


class Call(NamedTuple):
    """A method at an address."""

    id: str
    method: str
    address: str
    summary: str
    description: str
    token: bool
    body: str | None
    statuses: list[Status]
    examples: list[Example]


def calls(document: Document, root: str) -> list[Call]:
    """Every call, with commands that send the examples to the service at `root` ("http://127.0.0.1:8000")."""
    return [
        _call(document, root, address, method, told)
        for address, methods in document["paths"].items()
        for method, told in methods.items()
    ]


def models(document: Document) -> list[Model]:
    """Every body and its parts, those that are sent or answered as a whole first."""
    return [
        Model(name, schema.get("description", ""), list(_fields(schema)))
        for name, schema in document["components"]["schemas"].items()
    ]


def _call(document: Document, root: str, address: str, method: str, told: Mapping[str, Any]) -> Call:
    token = bool(told.get("security", document["security"]))
    asked = _content(told.get("requestBody", {}))
    # Those that refer to a common answer are of no call in particular.
    statuses = [_status(code, answer) for code, answer in told["responses"].items() if "$ref" not in answer]
    answers = _content(next(iter(told["responses"].values()))).get("examples", {})
    return Call(
        id=told["operationId"].replace(".", "-"),
        method=method.upper(),
        address=address,
        summary=told["summary"],
        description=told.get("description", ""),
        token=token,
        body=_reference(asked),
        statuses=sorted(statuses),
        examples=[
            Example(
                name,
                _command(root + address, example["value"], token=token),
                json.dumps(answers[name]["value"], indent=2, ensure_ascii=False),
            )
            for name, example in asked.get("examples", {}).items()
        ],
    )


def _content(body: Mapping[str, Any]) -> Mapping[str, Any]:
    content: Mapping[str, Any] = next(iter(body.get("content", {}).values()), {})
    return content


def _status(code: str, answer: Mapping[str, Any]) -> Status:
    return Status(code, answer["description"], _reference(_content(answer)), next(iter(answer.get("content", {})), ""))


def _reference(content: Mapping[str, Any]) -> str | None:
    reference = content.get("schema", {}).get("$ref")
    return str(reference).rpartition("/")[2] if reference else None


def _command(address: str, body: object, *, token: bool) -> str:
    lines = [f"curl -sS {shlex.quote(address)}", "-H 'Content-Type: application/json'"]
    if token:
        lines.append('-H "Authorization: Bearer $ADVISOR_TOKEN"')
    return " \\\n     ".join((*lines, f"-d {shlex.quote(json.dumps(body, ensure_ascii=False))}"))


def _fields(schema: Mapping[str, Any]) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield Field(name, _type(field), name in required, field.get("description", ""))


def _type(schema: Mapping[str, Any]) -> Typed:
    """A JSON Schema in a few words; null, which any optional field may be, goes without saying."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return Typed(name, (name,))
    if "anyOf" in schema:
        kinds = [_type(one) for one in schema["anyOf"] if one.get("type") != "null"]
        return Typed(" or ".join(kind.text for kind in kinds), tuple(name for kind in kinds for name in kind.models))
    if "enum" in schema or "const" in schema:
        return Typed(" | ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")])))
    if schema.get("type") == "array":
        items = _type(schema.get("items", {}))
        return Typed(f"list of {items.text}{_limits(schema)}", items.models)
    if isinstance(schema.get("additionalProperties"), Mapping):
        values = _type(schema["additionalProperties"])
        return Typed(f"object of {values.text}", values.models)
    return Typed(f"{schema.get('type', 'anything')}{_limits(schema)}")


_LIMITS = (("minimum", "maximum", ""), ("minLength", "maxLength", " characters"), ("minItems", "maxItems", " of them"))


def _limits(schema: Mapping[str, Any]) -> str:
    """What its value must keep to: ", 0 to 1", ", at most 20,000 characters"."""
    if "exclusiveMinimum" in schema:
        return f", above {_figure(schema['exclusiveMinimum'])}"
    for least, most, unit in _LIMITS:
        low, high = schema.get(least), schema.get(most)
        if low is not None and high is not None:
            return f", {_figure(low)}{unit}" if low == high else f", {_figure(low)} to {_figure(high)}{unit}"
        if high is not None:
            return f", at most {_figure(high)}{unit}"
        if low is not None:
            return f", at least {_figure(low)}{unit}"
    return ""


def _figure(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) and number < 1e9 else f"{number:g}"
