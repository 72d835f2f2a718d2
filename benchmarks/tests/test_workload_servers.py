"""The servers behind the reference workloads."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from profiles import loopback, scratch, server
from profiles.job import ROOT
from profiles.testing import wait_until


@pytest.fixture(autouse=True, scope="module")
def _clean_up() -> Iterator[None]:
    yield
    loopback.stop()
    scratch.remove(scratch.folder())


def run_python(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionError:
        return False
    return True


def test_server_answers_hundreds_at_once() -> None:
    """200 simultaneous connections all get an answer."""
    connections = [http.client.HTTPConnection("127.0.0.1", loopback.port(), timeout=30) for _ in range(200)]
    for connection in connections:
        connection.request("GET", "/bytes?size=3000&ms=200")
    assert [len(connection.getresponse().read()) for connection in connections] == [3000] * 200
    for connection in connections:
        connection.close()


def test_server_keeps_connections_and_survives_bad_requests() -> None:
    """A connection serves several requests; unknown pages are 404; a bad request closes only its connection."""
    with socket.create_connection(("127.0.0.1", loopback.port()), timeout=10) as rude:
        rude.sendall(b"nonsense\r\n\r\n")
        assert rude.recv(100) == b""
    connection = http.client.HTTPConnection("127.0.0.1", loopback.port(), timeout=30)
    connection.request("GET", "/items?count=2")
    assert [article["id"] for article in json.load(connection.getresponse())] == [0, 1]
    connection.request("GET", "/nowhere")
    response = connection.getresponse()
    assert (response.status, response.read()) == (404, b"no such page\n")
    connection.close()


def test_broker_rejects_unknown_commands_and_drops_the_oldest_messages() -> None:
    """An unknown command is an error and the connection stays open; of too many messages the newest stay."""
    with socket.create_connection(("127.0.0.1", loopback.port()), timeout=10) as client, client.makefile("rwb") as line:
        for command, answer in (("KEYS *", b"-ERR unknown command\r\n"), ("XACK none all 1-0", b":0\r\n")):
            words = command.split()
            line.write(f"*{len(words)}\r\n".encode() + b"".join(map(server.encoded, words)))
            line.flush()
            assert line.readline() == answer
    stream: dict[str, list[str]] = {}
    names = [server.add_message(stream, ["text", str(number)]) for number in range(server.MESSAGES_KEPT + 2)]
    assert list(stream) == names[2:]


def test_mail_server_takes_one_mail_after_another() -> None:
    """A mail with a line that is a single dot arrives whole, and the connection takes the next mail."""
    with smtplib.SMTP("127.0.0.1", loopback.mail_port(), local_hostname="localhost", timeout=10) as peer:
        for text in ("one\n.\ntwo", "three"):
            assert peer.sendmail("a@example.org", ["b@example.org"], text) == {}
        assert peer.noop()[0] == 250


def test_limited_pages_wait_for_a_slot() -> None:
    """Without a free slot the limited page waits and other pages do not; with one it is served."""

    async def check() -> None:
        limit = asyncio.Semaphore(1)
        async with limit:
            queued = asyncio.create_task(server.answer("/limited?size=5", limit))
            assert (await server.answer("/bytes?size=5", limit))[2] == b"....."
            await asyncio.sleep(0.01)
            assert not queued.done()
        assert (await queued)[2] == b"....."

    asyncio.run(check())


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_server_ends_with_a_killed_process(end: signal.Signals) -> None:
    """The server ends soon after the process that started it, however that ends."""
    with run_python("from profiles import loopback; print(loopback.port(), flush=True); input()") as starter:
        assert starter.stdout is not None
        port = int(starter.stdout.readline())
        assert accepts(port)
        starter.send_signal(end)
    assert wait_until(lambda: not accepts(port))


def test_forks_leave_the_server_and_the_files_to_their_parent() -> None:
    """A fork that exits removes neither the server nor the directory; the parent's exit removes both."""
    script = """
import os, sys
from pathlib import Path
from profiles import loopback, scratch, server, web
address, folder = loopback.url("/bytes?size=7"), scratch.folder()
child = os.fork()
if child == 0:
    sys.exit()
os.waitpid(child, 0)
print(loopback.port(), folder, web.download(address), folder.is_dir(), flush=True)
"""
    with run_python(script) as starter:
        assert starter.stdout is not None
        port, folder, size, kept = starter.stdout.read().split()
    assert starter.returncode == 0
    assert (size, kept) == ("7", "True")
    assert not Path(folder).exists()
    assert not accepts(int(port))
