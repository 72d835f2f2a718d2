"""Problem documents: whatever is wrong with a request, the field at fault is named."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from flask.testing import FlaskClient

from advisor.input_limits import MAX_BODY_BYTES
from advisor.service import create_app
from advisor.service.schemas import Question
from tests.service import WAITING, ask, check_problem, fields


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"profile": {"calls": 1, "wall": -1}}, "profile.wall", id="negative"),
        pytest.param({"profile": {"calls": 1}}, "profile.wall", id="missing"),
        pytest.param({"profile": {"calls": 1, "wall": "0.5"}}, "profile.wall", id="a text is no number"),
        pytest.param({"profile": {"calls": True, "wall": 1}}, "profile.calls", id="true is no number"),
        pytest.param(b'{"profile": {"calls": 1, "wall": NaN}}', "profile.wall", id="NaN"),
        pytest.param(b'{"profile": {"calls": 1, "wall": Infinity}}', "profile.wall", id="Infinity"),
        pytest.param(b'{"profile": {"calls": 1, "wall": 1e999}}', "profile.wall", id="overflow"),
        pytest.param({"profile": {"calls": 1, "wall": 1, "wait": 5}}, "profile", id="parts above the whole"),
        pytest.param({"profile": []}, "profile", id="profile is a list"),
        pytest.param({"profile": {"calls": 1, "wall": 1, "picklable": 5}}, "profile.picklable", id="nested"),
        *(
            pytest.param(
                {"profile": {"calls": 1, "wall": 1, "side_effects": {name: 10**309}}},
                f"profile.side_effects.{name}",
                id=f"{name} beyond any float",
            )
            for name in ("output_bytes", "children_left")
        ),
        pytest.param({"description": 5}, "description", id="description is a number"),
        pytest.param({"description": "x" * 20_001}, "description", id="description too long"),
        pytest.param({"description": "x", "calls": 0}, "calls", id="no calls"),
        pytest.param({"description": "x", "calls": 1.5}, "calls", id="half a call"),
        pytest.param({"description": "x", "calls": 10**30}, "calls", id="too many calls"),
        pytest.param({"description": "x", "machine": {"cores": 0}}, "machine.cores", id="no cores"),
        pytest.param({"description": "x", "machine": {"cores": 10**9}}, "machine.cores", id="too many cores"),
        pytest.param({"description": "x", "machine": {"memory": "8G"}}, "machine.memory", id="memory as text"),
        pytest.param({"description": "x", "machine": {"python": "2.7"}}, "machine.python", id="Python 2"),
        pytest.param({"description": "x", "machine": {"python": "3.12t"}}, "machine.python", id="3.12t never was"),
        pytest.param(
            {"description": "x", "machine": {"python": "3.10"}}, "machine.python", id="older than the package"
        ),
        pytest.param(
            {"description": "x", "machine": {"python": "3.\u0661\u0663"}}, "machine.python", id="other digits"
        ),
        pytest.param(
            {"description": "x", "machine": {"python": "3.12", "free_threaded": True}},
            "machine.free_threaded",
            id="3.12",
        ),
        pytest.param({"description": "x", "machine": {"gpus": 1}}, "machine.gpus", id="unknown in machine"),
        pytest.param({"description": "x", "target": "os:remove"}, "target", id="unknown"),
        pytest.param({"task": {"cpu_share": 0.8, "wait_share": 0.8}}, "task.wait_share", id="contradiction"),
        pytest.param({"task": {"speed": 1}}, "task.speed", id="unknown in task"),
    ],
)
def test_a_wrong_body_is_422_and_names_the_field(client: FlaskClient, body: Any, field: str) -> None:
    """The problem document names the field at fault."""
    assert fields(check_problem(ask(client, body), 422)) == [field]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["description", "task", "profile"]),
        ({"calls": 5}, ["description", "task", "profile"]),
        ({"description": None}, ["description", "task", "profile"]),
        ({"description": "x", "task": {}}, ["description", "task"]),
        ({"description": "x", "task": {}, "profile": WAITING}, ["description", "task", "profile"]),
    ],
)
def test_exactly_one_subject_is_needed(client: FlaskClient, body: dict[str, Any], named: list[str]) -> None:
    """No subject, or more than one, is 422 and names them."""
    assert fields(check_problem(ask(client, body), 422)) == named


@pytest.mark.parametrize("body", [[], None, 5, "text", True])
def test_json_that_is_no_object_is_422(client: FlaskClient, body: Any) -> None:
    """Valid JSON that is not an object is 422, not 400."""
    assert fields(check_problem(ask(client, body), 422)) == [""]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"description=x", id="form"),
        pytest.param(b'{"description": "\xff"}', id="not UTF-8"),
        pytest.param(b'{"description": "\\ud800"}', id="half a surrogate pair"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="too deep"),
        pytest.param(b'{"calls": ' + b"9" * 10_000 + b"}", id="a number of 10,000 digits"),
    ],
)
def test_invalid_json_is_400(client: FlaskClient, body: bytes) -> None:
    """Invalid JSON, and JSON that is nested too deeply, is 400."""
    check_problem(ask(client, body), 400)


def without_maximum(schema: Any) -> list[Any]:
    if isinstance(schema, list):
        return [found for each in schema for found in without_maximum(each)]
    if not isinstance(schema, dict):
        return []
    unbounded = schema.get("type") in ("integer", "number") and "maximum" not in schema
    return [schema] * unbounded + [found for each in schema.values() for found in without_maximum(each)]


def test_every_number_has_a_limit() -> None:
    """Every number in the schema has a maximum: a JSON integer can be too long for any float."""
    assert without_maximum(Question.model_json_schema()) == []


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_other_content_types_are_415(client: FlaskClient, content_type: str | None) -> None:
    """Another content type is 415, even where the body is JSON."""
    check_problem(client.post("/v1/advice", data=b'{"description": "x"}', content_type=content_type), 415)


def test_a_large_body_is_413(client: FlaskClient) -> None:
    """One MiB is the limit, to the byte."""
    padding = MAX_BODY_BYTES - len(b'{"description": "x"}')
    assert ask(client, b'{"description": "x"' + b" " * padding + b"}").status_code == 200
    check_problem(ask(client, b'{"description": "x"' + b" " * (padding + 1) + b"}"), 413)


@pytest.mark.parametrize("path", ["/nowhere", "/v1/advice/", "/static/../app.py", "/static/none.css", "/%00", "/ä"])
def test_an_unknown_address_is_404(client: FlaskClient, path: str) -> None:
    """An unknown address is a problem document."""
    assert client.get(path).content_type == "application/problem+json"
    assert client.get(path).status_code == 404


def test_a_wrong_method_is_405_and_says_which_are_right(client: FlaskClient) -> None:
    """A 405 lists the methods that the address takes."""
    response = client.get("/v1/advice")
    check_problem(response, 405)
    assert "POST" in response.headers["Allow"]


def test_an_internal_error_is_not_disclosed(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log gets the error behind a 500; the client does not."""

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("advisor.service.response_cache.plan", broken)
    with caplog.at_level(logging.ERROR):
        document = check_problem(ask(client, {"description": "x"}), 500)
    assert "hunter2" not in json.dumps(document)
    assert "hunter2" in caplog.text


def test_many_errors_make_a_bounded_response(client: FlaskClient) -> None:
    """Many wrong fields with long names are cut short."""
    response = ask(client, {f"{'x' * 5000}{number}": 1 for number in range(200)})
    check_problem(response, 422)
    assert len(response.data) < 20_000
