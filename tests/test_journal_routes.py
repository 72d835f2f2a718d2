"""The journal over HTTP: links to advice, reported outcomes, and a journal that is off or lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from advisor.errors import JournalError, UsageError
from advisor.journal import circuit_breaker, queries
from advisor.journal.journal import Journal
from advisor.journal.records import Outcome
from advisor.models import Advice, Machine
from advisor.service import create_app, response_cache
from tests.journals import PROFILE, address, app_with, cluster
from tests.postgres import Cluster
from tests.test_service_server import serving

__all__ = ["address", "cluster"]  # fixtures

QUESTION = {"profile": PROFILE, "machine": {"cores": 4, "memory": 8 << 30, "python": "3.13"}}
JSON = "application/json"


@pytest.fixture
def client(address: str) -> Iterator[FlaskClient]:
    app = app_with(address)
    yield app.test_client()
    app.extensions["journal"].close()


def journal_of(client: FlaskClient) -> Journal:
    journal: Journal = client.application.extensions["journal"]
    return journal


def ask(client: FlaskClient, question: Any = QUESTION, path: str = "/v1/advice") -> TestResponse:
    response = client.post(path, json=question)
    assert response.status_code == 200, response.get_data(as_text=True)
    return response


def report(client: FlaskClient, id: str, body: Any) -> TestResponse:
    return client.post(f"/v1/advice/{id}/outcome", json=body)


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.content_type == "application/problem+json"
    document = json.loads(response.data)
    assert document["status"] == status
    return dict(document)


class TestLink:
    def test_advice_has_a_link(self, client: FlaskClient) -> None:
        """The response names a link, which returns the advice with its question."""
        response = ask(client)
        id = response.json["id"]
        assert re.fullmatch(r"[A-Za-z0-9_-]{24}", id)
        assert response.headers["Link"] == f'</v1/advice/{id}>; rel="bookmark"'
        followed = client.get(f"/v1/advice/{id}")
        assert (followed.status_code, followed.content_type) == (200, JSON)
        assert followed.json == response.json | {"question": QUESTION}
        assert Advice.model_validate_json(followed.data).recommendation == "threading"

    def test_the_same_question_has_the_same_link(self, client: FlaskClient, address: str) -> None:
        """Cached or not, from this process or another, with its fields in any order."""
        id = ask(client).json["id"]
        assert ask(client).json["id"] == id
        assert ask(client, dict(reversed(QUESTION.items()))).json["id"] == id
        assert ask(client, {**QUESTION, "calls": None}).json["id"] == id
        other = app_with(address)
        assert ask(other.test_client()).json["id"] == id
        other.extensions["journal"].close()
        assert ask(client, {**QUESTION, "calls": 7}).json["id"] != id

    def test_other_advice_has_another_link(self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
        """With less memory available, the same question gets other advice; both links stay valid."""
        question = {"profile": {**PROFILE, "peak_memory": 2 << 30, "idle_memory": 0}, "machine": {"cores": 16}}
        documents = []
        for memory in (32 << 30, 8 << 30):
            monkeypatch.setattr(response_cache, "current_host", lambda memory=memory: Machine(memory=memory))
            documents.append(ask(client, question).json)
        assert documents[0]["workers"] > documents[1]["workers"]
        assert documents[0]["id"] != documents[1]["id"]
        for document in documents:
            assert client.get(f"/v1/advice/{document['id']}").json == {**document, "question": question}
            assert report(client, document["id"], {"seconds": 1}).json["predicted"] == document["seconds"]

    def test_a_batch_has_links(self, client: FlaskClient) -> None:
        """Each answered subject has one, unless it is a description."""
        subjects = [QUESTION, {"description": "Downloading 100 files"}, {"task": {"wait_share": 1}}]
        results = ask(client, {"subjects": subjects}, "/v1/advice/batch").json["results"]
        first, described, task = (result["advice"] for result in results)
        assert first["id"] == ask(client).json["id"]
        assert "id" not in described
        assert client.get(f"/v1/advice/{task['id']}").status_code == 200

    def test_curves_make_no_entries(self, client: FlaskClient) -> None:
        """Moving a slider on the page does not fill the journal."""
        answer = ask(client, QUESTION, "/v1/curves").json
        assert "id" not in answer["advice"]
        assert client.get(f"/v1/advice/{ask(client).json['id']}").status_code == 200

    def test_descriptions_have_a_link_where_they_are_kept(
        self, client: FlaskClient, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They are kept only where a setting says so."""
        question = {"description": "Downloading 100 files", "machine": QUESTION["machine"]}
        answer = ask(client, question)
        assert "id" not in answer.json
        assert "Link" not in answer.headers
        monkeypatch.setenv("ADVISOR_JOURNAL", address)
        monkeypatch.setenv("ADVISOR_JOURNAL_DESCRIPTIONS", "1")
        app = create_app()
        id = ask(app.test_client(), question).json["id"]
        app.extensions["journal"].close()
        assert client.get(f"/v1/advice/{id}").json["evidence"] == "described"

    @pytest.mark.parametrize("id", ["x" * 24, "x" * 23, "%00" * 24])
    def test_an_unknown_id_is_404(self, client: FlaskClient, id: str) -> None:
        """Whether or not the id is well-formed."""
        problem(client.get(f"/v1/advice/{id}"), 404)
        problem(report(client, id, {"seconds": 1}), 404)

    def test_a_removed_entry_is_recorded_again(self, client: FlaskClient) -> None:
        """A cached response never has a dead link."""
        id = ask(client).json["id"]
        journal = journal_of(client)
        assert journal.prune(-1.0) == 1
        journal._recent.clear()  # as it does after an hour
        assert client.get(f"/v1/advice/{id}").status_code == 404
        assert ask(client).json["id"] == id
        assert client.get(f"/v1/advice/{id}").status_code == 200


class TestOutcome:
    def test_the_response_has_the_prediction(self, client: FlaskClient) -> None:
        """A report gets 201 with the prediction, and is among the outcomes from then on."""
        given = ask(client).json
        answer = report(client, given["id"], {"seconds": 2.5, "sequential_seconds": 50, "note": "at night"})
        assert (answer.status_code, answer.content_type) == (201, JSON)
        outcome = Outcome.model_validate_json(answer.data)
        assert (outcome.strategy, outcome.workers, outcome.calls) == ("threading", given["workers"], 1000)
        assert answer.json["predicted"] == given["seconds"]
        known = client.get("/v1/outcomes").json
        assert known["outcomes"] == [answer.json]
        low, expected, high = (given["seconds"][name] for name in ("low", "expected", "high"))
        assert (known["compared"], known["within"]) == (1, float(low <= 2.5 <= high))
        assert known["ratio"] == pytest.approx(2.5 / expected)

    def test_journal_events_are_counted(self, client: FlaskClient) -> None:
        """The metrics count what was recorded, reported and left out."""

        def counted(event: str) -> float:
            text = client.get("/metrics").get_data(as_text=True)
            found = re.search(rf'^advisor_journal_total{{event="{event}"}} (\S+)$', text, re.MULTILINE)
            return float(found[1]) if found else 0.0

        before = {event: counted(event) for event in ("recorded", "reported", "left out")}
        report(client, ask(client).json["id"], {"seconds": 1})
        ask(client, {"description": "Downloading 100 files"})
        assert {event: counted(event) - count for event, count in before.items()} == dict.fromkeys(before, 1.0)

    def test_another_strategy_can_be_reported(self, client: FlaskClient) -> None:
        """A report may name another strategy; whole numbers may be written as floats."""
        id = ask(client).json["id"]
        body = b'{"seconds": 20, "strategy": "multiprocessing", "workers": 4.0, "calls": 1e3}'
        answer = client.post(f"/v1/advice/{id}/outcome", data=body, content_type=JSON)
        assert answer.status_code == 201
        assert (answer.json["strategy"], answer.json["workers"]) == ("multiprocessing", 4)
        assert answer.json["predicted"]["expected"] > 0

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "seconds"),
            ({"seconds": 0}, "seconds"),
            ({"seconds": 1e-320}, "seconds"),
            ({"seconds": "2"}, "seconds"),
            ({"seconds": 1, "calls": 0}, "calls"),
            ({"seconds": 1, "strategy": "undecided"}, "strategy"),
            ({"seconds": 1, "workers": 10**7}, "workers"),
            ({"seconds": 1, "sequential_seconds": -1}, "sequential_seconds"),
            ({"seconds": 1, "note": "a\x00b"}, "note"),
            ({"seconds": 1, "other": 1}, "other"),
            ({"seconds": 1, "strategy": "sequential", "workers": 50}, "workers"),  # a loop has one
            ({"seconds": 1, "strategy": "asyncio"}, "workers"),  # it was not considered
            ({"seconds": float("nan")}, "seconds"),
            ({"seconds": float("inf")}, "seconds"),
        ],
    )
    def test_a_wrong_report_is_refused(self, client: FlaskClient, body: dict[str, Any], field: str) -> None:
        """The field at fault is named, and nothing is kept."""
        id = ask(client).json["id"]
        document = problem(report(client, id, body), 422)
        assert [fault["field"] for fault in document["errors"]] == [field]
        assert client.get("/v1/outcomes").json["outcomes"] == []

    def test_the_reports_of_an_advice_are_limited(self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
        """Beyond the limit the whole body is refused."""
        monkeypatch.setattr(queries, "MAX_OUTCOMES", 1)
        id = ask(client).json["id"]
        assert report(client, id, {"seconds": 1}).status_code == 201
        assert [fault["field"] for fault in problem(report(client, id, {"seconds": 1}), 422)["errors"]] == [""]

    def test_an_absurd_report_has_no_prediction(self, client: FlaskClient) -> None:
        """It is kept, but not compared."""
        id = ask(client).json["id"]
        answer = report(client, id, {"seconds": 25, "strategy": "threading", "workers": 1_000_000})
        assert (answer.status_code, answer.json["predicted"]) == (201, None)
        assert client.get("/v1/outcomes").json["compared"] == 0

    def test_undecided_advice_needs_a_strategy(self, client: FlaskClient) -> None:
        """There was no strategy to follow."""
        id = ask(client, {"task": {}}).json["id"]
        document = problem(report(client, id, {"seconds": 1}), 422)
        assert "strategy is required" in document["detail"]
        assert [fault["field"] for fault in document["errors"]] == ["strategy"]
        assert report(client, id, {"seconds": 1, "strategy": "threading", "workers": 2}).json["predicted"] is None
        known = client.get("/v1/outcomes").json
        assert (known["compared"], known["within"], known["ratio"]) == (0, None, None)


class TestOff:
    @pytest.fixture
    def bare(self, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
        monkeypatch.delenv("ADVISOR_JOURNAL", raising=False)
        return create_app().test_client()

    def test_an_embedded_application_keeps_no_journal(self, bare: FlaskClient) -> None:
        """`create_app()` keeps a journal only where a setting says so."""
        answer = ask(bare)
        assert "id" not in answer.json
        assert "Link" not in answer.headers
        assert bare.application.extensions["journal"] is None
        assert bare.get("/readyz").json["journal"] == "off"

    @pytest.mark.parametrize("path", ["/v1/outcomes", f"/v1/advice/{'x' * 24}"])
    def test_its_addresses_are_404(self, bare: FlaskClient, path: str) -> None:
        """The problem document says why."""
        assert problem(bare.get(path), 404)["detail"] == "This server keeps no journal."

    def test_off_overrides_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An explicit "off" wins."""
        monkeypatch.setenv("ADVISOR_JOURNAL", "sqlite:////nowhere/journal.db")
        assert app_with("off").extensions["journal"] is None

    def test_wrong_days_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A typing error is an error before it can remove anything."""
        monkeypatch.setenv("ADVISOR_JOURNAL_DAYS", "many")
        with pytest.raises(UsageError, match="journal_days: Input should be a valid number"):
            app_with("own")


@pytest.mark.server
class TestServed:
    def test_the_server_keeps_a_journal_for_the_user(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """By default it is in the user's data folder; `--journal off` disables it."""
        monkeypatch.delenv("ADVISOR_JOURNAL")
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        with serving() as server:
            responses = (json.loads(server.request("/v1/advice", QUESTION)[1]) for _ in range(40))
            id = next(document["id"] for document in responses if "id" in document)  # the first create the file
            assert json.loads(server.request(f"/v1/advice/{id}")[1])["id"] == id
        (tmp_path / "advisor" / "journal.db").unlink()
        with serving("--journal", "off") as server:
            assert "id" not in json.loads(server.request("/v1/advice", QUESTION)[1])
        assert not (tmp_path / "advisor" / "journal.db").exists()


@pytest.mark.database
class TestLost:
    def test_advice_is_given_while_the_journal_is_lost(self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        """Other requests get 503 without details; an advice without an id gets one when the journal is back."""
        monkeypatch.setattr(circuit_breaker, "RETRY_SECONDS", 0.0)
        app = app_with(cluster.new_database())
        client = app.test_client()
        id = ask(client).json["id"]
        assert report(client, id, {"seconds": 1}).status_code == 201
        other = {**QUESTION, "calls": 5}
        cluster.stop()
        try:
            assert "id" not in ask(client, other).json
            assert "id" not in ask(client, other).json
            assert ask(client).json["id"] == id  # cached, and the link will work again
            refused = [client.get(f"/v1/advice/{id}"), client.get("/v1/outcomes"), report(client, id, {"seconds": 2})]
            for response in refused:
                document = problem(response, 503)
                assert response.headers["Retry-After"] == "5"
                assert "hush" not in str(document)
            ready = client.get("/readyz")
            assert (ready.status_code, ready.json) == (200, {"status": "ok", "journal": "lost"})
            assert client.get("/healthz").status_code == 200
            assert client.get("/outcomes").status_code == 200  # the page itself says so
        finally:
            cluster.start()
        assert client.get(f"/v1/advice/{id}").status_code == 200
        assert report(client, id, {"seconds": 3}).status_code == 201
        assert ask(client, other).json["id"]
        assert client.get("/readyz").json == {"status": "ok", "journal": "ok"}
        assert [one["seconds"] for one in client.get("/v1/outcomes").json["outcomes"]] == [3.0, 1.0]
        app.extensions["journal"].close()


class TestOpenAPI:
    def test_it_describes_the_journal(self) -> None:
        """The OpenAPI document has the optional id, the statuses, and the length of an id."""
        document = create_app().test_client().get("/openapi.json").json
        operations = {
            (path, method): list(operation["responses"])
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if "{id}" in path or path == "/v1/outcomes"
        }
        assert operations == {
            ("/v1/advice/{id}", "get"): ["200", "404", "405", "500", "503"],
            ("/v1/advice/{id}/outcome", "post"): ["201", "400", "404", "413", "415", "422", "500", "503"],
            ("/v1/outcomes", "get"): ["200", "404", "500", "503"],
        }
        (id,) = document["paths"]["/v1/advice/{id}"]["get"]["parameters"]
        assert id["schema"] == {"type": "string", "minLength": 24, "maxLength": 24}
        advice = document["components"]["schemas"]["AdviceResponse"]
        assert advice["properties"]["id"]["type"] == "string"
        assert "id" not in advice["required"]


def test_database_errors_are_not_disclosed() -> None:
    """They name hosts and users."""
    app = create_app()

    class Broken:
        lost = "connection to db.internal as advisor failed"

        def probe(self) -> None:
            pass

        def outcomes(self) -> list[Outcome]:
            raise JournalError(self.lost)

    app.extensions["journal"] = Broken()
    response = app.test_client().get("/v1/outcomes")
    assert "internal" not in problem(response, 503)["detail"]
    assert app.test_client().get("/readyz").json == {"status": "ok", "journal": "lost"}
