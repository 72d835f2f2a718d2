"""Answers from memory, with Flask and without: nobody outside can tell which it was."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, signals
from flask.testing import FlaskClient
from werkzeug.exceptions import ClientDisconnected

from advisor.limits import MAX_CACHED_BODY_BYTES
from advisor.service import app as building
from advisor.service import create_app
from advisor.service.settings import Settings
from tests.test_metrics import counted

TOKEN = "a-token-of-the-team"
PROFILE = {"calls": 20, "wall": 0.05, "gil_held": 0.01, "wait": 0.04}
HOST = {"cores": 4, "memory": 8 << 30}
BODIES: dict[str, dict[str, Any]] = {
    "description": {"description": "Downloading 100 files from a web server", "machine": HOST},
    "profile": {"profile": PROFILE, "calls": 300, "machine": HOST},
    "task": {"task": {"seconds_per_call": 0.2, "cpu_share": 0.9}, "machine": HOST},
    "undecided": {"description": "", "machine": HOST},
    "refused": {"description": "Sorting", "calls": 0},
}
SETTINGS = [
    pytest.param({}, {}, id="bare"),
    pytest.param({"tokens": [TOKEN]}, {"Authorization": f"Bearer {TOKEN}"}, id="token"),
    pytest.param({"tokens": [TOKEN]}, {"Authorization": "Bearer another-token"}, id="wrong token"),
    pytest.param({"tokens": [TOKEN]}, {}, id="no token"),
    pytest.param({"proxies": 1}, {"X-Forwarded-For": "192.0.2.7"}, id="behind a proxy"),
    pytest.param({"journal": "journal.db"}, {}, id="journal"),
    pytest.param({"journal": "journal.db", "journal_descriptions": True}, {}, id="journal of descriptions"),
    pytest.param({"rate_limit": "100/day"}, {}, id="rate limit"),
]
ADVICE = "/v1/advice"
LOGGED = {"msg", "request_id", "method", "route", "status", "seconds", "client", "recommendation", "evidence"}
COUNTS: dict[str, dict[str, str]] = {
    "advisor_requests_total": {"route": ADVICE, "method": "POST", "status": "200"},
    "advisor_request_seconds_count": {"route": ADVICE},
    "advisor_advice_total": {},
    "advisor_journal_total": {},
}

Make = Callable[..., FlaskClient]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes applications, with the shortcut or without, that have nothing in common."""
    made: list[Flask] = []

    def one(*, short: bool, **settings: Any) -> FlaskClient:
        if "journal" in settings:
            settings["journal"] = str(tmp_path / f"{len(made)}-{settings['journal']}")
        with pytest.MonkeyPatch.context() as patch:
            if not short:
                patch.setattr(building, "with_shortcut", lambda application, *_: application)
            made.append(create_app(Settings(**settings)))
        return made[-1].test_client()

    yield one
    for app in made:
        if app.extensions["journal"] is not None:
            app.extensions["journal"].close()


def asked_of_flask(client: FlaskClient, *arguments: Any, **more: Any) -> bool:
    """Whether Flask had anything to do with the request."""
    asked: list[object] = []

    def ask(sender: object, **_: object) -> None:
        asked.append(sender)

    with signals.request_started.connected_to(ask, client.application):
        client.post(*arguments, **more)
    return bool(asked)


def seen_of(client: FlaskClient, caplog: pytest.LogCaptureFixture, body: Any, headers: dict[str, str]) -> Any:
    """All that can be seen of an answer that was given before: what is sent, counted and logged."""
    operator = client.application.test_client()
    operator.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"

    def counts() -> list[float]:
        return [counted(operator, name, **wanted) for name, wanted in COUNTS.items()]

    client.post(ADVICE, json=body, headers=headers)
    before = counts()
    caplog.clear()
    with caplog.at_level(logging.INFO, "advisor.service.request"):
        response = client.post(f"{ADVICE}?x=1", json=body, headers={"X-Request-ID": "trace-1", **headers})
    told = [{name: value for name, value in record.__dict__.items() if name in LOGGED} for record in caplog.records]
    assert all(one.pop("seconds") > 0 for one in told)
    counting = [after - then for after, then in zip(counts(), before, strict=True)]
    for name in ("X-RateLimit-Reset", "Retry-After"):  # the time of day
        response.headers.pop(name, None)
    return response.status, dict(response.headers), response.data, counting, told


@pytest.mark.parametrize(("settings", "headers"), SETTINGS)
def test_nobody_can_tell(
    make: Make, caplog: pytest.LogCaptureFixture, settings: dict[str, Any], headers: dict[str, str]
) -> None:
    """Status, headers, document, counts and log are the same with Flask and without."""
    short, whole = make(short=True, **settings), make(short=False, **settings)
    for name, body in BODIES.items():
        seen = seen_of(short, caplog, body, headers)
        assert seen == seen_of(whole, caplog, body, headers), name


@pytest.mark.parametrize(
    ("settings", "headers", "flask"),
    [
        ({}, {}, False),
        ({"tokens": [TOKEN]}, {"Authorization": f"bearer  {TOKEN}"}, False),
        ({"tokens": [TOKEN]}, {"Authorization": f"Bearer {TOKEN}x"}, True),
        ({"tokens": [TOKEN]}, {"Authorization": TOKEN}, True),
        ({"tokens": [TOKEN]}, {}, True),
        ({"rate_limit": "100/minute"}, {}, True),
        ({}, {"Transfer-Encoding": "chunked"}, True),
        ({}, {"Content-Type": "application/problem+json"}, True),
        ({}, {"Content-Type": "text/plain"}, True),
    ],
)
def test_flask_is_spared_where_the_case_is_plain(
    make: Make, settings: dict[str, Any], headers: dict[str, str], flask: bool
) -> None:
    """Only for a kept answer to whoever may have it; whatever is odd is Flask's."""
    client = make(short=True, **settings)
    authorised = {"Authorization": f"Bearer {TOKEN}"} if "tokens" in settings else {}
    question = json.dumps({"profile": PROFILE}).encode()
    ask = {"data": question, "headers": {"Content-Type": "application/json", **authorised}}
    assert asked_of_flask(client, ADVICE, **ask)
    ask["headers"] = {"Content-Type": "application/json", **headers}
    assert asked_of_flask(client, ADVICE, **ask) is flask


@pytest.mark.parametrize("length", ["\u0662", "-2", "1e2", "", None])
def test_a_length_that_is_none_is_flasks_to_refuse(make: Make, length: str | None) -> None:
    """Nothing is read for it."""
    client = make(short=True)
    stream = io.BytesIO(b"{}")
    environ = {"wsgi.input": stream, "CONTENT_LENGTH": length, "CONTENT_TYPE": "application/json"}
    if length is None:
        del environ["CONTENT_LENGTH"]
    assert client.open(ADVICE, method="POST", environ_overrides=environ).status_code == 400
    assert stream.tell() == 0


def test_other_addresses_methods_and_sizes_are_flasks(make: Make) -> None:
    """What is asked elsewhere, or is too large to be kept, is not looked at."""
    client = make(short=True)
    small, large = (json.dumps({"profile": PROFILE}).encode() + b" " * more for more in (0, MAX_CACHED_BODY_BYTES))
    for path, body in ((ADVICE, large), ("/v1/curves", small), ("/v1/advice/", small)):
        for _ in range(2):
            assert asked_of_flask(client, path, data=body, content_type="application/json")
    assert client.get(ADVICE).status_code == client.head(ADVICE).status_code == 405


def test_an_entry_that_is_gone_is_written_anew(make: Make) -> None:
    """The link of an answer from memory works, whatever became of the journal's entry meanwhile."""
    client = make(short=True, journal="journal.db")
    journal = client.application.extensions["journal"]
    first = json.loads(client.post(ADVICE, json={"profile": PROFILE}).data)
    assert journal.prune(older_than_days=-1) == 1
    journal._recent.clear()  # as an hour later, or in another process
    second = client.post(ADVICE, json={"profile": PROFILE})
    assert json.loads(second.data)["id"] == first["id"]
    assert client.get(f"{ADVICE}/{first['id']}").status_code == 200


class Stream(io.RawIOBase):
    """What a client sent, and then an error."""

    def __init__(self, sent: bytes, error: Exception | None) -> None:
        self._sent, self._error, self.reads = sent, error, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self.reads += 1
        sent, self._sent = self._sent, b""
        if not sent and self._error is not None:
            raise self._error
        return sent

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("terminated", [True, False])
@pytest.mark.parametrize("error", [None, TimeoutError("silent"), OSError("reset")])
def test_a_client_that_goes_away_is_told_from_one_that_is_done(
    make: Make, short: bool, terminated: bool, error: Exception | None
) -> None:
    """A body that is cut short is not answered, even where what came of it was asked before."""
    client = make(short=short)
    body = json.dumps({"profile": PROFILE}).encode()
    assert client.post(ADVICE, data=body, content_type="application/json").status_code == 200
    stream = Stream(b"" if error else body, error)
    environ = {"wsgi.input": stream, "CONTENT_LENGTH": str(len(body) + 1), "CONTENT_TYPE": "application/json"}
    if terminated:
        environ["wsgi.input_terminated"] = True
    response = client.open(ADVICE, method="POST", environ_overrides=environ)
    assert response.status_code == 400
    short_of_it = f"The body was cut short: {len(body)} of {len(body) + 1} bytes came."
    expected = ClientDisconnected().description if error or not terminated else short_of_it
    assert json.loads(response.data)["detail"] == expected
    assert stream.reads <= 2
