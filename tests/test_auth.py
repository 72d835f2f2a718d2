"""Tokens, rate limits, and the settings for them."""

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
PAGES = ["/", "/matrix", "/outcomes", "/api", "/static/page.js", "/swagger-ui/swagger-ui.css"]
PROTECTED = [("POST", "/v1/advice"), ("POST", "/v1/advice/batch"), ("POST", "/v1/curves"), ("GET", "/v1/matrix")]


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(settings({"ADVISOR_TOKEN": TOKEN})).test_client()


@pytest.mark.parametrize(("method", "path"), [*PROTECTED, ("GET", "/openapi.json"), ("GET", "/metrics"), ("GET", "/x")])
@pytest.mark.parametrize(
    "header", [None, "", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ", "Bearer \xff", f"Bearer {OTHER}"]
)
def test_every_call_but_health_needs_the_token(client: FlaskClient, method: str, path: str, header: str | None) -> None:
    """Without a valid token the response is 401, also at an unknown address, and names the scheme."""
    response = client.open(path, method=method, json={}, headers={} if header is None else {"Authorization": header})
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert response.headers["WWW-Authenticate"].lower().startswith("bearer")
    assert TOKEN not in response.get_data(as_text=True)


def test_the_token_gives_access(client: FlaskClient) -> None:
    """The name of the scheme is case-insensitive."""
    for scheme in ("Bearer", "bearer"):
        headers = {"Authorization": f"{scheme} {TOKEN}"}
        assert client.post("/v1/advice", json={"description": "Sorting"}, headers=headers).status_code == 200
        assert client.get("/x", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/readyz", "/", "/matrix", "/outcomes", "/api", "/static/page.js", "/swagger-ui/swagger-ui.css"],
)
def test_health_and_the_pages_need_no_token(client: FlaskClient, path: str) -> None:
    """A probe has no token, and the pages ask for it."""
    with client.get(path) as response:
        assert response.status_code == 200


def test_the_openapi_document_names_the_scheme(client: FlaskClient) -> None:
    """The document has the scheme, and marks the public calls."""
    openapi = json.loads(client.get("/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}).data)
    assert openapi["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    assert openapi["security"] == [{"token": []}]
    assert openapi["paths"]["/healthz"]["get"]["security"] == []
    assert "401" in openapi["paths"]["/v1/advice"]["post"]["responses"]
    assert "401" not in openapi["paths"]["/healthz"]["get"]["responses"]


def test_every_line_of_the_file_is_a_token(tmp_path: Path) -> None:
    """A token can be replaced while the old one is still valid; only the blanks around a token are removed."""
    file = tmp_path / "tokens"
    file.write_bytes(f"  {TOKEN} and a blank \r\n\n{OTHER}".encode())
    client = create_app(settings({}, token_file=str(file))).test_client()
    for token, status in ((f"{TOKEN} and a blank", 200), (OTHER, 200), (TOKEN, 401)):
        assert client.get("/v1/matrix", headers={"Authorization": f"Bearer {token}"}).status_code == status


def test_an_empty_file_name_is_an_error() -> None:
    """An unset shell variable must not disable authentication."""
    with pytest.raises(UsageError, match="--token-file is empty"):
        settings({"ADVISOR_TOKEN": TOKEN}, token_file="")


@pytest.mark.skipif(sys.platform == "win32", reason="a file's mode says nothing there")
@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o644, False), (0o666, True)])
def test_a_world_writable_file_is_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, warned: bool
) -> None:
    """The service starts all the same."""
    file = tmp_path / "tokens"
    file.write_text(TOKEN, encoding="utf-8")
    file.chmod(mode)
    assert settings({}, token_file=str(file)).tokens
    assert (f"{file} is writable by all" in caplog.text) is warned


@pytest.mark.parametrize(
    ("text", "complaint"), [("", "holds no token"), ("short", "at least 16"), (None, "cannot read")]
)
def test_a_file_without_a_valid_token_is_an_error(tmp_path: Path, text: str | None, complaint: str) -> None:
    """The service does not start without authentication by mistake, and the message quotes no token."""
    file = tmp_path / "tokens"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=complaint) as error:
        settings({"ADVISOR_TOKEN_FILE": str(file)})
    assert not text or text not in str(error.value)


@pytest.mark.parametrize(
    "environment", [{"ADVISOR_RATE_LIMIT": "many"}, {"ADVISOR_PROXIES": "x"}, {"ADVISOR_BATCH_SECONDS": "-1"}]
)
def test_a_wrong_setting_is_named(environment: dict[str, str]) -> None:
    """The message names the setting."""
    (variable,) = environment
    with pytest.raises(UsageError, match=variable.removeprefix("ADVISOR_").lower()):
        settings(environment)


def test_the_rate_limit_is_per_address() -> None:
    """Each address has its own count, and health checks have none; 429 says when to retry."""
    client = create_app(Settings(rate_limit="3/hour")).test_client()
    statuses = [client.get("/v1/matrix").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = client.get("/v1/matrix")
    assert refused.content_type == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get("/v1/matrix", environ_base={"REMOTE_ADDR": "127.0.0.2"}).status_code == 200
    assert {client.get("/healthz").status_code for _ in range(5)} == {200}
    document = client.application.extensions["openapi"].document
    assert "429" in document["paths"]["/v1/advice"]["post"]["responses"]


def test_all_requests_of_an_address_count_together() -> None:
    """Requests to unknown addresses and with wrong tokens count too."""
    client = create_app(Settings(rate_limit="6/hour", tokens=(SecretStr(TOKEN),))).test_client()
    good, wrong = {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": f"Bearer {OTHER}"}
    asked = [("/v1/matrix", good), ("/openapi.json", good), ("/metrics", good), ("/x", good)]
    asked += [("/v1/matrix", wrong), ("/x", wrong), ("/v1/outcomes", good), ("/y", wrong)]
    statuses = [client.get(path, headers=headers).status_code for path, headers in asked]
    assert statuses == [200, 200, 200, 404, 401, 401, 429, 429]
    assert client.get("/healthz").status_code == client.get("/").status_code == 200


def test_only_a_refused_request_gets_retry_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limiter's Retry-After does not replace that of a lost journal."""
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


def test_each_worker_counts_where_the_storage_is_lost() -> None:
    """The limit then still holds for all routes together."""
    client = create_app(Settings(rate_limit="2/hour", rate_storage="redis://127.0.0.1:1")).test_client()
    statuses = [client.get(path).status_code for path in ("/v1/matrix", "/x", "/openapi.json")]
    assert statuses == [200, 404, 429]


def test_the_forwarded_address_counts_behind_a_proxy() -> None:
    """X-Forwarded-For counts only where the operator has set the number of proxies."""
    for proxies, expected in ((0, 429), (1, 200)):
        client = create_app(Settings(rate_limit="1/hour", proxies=proxies)).test_client()
        last = [client.get("/v1/matrix", headers={"X-Forwarded-For": f"10.0.0.{host}"}) for host in (1, 2)][-1]
        assert last.status_code == expected


@pytest.mark.parametrize("address", ["garbage", "redis://me:secret/word@host"])
def test_a_wrong_storage_is_refused_without_its_password(address: str) -> None:
    """The error comes before the server starts, and does not quote the address."""
    with pytest.raises(UsageError, match=r"^rate_storage: ") as raised:
        settings({"ADVISOR_RATE_LIMIT": "10/minute", "ADVISOR_RATE_STORAGE": address})
    assert "secret" not in str(raised.value)
