"""`POST /v1/advice/batch`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from advisor.input_limits import MAX_BATCH_BYTES, MAX_BATCH_SUBJECTS
from advisor.service import create_app
from advisor.service.batch import answer_batch, parse_batch

WAITING = {"profile": {"calls": 20, "wall": 0.05, "gil_held": 0.001, "gil_free": 0.0, "wait": 0.049}}
REQUEST = {"X-Request-ID": "one-request"}
UNANSWERABLE: list[Any] = [
    {"description": "x", "calls": 0},
    {"description": "x", "task": {}},
    {"profile": {"calls": 1, "wall": float("nan")}},
    {"description": "x" * 20_001},
    5,
    None,
    [],
]


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


def results(client: FlaskClient, subjects: Any) -> list[dict[str, Any]]:
    response = client.post("/v1/advice/batch", json={"subjects": subjects}, headers=REQUEST)
    assert response.status_code == 200, response.data[:500]
    return list(json.loads(response.data)["results"])


def test_each_subject_is_answered_as_alone(client: FlaskClient) -> None:
    """In the order of the subjects: the same advice, or the same problem with the position of the subject."""
    subjects = [WAITING, *UNANSWERABLE, {"description": "Sorting numbers", "machine": {"cores": 4}}]
    for index, (subject, result) in enumerate(zip(subjects, results(client, subjects), strict=True)):
        alone = client.post("/v1/advice", data=json.dumps(subject), content_type="application/json", headers=REQUEST)
        expected = json.loads(alone.data)
        if alone.status_code == 200:
            assert (result["advice"]["summary"], list(result)) == (expected["summary"], ["advice"])
        else:
            assert result == {"problem": {**expected, "instance": f"/v1/advice/batch#/subjects/{index}"}}


def test_an_empty_batch_has_no_results(client: FlaskClient) -> None:
    """No subjects, no results."""
    assert results(client, []) == []


def test_a_batch_has_at_most_a_thousand_subjects(client: FlaskClient) -> None:
    """The limit counts all subjects, valid or not."""
    assert len(results(client, [{}] * MAX_BATCH_SUBJECTS)) == MAX_BATCH_SUBJECTS
    response = client.post("/v1/advice/batch", json={"subjects": [{}] * (MAX_BATCH_SUBJECTS + 1)})
    assert response.status_code == 422
    assert [fault["field"] for fault in json.loads(response.data)["errors"]] == ["subjects"]


@pytest.mark.parametrize(
    ("body", "field"), [({}, "subjects"), ([], ""), ({"subjects": {}}, "subjects"), ({"subjects": [], "x": 1}, "x")]
)
def test_a_wrong_batch_is_422(client: FlaskClient, body: Any, field: str) -> None:
    """The problem document names the field at fault."""
    response = client.post("/v1/advice/batch", json=body)
    assert response.status_code == 422
    assert field in [fault["field"] for fault in json.loads(response.data)["errors"]]


def test_a_batch_may_be_larger_than_a_question(client: FlaskClient) -> None:
    """A batch has a limit of its own; each subject has that of a question."""
    large = {"subjects": [{"description": "x" * (2 << 20)}, WAITING]}
    refused, answered = results(client, large["subjects"])
    assert refused["problem"]["status"] == 413
    assert "advice" in answered
    response = client.post("/v1/advice/batch", data=b" " * (MAX_BATCH_BYTES + 1), content_type="application/json")
    assert (response.status_code, json.loads(response.data)["detail"]) == (413, "The body is larger than 8 MiB.")


def test_subjects_after_the_time_limit_are_refused(client: FlaskClient) -> None:
    """The others are answered; those after the limit have 503 in their place."""
    batch = parse_batch(json.dumps({"subjects": [WAITING] * 3}).encode())
    seconds = iter([0.0, 1.0, 10.0, 11.0])
    with client.application.test_request_context("/v1/advice/batch"):
        document = answer_batch(batch, lambda body: b"{}", seconds=10.0, clock=lambda: next(seconds))
    first, second, third = json.loads(document)["results"]
    assert (first, second) == ({"advice": {}}, {"advice": {}})
    assert (third["problem"]["status"], third["problem"]["instance"]) == (503, "/v1/advice/batch#/subjects/2")


def test_an_internal_error_costs_one_subject(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected error is a 500 in its place, without details; the other subjects are answered."""

    def sometimes(body: bytes) -> bytes:
        if b"bad" in body:
            raise RuntimeError("password=hunter2")
        return b"{}"

    batch = parse_batch(b'{"subjects": [{}, "bad", {}]}')
    with client.application.test_request_context("/v1/advice/batch"):
        first, second, third = json.loads(answer_batch(batch, sometimes, seconds=10.0))["results"]
    assert first == third == {"advice": {}}
    assert second["problem"]["status"] == 500
    assert "hunter2" not in json.dumps(second)
    assert "hunter2" in caplog.text
