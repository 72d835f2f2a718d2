"""The journal over HTTP: links to advice, outcomes reported, and what holds when there is none."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from advisor.errors import JournalError, UsageError
from advisor.journal import circuit_breaker, queries
from advisor.journal.journal import Journal
from advisor.journal.models import Outcome
from advisor.models import Advice, Machine
from advisor.service import create_app, response_cache
from tests.journals import PROFILE, address, app_with, cluster
from tests.postgres import Cluster

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


def ask(client: FlaskClient, question: Any = QUESTION, place: str = "/v1/advice") -> TestResponse:
    response = client.post(place, json=question)
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
    def test_advice_has_an_id_under_which_it_can_be_had_again(self, client: FlaskClient) -> None:
        """As it was given, by a link that the answer names."""
        given = ask(client)
        id = given.json["id"]
        assert re.fullmatch(r"[A-Za-z0-9_-]{24}", id)
        assert given.headers["Link"] == f'</v1/advice/{id}>; rel="bookmark"'
        again = client.get(f"/v1/advice/{id}")
        assert (again.status_code, again.content_type) == (200, JSON)
        assert again.json == given.json | {"question": QUESTION}
        assert Advice.model_validate_json(again.data).recommendation == "threading"

    def test_the_same_question_has_the_same_link(self, client: FlaskClient, address: str) -> None:
        """From memory or not, by this process or another, with its fields in whatever order."""
        id = ask(client).json["id"]
        assert ask(client).json["id"] == id
        assert ask(client, dict(reversed(QUESTION.items()))).json["id"] == id
        assert ask(client, {**QUESTION, "calls": None}).json["id"] == id
        other = app_with(address)
        assert ask(other.test_client()).json["id"] == id
        other.extensions["journal"].close()
        assert ask(client, {**QUESTION, "calls": 7}).json["id"] != id

    def test_other_advice_has_another_link(self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
        """With less memory left, the same question is answered otherwise; both links show what was given."""
        question = {"profile": {**PROFILE, "peak_memory": 2 << 30, "idle_memory": 0}, "machine": {"cores": 16}}
        given = []
        for memory in (32 << 30, 8 << 30):
            monkeypatch.setattr(response_cache, "limits", lambda memory=memory: Machine(memory=memory))
            client.application.extensions["answers"]._host._known = None  # as after a while
            given.append(ask(client, question).json)
        assert given[0]["workers"] > given[1]["workers"]
        assert given[0]["id"] != given[1]["id"]
        for one in given:
            assert client.get(f"/v1/advice/{one['id']}").json == {**one, "question": question}
            assert report(client, one["id"], {"seconds": 1}).json["predicted"] == one["seconds"]

    def test_a_batch_has_links_too(self, client: FlaskClient) -> None:
        """One for each that was answered and may be kept."""
        subjects = [QUESTION, {"description": "Downloading 100 files"}, {"task": {"wait_share": 1}}]
        results = ask(client, {"subjects": subjects}, "/v1/advice/batch").json["results"]
        first, described, task = (result["advice"] for result in results)
        assert first["id"] == ask(client).json["id"]
        assert "id" not in described
        assert client.get(f"/v1/advice/{task['id']}").status_code == 200

    def test_curves_are_no_entries(self, client: FlaskClient) -> None:
        """Whoever moves cores to and fro on the page does not fill the journal."""
        answer = ask(client, QUESTION, "/v1/curves").json
        assert "id" not in answer["advice"]
        assert client.get(f"/v1/advice/{ask(client).json['id']}").status_code == 200

    def test_descriptions_have_none_unless_they_are_kept(
        self, client: FlaskClient, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That takes a word, here by the environment."""
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
    def test_what_is_not_kept_is_not_found(self, client: FlaskClient, id: str) -> None:
        """A well-formed id or not."""
        problem(client.get(f"/v1/advice/{id}"), 404)
        problem(report(client, id, {"seconds": 1}), 404)

    def test_an_entry_that_was_removed_is_made_anew(self, client: FlaskClient) -> None:
        """An answer from memory has no link to nothing."""
        id = ask(client).json["id"]
        journal = journal_of(client)
        assert journal.prune(-1.0) == 1
        journal._recent.clear()  # as after an hour
        assert client.get(f"/v1/advice/{id}").status_code == 404
        assert ask(client).json["id"] == id
        assert client.get(f"/v1/advice/{id}").status_code == 200


class TestOutcome:
    def test_it_is_answered_with_what_was_predicted(self, client: FlaskClient) -> None:
        """And from then on among the outcomes."""
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

    def test_what_becomes_of_them_is_counted(self, client: FlaskClient) -> None:
        """For whoever watches the server."""

        def counted(event: str) -> float:
            text = client.get("/metrics").get_data(as_text=True)
            found = re.search(rf'^advisor_journal_total{{event="{event}"}} (\S+)$', text, re.MULTILINE)
            return float(found[1]) if found else 0.0

        before = {event: counted(event) for event in ("recorded", "reported", "left out")}
        report(client, ask(client).json["id"], {"seconds": 1})
        ask(client, {"description": "Downloading 100 files"})
        assert {event: counted(event) - count for event, count in before.items()} == dict.fromkeys(before, 1.0)

    def test_another_way_can_be_told(self, client: FlaskClient) -> None:
        """Whole numbers may be written as floats, as everywhere."""
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
        ],
    )
    def test_what_can_be_none_is_refused(self, client: FlaskClient, body: dict[str, Any], field: str) -> None:
        """With the field at fault named, and nothing kept."""
        id = ask(client).json["id"]
        document = problem(report(client, id, body), 422)
        assert [fault["field"] for fault in document["errors"]] == [field]
        assert client.get("/v1/outcomes").json["outcomes"] == []

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"seconds": 1, "strategy": "sequential", "workers": 50}, "workers"),
            ({"seconds": 1, "strategy": "asyncio"}, "workers"),
        ],
    )
    def test_what_the_advice_cannot_complete_is_refused(
        self, client: FlaskClient, body: dict[str, Any], field: str
    ) -> None:
        """A loop has no workers, and of a strategy that was not considered nobody knows how many."""
        id = ask(client).json["id"]
        document = problem(report(client, id, body), 422)
        assert document["errors"] == [{"field": field, "message": document["detail"]}]
        assert client.get("/v1/outcomes").json["outcomes"] == []

    def test_too_many_are_refused_as_such(self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is the body as a whole that is not taken."""
        monkeypatch.setattr(queries, "MAX_OUTCOMES", 1)
        id = ask(client).json["id"]
        assert report(client, id, {"seconds": 1}).status_code == 201
        assert [fault["field"] for fault in problem(report(client, id, {"seconds": 1}), 422)["errors"]] == [""]

    def test_what_nobody_would_do_is_compared_with_nothing(self, client: FlaskClient) -> None:
        """It is kept, and counts for nothing."""
        id = ask(client).json["id"]
        answer = report(client, id, {"seconds": 25, "strategy": "threading", "workers": 1_000_000})
        assert (answer.status_code, answer.json["predicted"]) == (201, None)
        assert client.get("/v1/outcomes").json["compared"] == 0

    def test_seconds_are_finite_numbers(self, client: FlaskClient) -> None:
        """No JSON, though some writers send it."""
        id = ask(client).json["id"]
        for text in (b'{"seconds": NaN}', b'{"seconds": Infinity}', b'{"seconds": 1e999}'):
            problem(client.post(f"/v1/advice/{id}/outcome", data=text, content_type=JSON), 422)

    def test_undecided_advice_needs_a_strategy(self, client: FlaskClient) -> None:
        """Nothing was advised that could have been followed."""
        id = ask(client, {"task": {}}).json["id"]
        document = problem(report(client, id, {"seconds": 1}), 422)
        assert "strategy is required" in document["detail"]
        assert [fault["field"] for fault in document["errors"]] == ["strategy"]
        assert report(client, id, {"seconds": 1, "strategy": "threading", "workers": 2}).json["predicted"] is None
        known = client.get("/v1/outcomes").json
        assert (known["compared"], known["within"], known["ratio"]) == (0, None, None)


class TestWithout:
    @pytest.fixture
    def bare(self, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
        monkeypatch.delenv("ADVISOR_JOURNAL", raising=False)
        return create_app().test_client()

    def test_nothing_is_written_unasked(self, bare: FlaskClient) -> None:
        """An application that somebody embeds has no journal."""
        answer = ask(bare)
        assert "id" not in answer.json
        assert "Link" not in answer.headers
        assert bare.application.extensions["journal"] is None
        assert bare.get("/readyz").json["journal"] == "off"

    @pytest.mark.parametrize("path", ["/v1/outcomes", f"/v1/advice/{'x' * 24}"])
    def test_there_is_nothing_to_be_had(self, bare: FlaskClient, path: str) -> None:
        """Which is said."""
        assert problem(bare.get(path), 404)["detail"] == "This server keeps no journal."

    def test_off_is_a_word_for_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever the environment says."""
        monkeypatch.setenv("ADVISOR_JOURNAL", "sqlite:////nowhere/journal.db")
        assert app_with("off").extensions["journal"] is None

    def test_days_are_a_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A slip is told before it removes anything."""
        monkeypatch.setenv("ADVISOR_JOURNAL_DAYS", "many")
        with pytest.raises(UsageError, match="journal_days: Input should be a valid number"):
            app_with("own")


class TestServed:
    def test_the_server_keeps_one_for_the_user_unless_told_otherwise(self, tmp_path: Path) -> None:
        """In the user's data folder; `off` is a word for none."""
        environment = {name: value for name, value in os.environ.items() if name != "ADVISOR_JOURNAL"}
        environment["XDG_DATA_HOME"] = str(tmp_path)
        with serving([], environment) as place:
            answers = (asked(place) for _ in range(40))  # the first may not wait until there is a file with its tables
            id = next(answer["id"] for answer in answers if "id" in answer)
        with serving([], environment) as place, urllib.request.urlopen(f"{place}/v1/advice/{id}", timeout=20) as answer:
            assert json.load(answer)["id"] == id
        (tmp_path / "advisor" / "journal.db").unlink()
        with serving(["--journal", "off"], environment) as place:
            assert "id" not in asked(place)
        assert not (tmp_path / "advisor" / "journal.db").exists()


@contextmanager
def serving(options: list[str], environment: dict[str, str]) -> Iterator[str]:
    """The address of a server of its own."""
    command = [sys.executable, "-m", "advisor", "serve", "--port", "0", *options]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        try:
            found = next(match for line in child.stderr if (match := re.search(r"http://127\.0\.0\.1:\d+", line)))
            yield found[0]
        finally:
            child.terminate()
            child.communicate(timeout=20)


def asked(place: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{place}/v1/advice", json.dumps(QUESTION).encode(), {"Content-Type": JSON})
    with urllib.request.urlopen(request, timeout=20) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


class TestLost:
    def test_advice_is_given_and_the_rest_refused_until_it_is_back(
        self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No secret in what is answered; what had no id meanwhile has one as soon as it can."""
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
            assert ask(client).json["id"] == id  # from memory, and the link will work again
            refused = [client.get(f"/v1/advice/{id}"), client.get("/v1/outcomes"), report(client, id, {"seconds": 2})]
            for response in refused:
                document = problem(response, 503)
                assert response.headers["Retry-After"] == "5"
                assert "hush" not in str(document)
            ready = client.get("/readyz")
            assert (ready.status_code, ready.json) == (200, {"status": "ok", "journal": "lost"})
            assert client.get("/healthz").status_code == 200
            assert client.get("/outcomes").status_code == 200  # it says so itself
        finally:
            cluster.start()
        assert client.get(f"/v1/advice/{id}").status_code == 200
        assert report(client, id, {"seconds": 3}).status_code == 201
        assert ask(client, other).json["id"]
        assert client.get("/readyz").json == {"status": "ok", "journal": "ok"}
        assert [one["seconds"] for one in client.get("/v1/outcomes").json["outcomes"]] == [3.0, 1.0]
        app.extensions["journal"].close()


class TestDescription:
    def test_the_document_describes_what_is_sent(self) -> None:
        """The optional id, the statuses, and the length of an id."""
        document = create_app().test_client().get("/openapi.json").json
        operations = {
            (path, method): sorted(operation["responses"])
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if "{id}" in path or path == "/v1/outcomes"
        }
        unread = {"400", "414", "417", "431", "501"}  # which every call has
        assert {call: sorted(set(statuses) - unread) for call, statuses in operations.items()} == {
            ("/v1/advice/{id}", "get"): ["200", "404", "405", "500", "503"],
            ("/v1/advice/{id}/outcome", "post"): ["201", "404", "413", "415", "422", "500", "503"],
            ("/v1/outcomes", "get"): ["200", "404", "500", "503"],
        }
        (id,) = document["paths"]["/v1/advice/{id}"]["get"]["parameters"]
        assert id["schema"] == {"type": "string", "minLength": 24, "maxLength": 24}
        given = document["components"]["schemas"]["Given"]
        assert given["properties"]["id"]["type"] == "string"
        assert "id" not in given["required"]


def test_what_the_database_says_is_not_for_clients() -> None:
    """It names hosts and users."""
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
