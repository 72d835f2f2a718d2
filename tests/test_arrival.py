"""Clients that stop in the middle of a request, before a real server."""

from __future__ import annotations

import json
import logging
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest
from test_server import Served, served

if sys.platform == "win32":
    pytest.skip("gunicorn does not run there", allow_module_level=True)

from advisor.service.arrival import WINDOW, is_whole
from advisor.service.discretion import Discretion

BODY = json.dumps({"description": "Downloading 100 files"}).encode()
HEAD = b"POST /v1/advice HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(BODY)
REQUEST = HEAD + LENGTH + BODY
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"", False),
        (b"GET / HT", False),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"GET / HTTP/1.0\n\n", True),
        (HEAD + LENGTH, False),
        (REQUEST[:-1], False),
        (REQUEST, True),
        (REQUEST + b"GET / HT", True),
        (REQUEST.replace(b"Content-Length", b"content-length"), True),
        (HEAD + b"Content-Length: 99999\r\nExpect: 100-continue\r\n\r\n", True),
        (HEAD + b"Content-Length: many\r\n\r\n", True),
        (CHUNKED, False),
        (CHUNKED + b"5\r\nabcde\r\n", False),
        (CHUNKED + b"5\r\nabcde\r\n0\r\n\r\n", True),
        (CHUNKED + b"0\r\n\r\n", True),
        (HEAD + b"Content-Length: 99999\r\n\r\n" + b" " * WINDOW, True),
        (b"GET /" + b"x" * WINDOW, True),
    ],
)
def test_what_is_whole(data: bytes, whole: bool) -> None:
    """The head, and as much of the body as it announces; or all that is waited for; or what the client waits after."""
    assert is_whole(data) is whole


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


@pytest.mark.parametrize("sent", [b"", b"POST /v1/adv", HEAD, HEAD + LENGTH, REQUEST[:-1]])
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
        last.sendall(REQUEST[len(sent) :])
        assert answer(last).startswith(b"HTTP/1.1 200 ")


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
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        client.sendall(BODY)
        assert answer(client).startswith(b"HTTP/1.1 200 ")


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
    kept = REQUEST.replace(b"Connection: close\r\n", b"")
    with connected(server) as client:
        client.sendall(kept + kept[:20])
        time.sleep(0.05)
        client.sendall(kept[20:] + REQUEST)
        assert answer(client).count(b"HTTP/1.1 200 ") == 3


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
    """The log says who sent something that is no request, and what kind of error it was."""
    with served() as server:
        for sent in UNREADABLE.values():
            with connected(server) as client:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                assert answer(client)
    told = [line for line in server.log if "Invalid request from ip=127.0.0.1: " in line]
    assert len(told) >= 6
    assert "InvalidHeader" in "".join(told)
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
