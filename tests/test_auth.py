"""Who may ask, and how often."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from advisor.errors import JournalError, UsageError
from advisor.service import create_app
from advisor.service.routes.journal import RETRY_AFTER
from advisor.service.settings import Settings, settings

TOKEN = "a-token-of-the-team"
OTHER = "its-successor-token"
PROTECTED = [("POST", "/v1/advice"), ("POST", "/v1/advice/batch"), ("POST", "/v1/curves"), ("GET", "/v1/matrix")]


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(settings({"ADVISOR_TOKEN": TOKEN})).test_client()


@pytest.mark.parametrize(("method", "path"), [*PROTECTED, ("GET", "/openapi.json"), ("GET", "/metrics"), ("GET", "/x")])
@pytest.mark.parametrize(
    "header", [None, "", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ", "Bearer \xff", f"Bearer {OTHER}"]
)
def test_without_the_token_nothing_is_told(client: FlaskClient, method: str, path: str, header: str | None) -> None:
    """Every call but health is 401 then, an unknown address too, and says how to ask."""
    response = client.open(path, method=method, json={}, headers={} if header is None else {"Authorization": header})
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert response.headers["WWW-Authenticate"].lower().startswith("bearer")
    assert TOKEN not in response.get_data(as_text=True)


def test_with_the_token_all_is_as_ever(client: FlaskClient) -> None:
    """The scheme's name may be written in any case."""
    for scheme in ("Bearer", "bearer"):
        headers = {"Authorization": f"{scheme} {TOKEN}"}
        assert client.post("/v1/advice", json={"description": "Sorting"}, headers=headers).status_code == 200
        assert client.get("/x", headers=headers).status_code == 404


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/matrix", "/outcomes", "/static/page.js"])
def test_health_and_the_pages_need_no_token(client: FlaskClient, path: str) -> None:
    """A probe has no token, and the pages are where a person gives theirs."""
    with client.get(path) as response:
        assert response.status_code == 200


def test_the_description_says_so(client: FlaskClient) -> None:
    """The document names the scheme, and the calls that go without."""
    openapi = json.loads(client.get("/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}).data)
    assert openapi["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    assert openapi["security"] == [{"token": []}]
    assert openapi["paths"]["/healthz"]["get"]["security"] == []
    assert "401" in openapi["paths"]["/v1/advice"]["post"]["responses"]
    assert "401" not in openapi["paths"]["/healthz"]["get"]["responses"]


def test_every_line_of_the_file_is_good(tmp_path: Path) -> None:
    """A token can be replaced while the old one still holds."""
    file = tmp_path / "tokens"
    file.write_text(f"{TOKEN}\n\n{OTHER}\n", encoding="utf-8")
    client = create_app(settings({}, token_file=str(file))).test_client()
    for token, status in ((TOKEN, 200), (OTHER, 200), (TOKEN + OTHER, 401)):
        assert client.get("/v1/matrix", headers={"Authorization": f"Bearer {token}"}).status_code == status


def test_a_token_is_a_whole_line(tmp_path: Path) -> None:
    """With the blanks in it, and without those around it."""
    file = tmp_path / "tokens"
    file.write_bytes(f"  {TOKEN} and a blank \r\n{OTHER}".encode())
    client = create_app(settings({}, token_file=str(file))).test_client()
    for token, status in ((f"{TOKEN} and a blank", 200), (OTHER, 200), (TOKEN, 401)):
        assert client.get("/v1/matrix", headers={"Authorization": f"Bearer {token}"}).status_code == status


def test_a_file_without_a_name_does_not_open_the_service() -> None:
    """It is the value of a variable that is not set."""
    with pytest.raises(UsageError, match="--token-file names no file"):
        settings({"ADVISOR_TOKEN": TOKEN}, token_file="")


@pytest.mark.skipif(sys.platform == "win32", reason="a file's mode says nothing there")
@pytest.mark.parametrize(("mode", "told"), [(0o600, False), (0o644, False), (0o666, True)])
def test_a_file_that_anybody_may_write_is_remarked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, told: bool
) -> None:
    """The service starts nevertheless: it may be the only one on its host."""
    file = tmp_path / "tokens"
    file.write_text(TOKEN, encoding="utf-8")
    file.chmod(mode)
    assert settings({}, token_file=str(file)).tokens
    assert (f"{file} is writable by all" in caplog.text) is told


@pytest.mark.parametrize(
    ("text", "complaint"), [("", "holds no token"), ("short", "at least 16"), (None, "cannot read")]
)
def test_a_file_without_a_good_token_is_an_error(tmp_path: Path, text: str | None, complaint: str) -> None:
    """Never an open service by mistake, and never a token in a message."""
    file = tmp_path / "tokens"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=complaint) as error:
        settings({"ADVISOR_TOKEN_FILE": str(file)})
    assert not text or text not in str(error.value)


@pytest.mark.parametrize(
    "environment", [{"ADVISOR_RATE_LIMIT": "many"}, {"ADVISOR_PROXIES": "x"}, {"ADVISOR_BATCH_SECONDS": "-1"}]
)
def test_settings_that_make_no_sense_are_named(environment: dict[str, str]) -> None:
    """One line that a person can act on."""
    (variable,) = environment
    with pytest.raises(UsageError, match=variable.removeprefix("ADVISOR_").lower()):
        settings(environment)


def test_who_asks_too_often_is_told_to_wait() -> None:
    """Each address has its own count, health none; the problem says when to come back."""
    client = create_app(Settings(rate_limit="3/hour")).test_client()
    statuses = [client.get("/v1/matrix").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = client.get("/v1/matrix")
    assert refused.content_type == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get("/v1/matrix", environ_base={"REMOTE_ADDR": "127.0.0.2"}).status_code == 200
    assert {client.get("/healthz").status_code for _ in range(5)} == {200}
    assert (
        "429"
        in create_app(Settings(rate_limit="3/hour"))
        .extensions["description"]
        .document["paths"]["/v1/advice"]["post"]["responses"]
    )


def test_the_limit_is_one_for_all_that_an_address_asks() -> None:
    """Whatever it asks for, and with whatever token: what is not there and what is refused counts, too."""
    client = create_app(Settings(rate_limit="6/hour", tokens=(SecretStr(TOKEN),))).test_client()
    good, wrong = {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": f"Bearer {OTHER}"}
    asked = [("/v1/matrix", good), ("/openapi.json", good), ("/metrics", good), ("/x", good)]
    asked += [("/v1/matrix", wrong), ("/x", wrong), ("/v1/outcomes", good), ("/y", wrong)]
    statuses = [client.get(path, headers=headers).status_code for path, headers in asked]
    assert statuses == [200, 200, 200, 404, 401, 401, 429, 429]
    assert client.get("/healthz").status_code == client.get("/").status_code == 200


def test_only_who_is_to_wait_is_told_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that is lost comes back sooner than the limit's hour is over."""
    app = create_app(Settings(rate_limit="3/hour"))
    client = app.test_client()
    answers = [client.get("/v1/matrix"), client.get("/x")]
    assert all("Retry-After" not in answer.headers for answer in answers)
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1"]

    def lost() -> None:
        raise JournalError("no route")

    monkeypatch.setitem(app.extensions, "journal", SimpleNamespace(outcomes=lost))
    response = client.get("/v1/outcomes")
    assert (response.status_code, response.headers["Retry-After"]) == (503, str(RETRY_AFTER))
    assert int(client.get("/v1/matrix").headers["Retry-After"]) > RETRY_AFTER


def test_where_the_storage_is_lost_each_worker_counts_for_itself() -> None:
    """The limit stays one for all routes."""
    client = create_app(Settings(rate_limit="2/hour", rate_storage="redis://127.0.0.1:1")).test_client()
    statuses = [client.get(path).status_code for path in ("/v1/matrix", "/x", "/openapi.json")]
    assert statuses == [200, 404, 429]


def test_an_address_behind_a_proxy_counts_where_a_proxy_is_told() -> None:
    """A client's own X-Forwarded-For is believed only from a proxy that the operator knows of."""
    for proxies, expected in ((0, 429), (1, 200)):
        client = create_app(Settings(rate_limit="1/hour", proxies=proxies)).test_client()
        last = [client.get("/v1/matrix", headers={"X-Forwarded-For": f"10.0.0.{host}"}) for host in (1, 2)][-1]
        assert last.status_code == expected
