"""What an operator sees of the service."""

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


def test_requests_and_verdicts_are_counted(client: FlaskClient) -> None:
    """By address and status, and by verdict and evidence, from memory or not."""
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


def test_addresses_that_are_not_there_share_a_count(client: FlaskClient) -> None:
    """Whatever clients make up, the number of counts stays small."""
    for number in range(3):
        client.open(f"/made-up/{number}", method="BREW")
    assert counted(client, "advisor_requests_total", route="none", method="other") >= 3
    assert "made-up" not in client.get("/metrics").get_data(as_text=True)


def test_a_request_id_goes_all_the_way(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """The same id is in the header, in the problem document and in the log."""
    with caplog.at_level(logging.INFO, "advisor.service.request"):
        response = client.post("/v1/advice", json={}, headers={"X-Request-ID": "trace.me-1"})
    assert response.headers["X-Request-ID"] == json.loads(response.data)["request_id"] == "trace.me-1"
    assert [record.__dict__["request_id"] for record in caplog.records] == ["trace.me-1"]


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 129, "<script>", "\xe4", "../../x"])
def test_an_id_that_is_no_plain_word_is_replaced(client: FlaskClient, given: str | None) -> None:
    """Nobody writes into our log but we."""
    response = client.get("/v1/matrix", headers={} if given is None else {"X-Request-ID": given})
    assert response.headers["X-Request-ID"] != given
    assert response.headers["X-Request-ID"].isalnum()


@pytest.mark.parametrize("address", ["/openapi.json", "/api"])
def test_whoever_asks_for_the_description_first_keeps_their_id(address: str) -> None:
    """Its examples are answers of this very application, to requests with an id of their own."""
    response = create_app().test_client().get(address, headers={"X-Request-ID": "trace.me-2"})
    assert response.headers["X-Request-ID"] == "trace.me-2"


def test_the_log_says_what_was_answered_and_nothing_of_the_question(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither body, query nor headers get into the log; health does not either."""
    with caplog.at_level(logging.INFO, "advisor.service.request"):
        client.get("/healthz")
        client.post(
            f"/v1/advice?token={SECRET}",
            json={"description": f"Downloading 100 files from a web server, with {SECRET}"},
            headers={"Authorization": f"Bearer {SECRET}", "Cookie": SECRET, "User-Agent": SECRET},
        )
    (record,) = caplog.records
    told = record.__dict__
    assert SECRET not in repr(told)
    assert (told["route"], told["status"], told["method"]) == ("/v1/advice", 200, "POST")
    assert (told["recommendation"], told["evidence"]) == ("threading", "described")
    assert told["seconds"] > 0


def test_readiness_names_what_is_not_ready() -> None:
    """What the service rests on can be hooked in; what is wrong with it is for the log alone."""
    app = create_app()
    assert app.test_client().get("/readyz").status_code == 200

    def lost() -> None:
        raise OSError(f"no route to {SECRET}")

    app.extensions["ready"]["journal"] = lost
    response = app.test_client().get("/readyz")
    assert response.status_code == 503
    assert json.loads(response.data)["detail"] == "Not ready: journal."
    assert SECRET not in response.get_data(as_text=True)
    assert app.test_client().get("/healthz").status_code == 200
