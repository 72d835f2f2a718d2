"""Clients that stop in the middle of a request, before a real server."""

from __future__ import annotations

import json
import logging
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from test_service_server import Served, served

if sys.platform == "win32":
    pytest.skip("gunicorn does not run there", allow_module_level=True)

from advisor.service.arrival import WINDOW, missing
from advisor.service.discretion import Discretion
from advisor.service.errors import CONTENT_TYPE, Problem
from advisor.service.security_headers import HEADERS

BODY = json.dumps({"description": "Downloading 100 files"}).encode()
HEAD = b"POST /v1/advice HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(BODY)
REQUEST = HEAD + LENGTH + BODY
KEPT = REQUEST.replace(b"Connection: close\r\n", b"")
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "lacking"),
    [
        (b"", 1),
        (b"GET / HT", 1),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", 1),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0),
        (b"GET / HTTP/1.0\n\n", 0),
        (HEAD + LENGTH, len(BODY)),
        (REQUEST[:-1], 1),
        (REQUEST, 0),
        (REQUEST + b"GET / HT", 0),
        (REQUEST[:-1].replace(b"Content-Length: ", b"content-length: 000000000000000000000"), 1),
        (HEAD + b"Content-Length: 99999\r\n\r\n", WINDOW - len(HEAD) - 25),
        (HEAD + b"Content-Length: 999999999999999999999\r\n\r\n", WINDOW - len(HEAD) - 41),
        (HEAD + b"Expect: 100-continue\r\n" + LENGTH, len(BODY)),
        (HEAD + b"Expect: miracles\r\n" + LENGTH, 0),
        (HEAD + b"Content-Length: many\r\n\r\n", 0),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 0),
        (HEAD + b"Transfer-Encoding: gzip\r\n" + CHUNKED[len(HEAD) :], 5),
        (CHUNKED, 5),
        (CHUNKED + b"0", 4),
        (CHUNKED + b"0\r\n", 1),
        (CHUNKED + b"5\r\nab", 10),
        (CHUNKED + b"5\r\nabcde\r\n", 5),
        (CHUNKED + b"5\r\nabcde\r\n0\r\n\r\n", 0),
        (CHUNKED + b"5\r\n\n0\r\n\r\r\n", 5),
        (CHUNKED + b"5;a=b\r\nabcde\r\n0;c=d\r\n\r\n", 0),
        (CHUNKED + b"5\r\nabcde\r\n0\r\nA: b\r\n", 1),
        (CHUNKED + b"5\r\nabcde\r\n0\r\nA: b\r\n\r\n", 0),
        (CHUNKED + b"zz\r\n", 0),
        (CHUNKED + b"fffffffff\r\n", WINDOW - len(CHUNKED) - 11),
        (HEAD + b"Content-Length: 99999\r\n\r\n" + b" " * WINDOW, 0),
        (b"GET /" + b"x" * WINDOW, 0),
    ],
)
def test_what_is_missing(data: bytes, lacking: int) -> None:
    """The rest of the head, and of as much of the body as it announces, or of all that is waited for."""
    assert missing(data) == lacking


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as server:
        yield server


@contextmanager
def connected(server: Served) -> Iterator[socket.socket]:
    place = urlsplit(server.address)
    with socket.create_connection((place.hostname, place.port), timeout=60) as client:
        yield client


def answer(client: socket.socket) -> bytes:
    """Until the server has closed the connection."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


PARTS = (b"", b"POST /v1/adv", HEAD, HEAD + LENGTH, REQUEST[:-1], HEAD + b"Expect: 100-continue\r\n" + LENGTH)


@pytest.mark.parametrize("sent", [*PARTS, *(KEPT + part for part in PARTS[1:4])])
def test_those_who_stop_keep_nobody_waiting(server: Served, sent: bytes) -> None:
    """Fifty of them, with four threads: gunicorn's own would wait for half a minute for each."""
    with ExitStack() as opened:
        clients = [opened.enter_context(connected(server)) for _ in range(50)]
        for client in clients:
            client.sendall(sent)
        time.sleep(0.2)  # until they have been looked at
        for number in range(10):
            status, document = server.ask("/v1/advice", {"description": f"Downloading {number + 2} files"})
            assert status == 200, document
        last = clients[-1]
        last.sendall(BODY if b"Expect" in sent else REQUEST[len(sent.removeprefix(KEPT)) :])
        assert answer(last).count(b"HTTP/1.1 200 ") == 1 + sent.startswith(KEPT)


def test_those_who_stay_when_they_are_answered_keep_nobody_waiting(server: Served) -> None:
    """Fifty who do not close: gunicorn's loop would stand still two seconds for each."""
    with ExitStack() as opened:
        clients = [opened.enter_context(connected(server)) for _ in range(50)]
        for client in clients:
            client.sendall(REQUEST)
        assert server.ask("/healthz")[0] == 200
        assert all(answer(client).startswith(b"HTTP/1.1 200 ") for client in clients)


@pytest.mark.parametrize("request_", [REQUEST, CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)])
def test_who_sends_byte_by_byte_is_answered(server: Served, request_: bytes) -> None:
    """When all is there."""
    with connected(server) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(len(request_)):
            client.sendall(request_[place : place + 1])
        assert answer(client).startswith(b"HTTP/1.1 200 ")


def test_what_is_too_large_to_be_waited_for_is_answered(server: Served) -> None:
    """A thread reads the rest."""
    body = BODY + b" " * (20 * WINDOW)
    with connected(server) as client:
        client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        for place in range(0, len(body), WINDOW // 3):
            client.sendall(body[place : place + WINDOW // 3])
        assert answer(client).startswith(b"HTTP/1.1 200 ")


def test_who_waits_to_be_told_to_go_on_is_told(server: Served) -> None:
    """As curl does with a large body."""
    with connected(server) as client:
        client.sendall(HEAD + b"Expect: 100-continue\r\n" + LENGTH)
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(BODY)
        assert answer(client).startswith(b"HTTP/1.1 200 ")


def test_nobody_is_told_to_go_on_who_does_not_wait(server: Served) -> None:
    """Who has sent all, and who speaks HTTP/1.0, gets the answer alone."""
    asked = HEAD + b"Expect: 100-continue\r\n" + LENGTH
    for parts in ([asked + BODY], [asked.replace(b"HTTP/1.1", b"HTTP/1.0"), BODY]):
        with connected(server) as client:
            for part in parts:
                client.sendall(part)
                time.sleep(0.05)
            assert answer(client)[8:13] == b" 200 "


def test_who_goes_away_is_forgotten(server: Served) -> None:
    """In the middle of a head or a body, with or without a word; an answer that can be given is given."""
    for sent in (b"", b"GET / HT", HEAD + LENGTH, REQUEST[:-1]):
        with connected(server) as client:
            client.sendall(sent)
            time.sleep(0.05)  # until it has been looked at
            client.shutdown(socket.SHUT_WR)
            assert not answer(client).startswith(b"HTTP/1.1 200 ")


def test_requests_that_come_together_are_all_answered(server: Served) -> None:
    """On one connection, one after the other, though the second is in the parser's hands with the first."""
    with connected(server) as client:
        client.sendall(KEPT + KEPT[:20])
        time.sleep(0.05)
        client.sendall(KEPT[20:] + REQUEST)
        assert answer(client).count(b"HTTP/1.1 200 ") == 3


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"SECRET\r\n\r\n", 400),
        (b"GET /v1/matrix?token=SECRET\xc3\xa9 HTTP/1.1\r\n\r\n", 400),
        (b"secret / HTTP/1.1\r\n\r\n", 400),
        (b"GET / SECRET/1.1\r\n\r\n", 400),
        (HEAD + b"Authorization Bearer SECRET\r\n\r\n", 400),
        (HEAD + b"Authorization: Bearer SECRET\x00\r\n\r\n", 400),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nSECRET", 400),
        (HEAD + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\nSECRET\r\n", 400),
        (b"GET /" + b"SECRET" * 1000 + b" HTTP/1.1\r\n\r\n", 414),
        (HEAD + b"Expect: SECRET\r\n\r\n", 417),
        (HEAD + b"X: " + b"SECRET" * 2000 + b"\r\n\r\n", 431),
        (HEAD + b"Transfer-Encoding: SECRET, chunked\r\n\r\nzz\r\n", 501),
    ],
)
def test_what_is_not_http_is_refused_as_all_else_is(server: Served, request_: bytes, status: int) -> None:
    """With a problem document and the headers of every answer; neither it nor the log quotes what was sent."""
    with connected(server) as client:
        client.sendall(request_)
        head, _, body = answer(client).partition(b"\r\n\r\n")
    problem = Problem.model_validate_json(body)
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert (problem.status, headers["Content-Type"]) == (status, CONTENT_TYPE)
    assert headers["X-Request-ID"] == problem.request_id
    assert headers.items() >= HEADERS.items()
    assert b'route="none",status="%d"' % status in server.ask("/metrics")[1]
    assert not any("secret" in text.lower() for text in (problem.detail, head.decode(), *server.log))


def test_there_is_one_answer(server: Served) -> None:
    """Though a body that nobody looked at turns out to be none."""
    with connected(server) as client:
        client.sendall(b"POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        answered = answer(client)
    assert answered.startswith(b"HTTP/1.1 405 ")
    assert answered.count(b"HTTP/1.1 ") == 1


def test_the_end_does_not_wait_for_those_who_stop() -> None:
    """They had nothing that could be lost."""
    with served() as server, connected(server) as client:
        client.sendall(HEAD)
        server.ask("/healthz")
        server.process.terminate()
        assert server.process.wait(20) == 0


BROKEN = {
    "size": (CHUNKED + b"SECRET\r\n" + BODY + b"\r\n0\r\n\r\n", "it is not sent in the way that HTTP asks for"),
    "terminator": (CHUNKED + b"3\r\nSECRET\r\n0\r\n\r\n", "it is not sent in the way that HTTP asks for"),
    "chunk cut": (CHUNKED + b"ff\r\n" + BODY, "The browser (or proxy) sent a request"),
    "cut": (HEAD + b"Content-Length: 400\r\n\r\n" + BODY, f"cut short: {len(BODY)} of 400 bytes came"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_body_that_is_broken_off_is_the_clients_fault(server: Served, kind: str) -> None:
    """It is 400, not an error of ours, nor answered as far as it goes; and nothing of it is sent back."""
    sent, complaint = BROKEN[kind]
    with connected(server) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        status, _, rest = answer(client).partition(b"\r\n")
    assert status.split()[1] == b"400"
    detail = json.loads(rest.partition(b"\r\n\r\n")[2])["detail"]
    assert complaint in detail
    assert "SECRET" not in detail


SECRET = b"hunter2"
UNREADABLE = {
    "no colon": b"GET /v1/matrix HTTP/1.1\r\nHost: x\r\nAuthorization Bearer " + SECRET + b"\r\n\r\n",
    "folded": b"GET /v1/matrix HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer\r\n " + SECRET + b"\r\n\r\n",
    "control character": b"GET /v1/matrix HTTP/1.1\r\nHost: x\r\nAuthorization: " + SECRET + b"\x00\r\n\r\n",
    "query in UTF-8": b"GET /v1/matrix?token=" + SECRET + b"\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "blank in the query": b"GET /v1/matrix?token= " + SECRET + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "expectation": HEAD + b"Expect: " + SECRET + b"\r\n" + LENGTH + BODY,
    "chunk size": CHUNKED + SECRET + b"\r\n0\r\n\r\n",
    "chunk size, unread": b"PUT " + CHUNKED.removeprefix(b"POST ").replace(b"close", b"x") + SECRET + b"\r\n0\r\n\r\n",
}


def test_nothing_that_cannot_be_read_is_logged() -> None:
    """What is no request is counted in the log as one that was refused, and not quoted."""
    with served() as server:
        for sent in UNREADABLE.values():
            with connected(server) as client:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                assert answer(client)
    refused = [line for line in server.log if '"route": "none"' in line]
    assert len(refused) >= 6
    assert SECRET.decode() not in "".join(server.log)


def test_what_fails_in_gunicorn_is_logged_without_the_query(caplog: pytest.LogCaptureFixture) -> None:
    """With its traceback, which is ours."""
    logger = logging.getLogger("discretion")
    logger.addFilter(Discretion())
    try:
        raise RuntimeError("it is us")
    except RuntimeError:
        logger.exception("Error handling request %s %s", "GET", "/v1/matrix?token=hunter2")
    assert "GET /v1/matrix" in caplog.text
    assert "it is us" in caplog.text
    assert "hunter2" not in caplog.text


@contextmanager
def under_way(server: Served) -> Iterator[socket.socket]:
    """A request that a thread is at, which waits for the end of its body."""
    body = BODY + b" " * (WINDOW * 2)
    with connected(server) as client:
        client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) + 1) + body)
        assert server.ask("/healthz")[0] == 200
        yield client


def ask_until_refused(server: Served) -> list[bytes]:
    """The answers to one request after the other, each on a connection of its own."""
    answers: list[bytes] = []
    with suppress(ConnectionRefusedError):
        while True:
            with connected(server) as client:
                client.sendall(REQUEST)
                answers.append(answer(client))
    return answers


def test_at_the_end_everybody_is_answered_or_refused() -> None:
    """Nobody is reset, and nobody waits for what is still under way, which is answered when it is there."""
    with served() as server, under_way(server) as client, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask_until_refused, server) for _ in range(8)]
        server.process.send_signal(signal.SIGTERM)
        answers = [one for each in asked for one in each.result()]
        assert {one[:13] for one in answers} <= {b"HTTP/1.1 200 "}
        client.sendall(b" ")
        assert answer(client).startswith(b"HTTP/1.1 200 ")
        assert server.process.wait(60) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_who_ends_it_at_once_waits_for_nothing(number: signal.Signals) -> None:
    """Nor for a thread that has something under way, which it would be at for half a minute."""
    with served() as server, under_way(server):
        server.process.send_signal(number)
        assert server.process.wait(20) == 0
