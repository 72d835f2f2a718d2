"""Metrics, request ids, the log, and readiness."""

from __future__ import annotations

import json
import logging

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from advisor.service import create_app

SECRET = "hunter2"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


def counted(client: FlaskClient, name: str, **labels: str) -> float:
    families = text_string_to_metric_families(client.get("/metrics").get_data(as_text=True))
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def test_requests_and_advice_are_counted(client: FlaskClient) -> None:
    """Requests count by route and status; advice by recommendation and evidence, cached or not."""
    refused = {"route": "/v1/advice", "method": "POST", "status": "422"}
    undecided = {"recommendation": "undecided", "evidence": "described"}
    before = [
        counted(client, "advisor_requests_total", **refused),
        counted(client, "advisor_advice_total", **undecided),
    ]
    timed = counted(client, "advisor_request_seconds_count", route="/v1/advice")
    client.post("/v1/advice", json={})
    for _ in range(2):
        client.post("/v1/advice", json={"description": ""})
    client.post("/v1/advice/batch", json={"subjects": [{"description": ""}, {}]})
    after = [counted(client, "advisor_requests_total", **refused), counted(client, "advisor_advice_total", **undecided)]
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 3]
    assert counted(client, "advisor_request_seconds_count", route="/v1/advice") - timed == 3


def test_unknown_addresses_share_a_counter(client: FlaskClient) -> None:
    """Invented addresses and methods do not make new counters."""
    for number in range(3):
        client.open(f"/made-up/{number}", method="BREW")
    assert counted(client, "advisor_requests_total", route="none", method="other") >= 3
    assert "made-up" not in client.get("/metrics").get_data(as_text=True)


def test_a_request_id_is_passed_on(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """The header, the problem document and the log have the same id."""
    with caplog.at_level(logging.INFO, "advisor.service.request"):
        response = client.post("/v1/advice", json={}, headers={"X-Request-ID": "trace.me-1"})
    assert response.headers["X-Request-ID"] == json.loads(response.data)["request_id"] == "trace.me-1"
    assert [record.__dict__["request_id"] for record in caplog.records] == ["trace.me-1"]


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 129, "<script>", "\xe4", "../../x"])
def test_a_request_id_that_is_not_a_plain_word_is_replaced(client: FlaskClient, given: str | None) -> None:
    """A client cannot write arbitrary text into the log."""
    response = client.get("/v1/matrix", headers={} if given is None else {"X-Request-ID": given})
    assert response.headers["X-Request-ID"] != given
    assert response.headers["X-Request-ID"].isalnum()


@pytest.mark.parametrize("address", ["/openapi.json", "/api"])
def test_writing_the_openapi_document_keeps_the_request_id(address: str) -> None:
    """The first request makes the application answer the examples, in contexts of their own."""
    response = create_app().test_client().get(address, headers={"X-Request-ID": "trace.me-2"})
    assert response.headers["X-Request-ID"] == "trace.me-2"


def test_the_log_has_the_recommendation_and_nothing_of_the_question(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has no body, query or header, and no health checks."""
    with caplog.at_level(logging.INFO, "advisor.service.request"):
        client.get("/healthz")
        client.post(
            f"/v1/advice?token={SECRET}",
            json={"description": f"Downloading 100 files from a web server, with {SECRET}"},
            headers={"Authorization": f"Bearer {SECRET}", "Cookie": SECRET, "User-Agent": SECRET},
        )
    (record,) = caplog.records
    fields = record.__dict__
    assert SECRET not in repr(fields)
    assert (fields["route"], fields["status"], fields["method"]) == ("/v1/advice", 200, "POST")
    assert (fields["recommendation"], fields["evidence"]) == ("threading", "described")
    assert fields["seconds"] > 0


def test_readiness_names_what_is_not_ready() -> None:
    """A failed check is named; its error is for the log only."""
    app = create_app()
    assert app.test_client().get("/readyz").status_code == 200

    def failing() -> None:
        raise OSError(f"no route to {SECRET}")

    app.extensions["readiness_checks"]["journal"] = failing
    response = app.test_client().get("/readyz")
    assert response.status_code == 503
    assert json.loads(response.data)["detail"] == "Not ready: journal."
    assert SECRET not in response.get_data(as_text=True)
    assert app.test_client().get("/healthz").status_code == 200
