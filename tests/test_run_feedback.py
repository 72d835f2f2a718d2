"""`advise run --report-to` reports what a run took to a journal."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from advisor.journal import open_journal
from advisor.service import create_app
from tests.run_command import job, run

__all__ = ["job"]  # a fixture


def test_a_finished_run_is_reported_to_the_own_journal(job: Path) -> None:
    """The journal has the time of the part that was done as advised, beside its prediction."""
    finished = run("job:wait", "--inputs", "inputs.txt", "--discard", "--report-to", "local")
    assert finished.returncode == 0
    assert "reported  " in finished.stderr
    check_reported(job / "data" / "advisor" / "journal.db")


def test_a_finished_run_is_reported_to_a_server(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's journal has the outcome with the prediction for the strategy that ran."""
    monkeypatch.setenv("ADVISOR_JOURNAL", str(job / "server.db"))
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        finished = run("job:wait", "--inputs", "inputs.txt", "--discard", "--report-to", address)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert finished.returncode == 0
    assert "reported  " in finished.stderr
    check_reported(job / "server.db")


def check_reported(path: Path) -> None:
    with contextlib.closing(open_journal(str(path))) as journal:
        outcome = journal.outcomes()[0]
    assert outcome.strategy in ("threading", "multiprocessing")  # a busy host makes calls compute longer
    assert outcome.predicted is not None


def test_a_run_that_cannot_be_reported_keeps_its_status(job: Path) -> None:
    """A server that is not there costs a warning only."""
    finished = run("job:wait", "--inputs", "inputs.txt", "--discard", "--report-to", "http://127.0.0.1:9")
    assert finished.returncode == 0
    assert "Warning: the run was not reported: cannot reach http://127.0.0.1:9" in finished.stderr
