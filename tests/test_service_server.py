"""`advise serve` as an operator has it: a real server, signals and all."""

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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from advisor.errors import UsageError
from advisor.service.server import advised_concurrency
from advisor.service.settings import settings

TOKENS = ("a-token-of-the-team", "its-successor-token")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="gunicorn does not run there")


class Served:
    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process, self.address = process, address
        self.log: list[str] = []

    def listen(self) -> None:
        """Keeps what it says, so that the pipe never fills up."""
        assert self.process.stderr
        self.log.extend(iter(self.process.stderr.readline, ""))

    def ask(self, path: str, body: object = None, token: str | None = None) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


@contextmanager
def served(*options: str, **environment: str) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "advisor", "serve", "--port", "0", *options],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ADVISOR_WORKERS": "2", "ADVISOR_THREADS": "2", "ADVISOR_JOURNAL": "off", **environment},
    )
    assert process.stderr
    found = re.match(r"Listening on (http://127\.0\.0\.1:\d+) ", process.stderr.readline())
    assert found
    server = Served(process, found[1])
    drained = threading.Thread(target=server.listen, daemon=True)
    drained.start()
    try:
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)
        drained.join(10)
        process.stderr.close()


def test_no_request_is_lost_when_it_is_ended() -> None:
    """On SIGTERM what is being answered is answered to the end, and nothing is left behind."""
    before = set(Path(tempfile.gettempdir()).glob("advisor-metrics-*"))
    with served() as server:
        assert server.ask("/healthz")[0] == 200
        subjects = [{"description": f"Resize {number + 2} images with Pillow"} for number in range(60)]
        answers: list[tuple[int, bytes]] = []
        asking = threading.Thread(target=lambda: answers.append(server.ask("/v1/advice/batch", {"subjects": subjects})))
        asking.start()
        time.sleep(0.15)
        server.process.send_signal(signal.SIGTERM)
        asking.join(60)
        assert server.process.wait(60) == 0
    ((status, body),) = answers
    assert (status, len(json.loads(body)["results"])) == (200, 60)
    assert set(Path(tempfile.gettempdir()).glob("advisor-metrics-*")) <= before


def test_a_reload_reads_the_tokens_again(tmp_path: Path) -> None:
    """After SIGHUP the new token holds, and the old one no more."""
    file = tmp_path / "tokens"
    file.write_text(TOKENS[0], encoding="utf-8")
    with served(ADVISOR_TOKEN_FILE=str(file)) as server:
        assert [server.ask("/v1/matrix", token=token)[0] for token in TOKENS] == [200, 401]
        file.write_text(TOKENS[1], encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 60
        in_a_row = 0  # old workers and new ones take turns for a moment
        while in_a_row < 10 and time.monotonic() < end:
            statuses = [server.ask("/v1/matrix", token=token)[0] for token in TOKENS]
            in_a_row = in_a_row + 1 if statuses == [401, 200] else 0
            time.sleep(0.05)
        assert in_a_row == 10


def test_a_reload_with_wrong_settings_changes_nothing(tmp_path: Path) -> None:
    """One line in the log says why, and who had a token still has it."""
    file = tmp_path / "tokens"
    file.write_text(TOKENS[0], encoding="utf-8")
    with served(ADVISOR_TOKEN_FILE=str(file)) as server:
        assert server.ask("/v1/matrix", token=TOKENS[0])[0] == 200
        workers = psutil.Process(server.process.pid).children()
        file.write_text("short", encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 60
        while not any("at least 16 characters" in line for line in server.log) and time.monotonic() < end:
            time.sleep(0.05)
        assert server.ask("/v1/matrix", token=TOKENS[0])[0] == 200
        assert set(workers) <= set(psutil.Process(server.process.pid).children())


def test_the_tokens_are_read_once(tmp_path: Path) -> None:
    """A file that is gone by the time that a worker begins, or replaces another, keeps nobody out."""
    file = tmp_path / "tokens"
    os.mkfifo(file)
    writing = threading.Thread(target=file.write_text, args=(TOKENS[0],), daemon=True)
    writing.start()
    with served(ADVISOR_TOKEN_FILE=str(file)) as server:
        assert server.ask("/v1/matrix", token=TOKENS[0])[0] == 200
        for worker in psutil.Process(server.process.pid).children():
            worker.kill()
        assert server.ask("/v1/matrix", token=TOKENS[0])[0] == 200


@pytest.mark.parametrize("address", ["garbage", "redis://me:secret/word@host"])
def test_a_storage_that_is_none_is_told_before_anything_runs(address: str) -> None:
    """In a line, without the password in the address."""
    with pytest.raises(UsageError, match=r"^rate_storage: ") as told:
        settings({"ADVISOR_RATE_LIMIT": "10/minute", "ADVISOR_RATE_STORAGE": address})
    assert "secret" not in str(told.value)


def test_the_counts_are_of_all_workers() -> None:
    """Whichever worker is asked for the counts tells those of all."""
    with served() as server:
        for _ in range(20):
            server.ask("/v1/matrix")
        for _ in range(5):
            status, text = server.ask("/metrics")
            assert status == 200
            assert b'advisor_requests_total{method="GET",route="/v1/matrix",status="200"} 20.0' in text


def test_the_crew_is_what_the_advisor_advises(monkeypatch: pytest.MonkeyPatch) -> None:
    """More cores bring more workers: the handler computes, so there is about one for each core."""
    from advisor.host import machine

    here = machine.limits()
    found = {}
    for cores in (1, 2, 8):
        monkeypatch.setattr(machine, "limits", lambda cores=cores: here.model_copy(update={"cores": cores}))
        found[cores] = advised_concurrency()
    assert found[2][0] < found[8][0]
    assert 2 <= found[2][0] <= 4
    assert all(4 <= threads <= 32 for _, threads in found.values())
