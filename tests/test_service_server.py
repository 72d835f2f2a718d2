"""`advise serve` as an operator runs it: a real server, with signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from advisor.host import machine
from advisor.service.server import advised_concurrency

TOKENS = ("a-token-of-the-team", "its-successor-token")
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn does not run there"),
]


class Server:
    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process, self.address = process, address
        self.log: list[str] = []

    def read_log(self) -> None:
        """Keep reading, so that the pipe never fills up."""
        assert self.process.stderr
        self.log.extend(iter(self.process.stderr.readline, ""))

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def request(self, path: str, body: object = None, token: str | None = None) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def statuses(self) -> list[int]:
        """The status of a request with each of the tokens."""
        return [self.request("/v1/matrix", token=token)[0] for token in TOKENS]


@contextmanager
def serving(*options: str, **environment: str) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-m", "advisor", "serve", "--port", "0", *options],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ADVISOR_WORKERS": "2", "ADVISOR_THREADS": "2", **environment},
    )
    assert process.stderr
    first_line = process.stderr.readline()
    found = re.match(r"Listening on (http://127\.0\.0\.1:\d+) ", first_line)
    assert found, first_line
    server = Server(process, found[1])
    reader = threading.Thread(target=server.read_log, daemon=True)
    reader.start()
    try:
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)
        reader.join(10)
        process.stderr.close()


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_sigterm_finishes_the_requests_in_progress() -> None:
    """On SIGTERM a batch that is being answered is answered to its end, and no temporary file is left."""
    before = set(Path(tempfile.gettempdir()).glob("advisor-metrics-*"))
    with serving() as server:
        assert server.request("/healthz")[0] == 200
        subjects = [{"description": f"Resize {number + 2} images with Pillow"} for number in range(60)]
        responses: list[tuple[int, bytes]] = []
        client = threading.Thread(
            target=lambda: responses.append(server.request("/v1/advice/batch", {"subjects": subjects}))
        )
        client.start()
        time.sleep(0.15)
        server.process.send_signal(signal.SIGTERM)
        client.join(60)
        assert server.process.wait(60) == 0
    ((status, body),) = responses
    assert (status, len(json.loads(body)["results"])) == (200, 60)
    assert set(Path(tempfile.gettempdir()).glob("advisor-metrics-*")) <= before


def test_a_reload_reads_the_tokens_unless_they_are_wrong(tmp_path: Path) -> None:
    """SIGHUP replaces the tokens. With a wrong token file, one line in the log says why, and nothing changes."""
    file = tmp_path / "tokens"
    file.write_text(TOKENS[0], encoding="utf-8")
    with serving(ADVISOR_TOKEN_FILE=str(file)) as server:
        assert server.statuses() == [200, 401]
        workers = server.workers()
        file.write_text("short", encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("at least 16 characters" in line for line in server.log))
        assert server.statuses() == [200, 401]
        assert set(server.workers()) == set(workers)
        file.write_text(TOKENS[1], encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        # Old and new workers take turns for a moment.
        wait_until(lambda: all(server.statuses() == [401, 200] for _ in range(10)))
        wait_until(lambda: not set(server.workers()) & set(workers))


def test_a_new_worker_gets_the_settings_in_force(tmp_path: Path) -> None:
    """The token file is read once: a worker that replaces another needs no file that is gone by then."""
    file = tmp_path / "tokens"
    os.mkfifo(file)
    writer = threading.Thread(target=file.write_text, args=(TOKENS[0],), daemon=True)
    writer.start()
    with serving(ADVISOR_TOKEN_FILE=str(file)) as server:
        assert server.statuses() == [200, 401]
        for worker in server.workers():
            worker.kill()
        assert server.statuses() == [200, 401]


def test_metrics_are_summed_over_the_workers() -> None:
    """Any worker returns the counts of all of them."""
    with serving() as server:
        for _ in range(20):
            server.request("/v1/matrix")
        for _ in range(5):
            status, text = server.request("/metrics")
            assert status == 200
            assert b'advisor_requests_total{method="GET",route="/v1/matrix",status="200"} 20.0' in text


def test_workers_and_threads_are_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    """More cores get more workers: the handler computes, so there is about one worker for each core."""
    host = machine.unmeasured_machine()
    advised = {}
    for cores in (1, 2, 8):
        monkeypatch.setattr(machine, "unmeasured_machine", lambda cores=cores: host.model_copy(update={"cores": cores}))
        advised[cores] = advised_concurrency()
    assert advised[2][0] < advised[8][0]
    assert 2 <= advised[2][0] <= 4
    assert all(4 <= threads <= 32 for _, threads in advised.values())
