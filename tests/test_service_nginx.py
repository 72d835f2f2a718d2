"""The shipped nginx.conf in front of a real service."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from advisor.input_limits import MAX_BATCH_BYTES
from tests.test_service_server import Server, serving, wait_until

CONFIGURATION = Path(__file__).parent.parent / "deploy" / "nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
QUESTION = json.dumps({"description": "Downloading 100 files"}).encode()
CONNECTIONS_OF_AN_ADDRESS = 64  # in nginx.conf
STALLED = 200
pytestmark = [pytest.mark.server, pytest.mark.skipif(NGINX is None, reason="nginx is not installed")]


@pytest.fixture(scope="module")
def service() -> Iterator[Server]:
    with serving(ADVISOR_PROXIES="1") as server:
        yield server


@pytest.fixture(scope="module")
def port(service: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of nginx on 127.0.0.1, with its files in a temporary folder."""
    folder = tmp_path_factory.mktemp("nginx")
    for parent in folder.parents[:2]:
        parent.chmod(0o755)  # nginx started by root works as another user
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    text = CONFIGURATION.read_text(encoding="utf-8")
    for shipped, tested in (
        ("server 127.0.0.1:8000;", f"server {service.address.removeprefix('http://')};"),
        ("listen 8080 ", f"listen 127.0.0.1:{port} "),
    ):
        assert text.count(shipped) == 1
        text = text.replace(shipped, tested)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    nginx = subprocess.Popen([str(NGINX), "-p", f"{folder}/", "-c", f"{folder}/nginx.conf"])
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if nginx.poll() is not None or probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        assert nginx.poll() is None
        yield port
    finally:
        nginx.terminate()
        nginx.wait(20)


def request(port: int, method: str, path: str, body: bytes | None = None, client: str = "127.0.0.1") -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30, source_address=(client, 0))
    connection.request(method, path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, json.loads(content) if "json" in (response.headers["Content-Type"] or "") else content


@contextmanager
def stalled_clients(port: int, addresses: list[str]) -> Iterator[list[socket.socket]]:
    """Clients that stop in the middle of a request: half of them in its header, half in its body."""
    head = b"POST /v1/advice HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
    with ExitStack() as stack:
        clients = []
        for number, address in enumerate(addresses):
            client = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0))
            clients.append(stack.enter_context(client))
            client.sendall(head if number % 2 else head + b'\r\n{"description": "')
            client.setblocking(False)
        yield clients


def is_open(client: socket.socket) -> bool:
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_stalled_clients_keep_nobody_waiting(port: int) -> None:
    """While 200 clients are in the middle of a request to four threads, every other request is answered."""
    with stalled_clients(port, [f"127.0.1.{number + 1}" for number in range(STALLED)]) as clients:
        for _ in range(20):
            assert request(port, "GET", "/healthz")[0] == 200
            status, advice = request(port, "POST", "/v1/advice", QUESTION)
            assert (status, advice["recommendation"]) == (200, "threading")
        assert all(is_open(client) for client in clients)  # they were there all the time


def test_the_connections_of_an_address_are_limited(port: int) -> None:
    """Beyond the limit its requests are refused; other addresses do not notice."""
    with stalled_clients(port, ["127.0.2.1"] * (2 * CONNECTIONS_OF_AN_ADDRESS + 2)):
        deadline = time.monotonic() + 5
        while (response := request(port, "GET", "/healthz", client="127.0.2.1"))[0] != 429:
            assert time.monotonic() < deadline
        assert response[1]["status"] == 429
        assert request(port, "GET", "/healthz", client="127.0.2.2")[0] == 200


def test_requests_are_passed_on(port: int, service: Server) -> None:
    """The service logs the address of the client; its problem documents arrive unchanged."""
    status, problem = request(port, "POST", "/v1/advice", b"{}", client="127.0.3.1")
    assert (status, problem["errors"][0]["field"]) == (422, "description")
    wait_until(lambda: any('"client": "127.0.3.1"' in line for line in service.log))


def test_nginx_refuses_in_problem_documents(port: int) -> None:
    """A body that the service would not take is refused by nginx itself; metrics are not public."""
    status, problem = request(port, "POST", "/v1/advice/batch", b" " * (MAX_BATCH_BYTES + 1))
    assert (status, problem["status"], problem["detail"]) == (413, 413, "The body is larger than 8 MiB.")
    assert request(port, "GET", "/metrics")[0] == 404
