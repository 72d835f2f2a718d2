"""A full disk, a lock, a database that is gone: advice goes on, and what was confirmed is still there."""

from __future__ import annotations

import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from advisor.errors import JournalError
from advisor.journal import circuit_breaker, open_journal, queries
from advisor.journal import journal as journal_module
from advisor.journal.ids import advice_id
from advisor.journal.journal import Journal
from tests.journals import Clock, advice, clock, cluster, events, question, recorded
from tests.postgres import Cluster

__all__ = ["clock", "cluster", "events"]  # fixtures

DISK_FULL = "OperationalError: database or disk is full"
without_delay = pytest.mark.usefixtures("_without_delay")


@pytest.fixture
def _without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once, probe always, and wait for the probe."""
    monkeypatch.setattr(circuit_breaker, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(journal_module, "PROBE_INTERVAL", 0.0)
    monkeypatch.setattr(journal_module, "PROBE_TIMEOUT", 30.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(file: Path, clock: Clock, events: list[str]) -> Iterator[Journal]:
    with closing(open_journal(str(file), clock=clock, on_event=events.append)) as journal:
        yield journal


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "advisor.journal"]


def fill_disk(journal: Journal) -> tuple[list[int], int]:
    """Record until the database may not grow. Returns the limit, to be cleared, and the calls that did not fit."""
    limit = [60]

    @event.listens_for(journal._database.engine, "checkout")
    def limit_pages(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit[0] if limit else 1_000_000}").fetchall()

    given, calls = advice(), 2
    while journal.record(question(calls), given) is not None:
        calls += 1
    return limit, calls


@without_delay
def test_a_full_disk_costs_entries_until_there_is_space(
    journal: Journal, events: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Entries can be read, reports are refused, and the journal recovers by itself; each change is logged once."""
    first = recorded(journal, 1)
    limit, _ = fill_disk(journal)
    assert journal.lost == DISK_FULL
    assert journal.advice(first) is not None
    assert journal.lost is not None  # reading proves nothing about writing
    for _ in range(100):
        with suppress(JournalError):
            journal.report(first, seconds=1.0, note="x" * 4000)
    confirmed = events.count("reported")
    assert confirmed < 100
    assert len(journal.outcomes()) == confirmed
    limit.clear()
    recorded(journal, 1000)
    assert journal.report(first, seconds=2.0) is not None
    assert journal.lost is None
    lines = logged(caplog)
    assert lines[0].endswith(f"{DISK_FULL}; advice continues without it")
    assert [" again, after " in line for line in lines] == [False, True] * (len(lines) // 2)


@without_delay
def test_a_probe_writes_the_entry_that_did_not_fit(journal: Journal) -> None:
    """A full disk may have space for something smaller."""
    recorded(journal, 1)
    limit, calls = fill_disk(journal)
    journal.probe()
    assert journal.lost == DISK_FULL
    limit.clear()
    journal.probe()
    assert journal.lost is None
    assert journal.advice(advice_id(question(calls), advice().model_dump_json())) is not None


@without_delay
def test_a_locked_file_costs_what_is_written_meanwhile(
    journal: Journal, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries are not waited for, reports are refused after a while, and reading works."""
    monkeypatch.setattr(journal_module, "RECORD_TIMEOUT", 0.2)
    monkeypatch.setattr(journal_module, "REPORT_TIMEOUT", 0.2)
    id = recorded(journal, 1)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert journal.record(question(2), advice()) is None
        with pytest.raises(JournalError, match="does not answer"):
            journal.report(id, seconds=1.0)
        assert journal.advice(id) is not None
        other.execute("ROLLBACK")
    record_eventually(journal, 3)
    assert journal.report(id, seconds=2.0) is not None
    assert [outcome.seconds for outcome in journal.outcomes()] == [2.0]


def record_eventually(journal: Journal, calls: int) -> None:
    """Record once the writer is done with operations that timed out."""
    for _ in range(60):
        if journal.record(question(calls), advice()) is not None:
            return
    pytest.fail(f"not back: {journal.lost}")


@without_delay
def test_a_deleted_file_is_created_again(journal: Journal, file: Path) -> None:
    """SQLite alone would continue to write to the deleted file."""
    id = recorded(journal, 1)
    for path in file.parent.glob("journal.db*"):
        path.unlink()
    assert journal.record(question(2), advice()) is None
    record_eventually(journal, 2)
    assert file.exists()
    assert journal.advice(id) is None
    assert recorded(journal, 1) == id
    assert journal.advice(id) is not None


@without_delay
@pytest.mark.parametrize(
    ("address", "error"),
    [("{}", "DatabaseError: file is not a database"), ("{}/journal.db", "{}/journal.db: File exists")],
)
def test_another_file_is_left_alone(file: Path, address: str, error: str) -> None:
    """It is in the place of the journal, or of its folder."""
    content = "dear diary, " * 1000
    file.write_text(content)
    with closing(open_journal(address.format(file))) as journal:
        assert journal.record(question(1), advice()) is None
        assert str(journal.lost).endswith(error.format(file))
        with pytest.raises(JournalError, match=r"not a database|File exists"):
            journal.upgrade()
    assert file.read_text() == content


@pytest.mark.database
@without_delay
def test_a_database_that_stops_and_starts(
    cluster: Cluster, events: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Writes are refused while it is away, a probe notices its return, and what was confirmed is there."""
    with closing(open_journal(cluster.new_database(), on_event=events.append)) as journal:
        id = recorded(journal, 1)
        assert journal.report(id, seconds=1.0) is not None
        cluster.stop()
        try:
            journal.probe()
            assert journal.lost is not None
            assert journal.record(question(2), advice()) is None
            with pytest.raises(JournalError, match="does not answer"):
                journal.report(id, seconds=2.0)
            with pytest.raises(JournalError, match="does not answer"):
                journal.outcomes()
        finally:
            cluster.start()
        journal.probe()
        assert journal.lost is None
        assert journal.report(id, seconds=3.0) is not None
        assert [outcome.seconds for outcome in journal.outcomes()] == [3.0, 1.0]
    lines = logged(caplog)
    assert len(lines) == 4, lines  # reading and writing failed and recovered
    assert not any("hush-hush" in line for line in lines)


@pytest.mark.database
@without_delay
def test_a_database_may_start_after_the_journal(cluster: Cluster) -> None:
    """Its tables are created when it is there."""
    address = cluster.new_database()
    cluster.stop()
    try:
        journal = open_journal(address)
        assert journal.record(question(1), advice()) is None
    finally:
        cluster.start()
    with closing(journal):
        recorded(journal, 1)


@pytest.mark.slow
def test_a_database_that_never_answers_is_not_waited_for(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, events: list[str]
) -> None:
    """It accepts connections and stays silent; once that is known, nothing is tried. No secret is shown."""
    monkeypatch.setattr(journal_module, "RECORD_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        address = f"postgresql+psycopg://advisor:hush-hush@127.0.0.1:{port}/advisor?password=hush-hush"
        journal = open_journal(address, on_event=events.append)
        given = advice()
        while journal.lost is None:
            assert journal.record(question(1), given) is None
        assert journal.lost == "no answer for 1 s"
        assert set(events) == {"failed"}
        assert journal.record(question(2), given) is None
        assert events[-1] == "left out"
        with pytest.raises(JournalError) as error:
            journal.report("id", seconds=1.0)
        shown = [journal.name, str(error.value), *logged(caplog)]
        assert not any("hush" in text for text in shown), shown
        journal.close()


def test_probes_are_limited(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a load balancer asks."""
    probes: list[Connection] = []
    monkeypatch.setattr(queries, "probe_reading", probes.append)
    monkeypatch.setattr(journal_module, "PROBE_TIMEOUT", 30.0)
    for _ in range(5):
        journal.probe()
    assert len(probes) == 1


def test_a_probe_that_hangs_is_not_waited_for(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """No second probe begins before it has ended."""
    resume = threading.Event()
    probes: list[Connection] = []

    def hang(connection: Connection) -> None:
        probes.append(connection)
        resume.wait(30)

    monkeypatch.setattr(queries, "probe_reading", hang)
    monkeypatch.setattr(journal_module, "PROBE_INTERVAL", 0.0)
    monkeypatch.setattr(journal_module, "PROBE_TIMEOUT", 0.01)
    for _ in range(3):
        journal.probe()
    thread = journal._probe_thread
    assert thread is not None
    resume.set()
    thread.join(30)
    assert len(probes) == 1
    assert journal.lost is None
