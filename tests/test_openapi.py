"""The OpenAPI document describes what the service really takes and sends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from tests.journals import app_with

JSON = "application/json"
PROBLEM = "application/problem+json"
PAGES = {"/", "/advice.css", "/api", "/matrix", "/outcomes", "/static/<path:filename>", "/swagger-ui/<path:filename>"}
WRONG = [{}, {"description": "x", "task": {}}, {"description": "x", "speed": 1}, {"description": 5}]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    app = app_with(str(tmp_path_factory.mktemp("journal") / "journal.db"))
    yield app.test_client()
    app.extensions["journal"].close()


@pytest.fixture(scope="module")
def openapi(client: FlaskClient) -> dict[str, Any]:
    return dict(json.loads(client.get("/openapi.json").data))


def operations(openapi: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def follows(openapi: dict[str, Any], schema: dict[str, Any], document: Any) -> bool:
    """Return True if a document is valid against a schema of the OpenAPI document."""
    return Draft202012Validator({**schema, "components": openapi["components"]}).is_valid(document)


def named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def without_request_id(document: Any) -> Any:
    """Return a document without the ids that differ from request to request."""
    if isinstance(document, list):
        return [without_request_id(item) for item in document]
    if isinstance(document, dict):
        return {key: without_request_id(value) for key, value in document.items() if key != "request_id"}
    return document


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)


def test_it_describes_every_address(client: FlaskClient, openapi: dict[str, Any]) -> None:
    """The document is OpenAPI 3.1, has every address but the pages, and every reference resolves."""
    assert openapi["openapi"].startswith("3.1.")
    rules = {rule.rule for rule in client.application.url_map.iter_rules()} - PAGES
    assert set(openapi["paths"]) == {re.sub(r"<(?:\w+(?:\(.*?\))?:)?(\w+)>", r"{\1}", rule) for rule in rules}
    assert all(operation["summary"] for _, _, operation in operations(openapi))
    for reference in references(openapi):
        target: Any = openapi
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    for schema in openapi["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_example_is_valid_and_answered_as_published(client: FlaskClient, openapi: dict[str, Any]) -> None:
    """Each example body and its answer follow their schemas, and the service sends that answer."""
    shown = 0
    for path, method, operation in operations(openapi):
        asked = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
        if "examples" not in asked:
            continue
        answered = operation["responses"]["200"]["content"][JSON]
        for name, example in asked["examples"].items():
            response = client.open(path, method=method.upper(), json=example["value"])
            assert response.status_code == 200
            assert follows(openapi, asked["schema"], example["value"])
            assert follows(openapi, answered["schema"], json.loads(response.data))
            assert without_request_id(json.loads(response.data)) == answered["examples"][name]["value"]
            shown += 1
    assert shown >= 5


def test_responses_to_get_are_as_published(client: FlaskClient, openapi: dict[str, Any]) -> None:
    """Every address without a parameter sends its published content type and schema."""
    for path, method, operation in operations(openapi):
        if method == "get" and "{" not in path:
            response = client.get(path)
            (content_type, content), *_ = operation["responses"]["200"]["content"].items()
            assert response.mimetype == content_type
            assert content_type != JSON or follows(openapi, content["schema"], json.loads(response.data))


@pytest.mark.parametrize("body", WRONG)
def test_the_schema_refuses_what_the_service_refuses(
    client: FlaskClient, openapi: dict[str, Any], body: dict[str, Any]
) -> None:
    """A body that gets 422 is invalid against the schema; the problem document is valid against its own."""
    response = client.post("/v1/advice", json=body)
    assert response.status_code == 422
    assert not follows(openapi, named("Question"), body)
    assert follows(openapi, named("Problem"), json.loads(response.data))


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [(b"{", JSON, 400), (b" " * (9 << 20), JSON, 413), (b"{}", "text/plain", 415), (b"{}", JSON, 422)],
)
@pytest.mark.parametrize("path", ["/v1/advice", "/v1/advice/batch", "/v1/curves"])
def test_every_problem_is_published(
    client: FlaskClient, openapi: dict[str, Any], path: str, body: bytes, content_type: str, status: int
) -> None:
    """Every status for a wrong body is published, with the problem document that is sent."""
    response = client.post(path, data=body, content_type=content_type)
    published = openapi["paths"][path]["post"]["responses"][str(status)]["content"]
    assert response.status_code == status
    assert response.content_type == PROBLEM
    assert set(published) == {PROBLEM}
    assert follows(openapi, published[PROBLEM]["schema"], json.loads(response.data))


def test_headers_are_published(client: FlaskClient, openapi: dict[str, Any]) -> None:
    """Every response has its request id; other headers are published where they are sent."""
    for _, _, operation in operations(openapi):
        assert all("X-Request-ID" in response["headers"] for response in operation["responses"].values())
    response = client.post("/v1/advice", json={"profile": {"calls": 1, "wall": 1}})
    published = openapi["paths"]["/v1/advice"]["post"]["responses"]["200"]
    assert set(published["headers"]) == {"X-Request-ID", "Link"} <= set(response.headers.keys())
    assert "Allow" in openapi["paths"]["/v1/advice/{id}"]["get"]["responses"]["405"]["headers"]


def test_every_table_of_the_matrix_is_published(client: FlaskClient, openapi: dict[str, Any]) -> None:
    """The schema has a property for each table."""
    assert list(openapi["components"]["schemas"]["Matrix"]["properties"]) == list(client.get("/v1/matrix").json or {})
