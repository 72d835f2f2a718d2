"""A full disk, a lock that somebody keeps, a database that is gone: they cost the journal, and never the advice."""

from __future__ import annotations

import logging
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from advisor.errors import JournalError, UsageError
from advisor.journal import OWN, circuit_breaker, database, open_journal, queries
from advisor.journal import journal as journal_module
from advisor.journal.circuit_breaker import RETRY_SECONDS, Circuit
from advisor.journal.database import Database
from advisor.journal.ids import identity
from advisor.journal.journal import Journal
from advisor.journal.writer import Writer
from tests.journals import Clock, advice, clock, cluster, question
from tests.postgres import Cluster

__all__ = ["clock", "cluster"]  # fixtures


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was lost is asked again each time, so that no test has to wait until it may be."""
    monkeypatch.setattr(circuit_breaker, "RETRY_SECONDS", 0.0)


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def in_file(file: Path, clock: Clock, events: list[str]) -> Iterator[Journal]:
    with closing(open_journal(str(file), clock=clock, on_event=events.append)) as journal:
        yield journal


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "advisor.journal"]


class TestFullDisk:
    @pytest.mark.usefixtures("at_once")
    def test_it_costs_entries_until_there_is_room(
        self, in_file: Journal, events: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        """What is there can be read, what is reported is refused, and all goes on by itself; two lines in the log."""
        first = in_file.record(question(1), advice())
        assert first is not None
        pages = _limit_pages(in_file)
        given = advice()
        calls = iter(range(2, 1000))
        while in_file.record(question(next(calls)), given) is not None:
            pass
        assert in_file.record(question(next(calls)), given) is None
        assert in_file.lost == "OperationalError: database or disk is full"
        assert in_file.advice(first) is not None
        assert in_file.lost is not None  # that it can be read says nothing about writing
        for _ in range(100):
            with suppress(JournalError):
                in_file.report(first, seconds=1.0, note="x" * 4000)
        confirmed = events.count("reported")
        assert confirmed < 100
        assert len(in_file.outcomes()) == confirmed
        pages.clear()
        assert in_file.record(question(next(calls)), given) is not None
        assert in_file.report(first, seconds=2.0) is not None
        assert in_file.lost is None
        lines = logged(caplog)
        assert lines[0].endswith("advice goes on without it: OperationalError: database or disk is full")
        assert lines[-1].startswith("no longer")
        assert [line.startswith("no longer") for line in lines] == [False, True] * (len(lines) // 2)

    @pytest.mark.usefixtures("at_once")
    def test_a_look_does_not_take_it_for_empty(self, in_file: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
        """A disk that has room for a trifle may have none for an entry, so that is what is tried."""
        monkeypatch.setattr(journal_module, "LOOK_SECONDS", 0.0)
        monkeypatch.setattr(journal_module, "LOOK_PATIENCE", 30.0)
        given = advice()
        assert in_file.record(question(1), given) is not None
        pages = _limit_pages(in_file)
        calls = 2
        while in_file.record(question(calls), given) is not None:
            calls += 1
        in_file.look()
        assert in_file.lost == "OperationalError: database or disk is full"
        pages.clear()
        in_file.look()
        assert in_file.lost is None
        assert in_file.advice(identity(question(calls), given.model_dump_json())) is not None


def _limit_pages(journal: Journal) -> list[int]:
    """SQLite's own way to have a small disk; without a limit in the list, there is room again."""
    pages = [60]

    @event.listens_for(journal._database.engine, "checkout")
    def limit(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages[0] if pages else 1_000_000}").fetchall()

    return pages


class TestLocked:
    @pytest.mark.usefixtures("at_once")
    def test_a_lock_that_somebody_keeps_costs_what_comes_meanwhile(
        self, in_file: Journal, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Advice does not wait for it, and reports are refused when they have waited in vain."""
        monkeypatch.setattr(journal_module, "RECORD_SECONDS", 0.3)
        monkeypatch.setattr(journal_module, "REPORT_SECONDS", 0.3)
        id = in_file.record(question(1), advice())
        assert id is not None
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert in_file.record(question(2), advice()) is None
            with pytest.raises(JournalError, match="does not answer"):
                in_file.report(id, seconds=1.0)
            assert in_file.advice(id) is not None
            other.execute("ROLLBACK")
        _until_kept(in_file, 3)
        assert in_file.report(id, seconds=2.0) is not None
        assert [outcome.seconds for outcome in in_file.outcomes()] == [2.0]


def _until_kept(journal: Journal, calls: int) -> None:
    """The writer may still be busy with what nobody waits for any more."""
    for _ in range(40):
        if journal.record(question(calls), advice()) is not None:
            return
    pytest.fail(f"not back: {journal.lost}")


class TestFileGone:
    @pytest.mark.usefixtures("at_once")
    def test_a_file_that_was_deleted_is_made_anew(self, in_file: Journal, file: Path) -> None:
        """SQLite by itself would go on writing to one that nobody will ever find."""
        id = in_file.record(question(1), advice())
        assert id is not None
        for path in file.parent.glob("journal.db*"):
            path.unlink()
        assert in_file.record(question(2), advice()) is None
        _until_kept(in_file, 2)
        assert file.exists()
        assert in_file.advice(id) is None
        assert in_file.record(question(1), advice()) == id
        assert in_file.advice(id) is not None

    @pytest.mark.usefixtures("at_once")
    def test_what_is_no_database_is_left_alone(self, in_file: Journal, file: Path) -> None:
        """Somebody else's file stays as it is."""
        file.write_text("dear diary, " * 1000)
        assert in_file.record(question(1), advice()) is None
        assert in_file.lost == "DatabaseError: file is not a database"
        assert file.read_text() == "dear diary, " * 1000

    @pytest.mark.usefixtures("at_once")
    def test_a_folder_that_cannot_be_made_costs_the_journal(self, file: Path) -> None:
        """There is a file in the way."""
        file.write_text("")
        with closing(open_journal(str(file / "journal.db"))) as journal:
            assert journal.record(question(1), advice()) is None
            assert journal.lost == f"cannot open the journal {file}/journal.db: File exists"
            with pytest.raises(JournalError, match="File exists"):
                journal.upgrade()


class TestServerGone:
    @pytest.mark.usefixtures("at_once")
    def test_a_database_that_stops_and_starts(
        self, cluster: Cluster, events: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Refused while it is away, back by itself, and what was confirmed is there."""
        with closing(open_journal(cluster.new_database(), on_event=events.append)) as journal:
            id = journal.record(question(1), advice())
            assert id is not None
            assert journal.report(id, seconds=1.0) is not None
            cluster.stop()
            try:
                for calls in range(2, 5):
                    assert journal.record(question(calls), advice()) is None
                with pytest.raises(JournalError, match="does not answer"):
                    journal.report(id, seconds=2.0)
                with pytest.raises(JournalError, match="does not answer"):
                    journal.outcomes()
                assert journal.lost is not None
            finally:
                cluster.start()
            assert journal.report(id, seconds=3.0) is not None
            assert journal.record(question(2), advice()) is not None
            assert journal.lost is None
            assert [outcome.seconds for outcome in journal.outcomes()] == [3.0, 1.0]
        lines = logged(caplog)
        assert len(lines) == 4, lines  # reading and writing were lost, and are back
        assert not any("hush-hush" in line for line in lines)

    @pytest.mark.usefixtures("at_once")
    def test_one_that_is_not_there_yet_is_used_when_it_is(self, cluster: Cluster) -> None:
        """A server may start before its database, which then gets its tables."""
        address = cluster.new_database()
        cluster.stop()
        try:
            journal = open_journal(address)
            assert journal.record(question(1), advice()) is None
        finally:
            cluster.start()
        with closing(journal):
            assert journal.record(question(1), advice()) is not None

    def test_one_that_never_answers_is_not_waited_for(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It takes a connection and says nothing; while it is known to be lost, nobody asks, and no secret is told."""
        monkeypatch.setattr(journal_module, "RECORD_SECONDS", 0.3)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            events: list[str] = []
            address = f"postgresql+psycopg://advisor:hush-hush@127.0.0.1:{port}/advisor?password=hush-hush"
            journal = open_journal(address, on_event=events.append)
            given = advice()
            while journal.lost is None:
                assert journal.record(question(1), given) is None
            assert journal.lost == "no answer for 1 s"
            assert set(events) == {"failed"}
            assert len(events) <= 6
            assert journal.record(question(2), given) is None
            assert events[-1] == "left out"
            with pytest.raises(JournalError) as error:
                journal.report("id", seconds=1.0)
            said = [journal.name, str(error.value), *logged(caplog)]
            assert not any("hush" in text for text in said), said
            journal.close()


class TestLooking:
    @pytest.mark.usefixtures("at_once")
    def test_a_loss_is_seen_before_anybody_suffers_it(self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        """By a look alone, and so is that it is back, for reading and for writing; nothing counts as an entry."""
        monkeypatch.setattr(journal_module, "LOOK_SECONDS", 0.0)
        monkeypatch.setattr(journal_module, "LOOK_PATIENCE", 30.0)
        events: list[str] = []
        with closing(open_journal(cluster.new_database(), on_event=events.append)) as journal:
            assert journal.record(question(1), advice()) is not None
            cluster.stop()
            try:
                journal.look()
                assert journal.lost is not None
                assert journal.record(question(2), advice()) is None  # now writing is lost, too
            finally:
                cluster.start()
            journal.look()
            assert journal.lost is None
            assert events == ["recorded", "failed"]

    def test_it_is_not_looked_at_more_often_than_need_be(
        self, in_file: Journal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However many probes there are."""
        looks: list[Connection] = []
        monkeypatch.setattr(queries, "look", looks.append)
        monkeypatch.setattr(journal_module, "LOOK_PATIENCE", 30.0)
        for _ in range(5):
            in_file.look()
        assert len(looks) == 1

    def test_nobody_waits_for_a_database_that_hangs(self, in_file: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
        """And no second look begins while one has not come to an end."""
        go_on = threading.Event()
        looks: list[Connection] = []

        def hang(connection: Connection) -> None:
            looks.append(connection)
            go_on.wait(30)

        monkeypatch.setattr(queries, "look", hang)
        monkeypatch.setattr(journal_module, "LOOK_SECONDS", 0.0)
        monkeypatch.setattr(journal_module, "LOOK_PATIENCE", 0.01)
        for _ in range(3):
            in_file.look()
        looking = in_file._looking
        assert looking is not None
        assert looking.is_alive()
        go_on.set()
        looking.join(30)
        assert len(looks) == 1
        assert in_file.lost is None


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "mysql://advisor:hush@db/advisor",
            "postgresql+asyncpg://advisor:hush@db/advisor",
            "postgresql://advisor:hush@db:port/advisor",
            "hush://",
        ],
    )
    def test_what_is_none_is_refused_without_being_told(self, address: str) -> None:
        """There may be a password in it."""
        with pytest.raises(UsageError, match="journal's address is") as error:
            open_journal(address)
        assert "hush" not in str(error.value)

    @pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
    def test_memory_is_no_place(self, address: str) -> None:
        """Each connection would have another journal."""
        with pytest.raises(UsageError, match="needs a file"):
            open_journal(address)

    def test_the_default_is_a_file_of_the_user_for_the_user_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a profile names may be private."""
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
        with closing(open_journal(OWN)) as journal:
            assert not journal.exists()
            assert journal.record(question(1), advice()) is not None
        assert journal.name == str(tmp_path / "advisor" / "journal.db")
        assert (tmp_path / "advisor" / "journal.db").stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
    def test_the_driver_need_not_be_named(self, scheme: str) -> None:
        """Addresses are often written without, and the name has no secret."""
        known = Database(f"{scheme}://advisor:hush@db.example:5433/advisor")
        assert known.engine.url.drivername == database.POSTGRESQL
        assert known.engine.url.password == "hush"
        assert known.name == "PostgreSQL at db.example"


class TestCircuit:
    def test_one_attempt_goes_through_from_time_to_time(self, caplog: pytest.LogCaptureFixture) -> None:
        """Until it succeeds; each change is logged once."""
        now = [0.0]
        circuit = Circuit("it does not work", clock=lambda: now[0])
        assert circuit.lets_through()
        circuit.fail("gone")
        circuit.fail("still gone")
        assert (circuit.lost, circuit.lets_through()) == ("gone", False)
        now[0] = RETRY_SECONDS
        assert [circuit.lets_through() for _ in range(3)] == [True, False, False]
        now[0] = 2 * RETRY_SECONDS
        assert circuit.lets_through()
        circuit.succeed()
        circuit.succeed()
        assert (circuit.lost, circuit.lets_through()) == (None, True)
        assert logged(caplog) == [
            "it does not work, and advice goes on without it: gone",
            "no longer, after 10 s: it does not work",
        ]
        assert {record.levelno for record in caplog.records} == {logging.WARNING}


class TestWriter:
    def test_what_is_at_fault_harms_no_other(self, tmp_path: Path) -> None:
        """What came together is tried one by one when one of them cannot be."""
        endings: list[Exception | None] = []
        known = Database(str(tmp_path / "journal.db"))
        writer = Writer(known.writing, endings.append)
        started, go_on = threading.Event(), threading.Event()

        def wait(connection: Connection) -> str:
            started.set()
            go_on.wait(10)
            return "first"

        def refuse(connection: Connection) -> str:
            raise UsageError("no such thing")

        first = writer.submit(wait)
        started.wait(10)
        good, bad, better = (writer.submit(work) for work in (lambda c: "good", refuse, lambda c: "better"))
        dropped = writer.submit(lambda connection: pytest.fail("nobody waits for it"))
        assert dropped.cancel()
        go_on.set()
        assert [future.result(10) for future in (first, good, better)] == ["first", "good", "better"]
        with pytest.raises(UsageError, match="no such thing"):
            bad.result(10)
        writer.close(10)
        known.engine.dispose()
        assert [str(ending) for ending in endings] == ["None", "None", "no such thing", "None"]

    def test_it_says_for_how_long_it_is_busy(self, tmp_path: Path) -> None:
        """By which a database that hangs is told from much to do."""
        known = Database(str(tmp_path / "journal.db"))
        writer = Writer(known.writing, lambda ending: None)
        assert writer.busy_seconds == 0.0
        assert writer.submit(lambda connection: writer.busy_seconds).result(10) > 0.0
        writer.close(10)
        assert writer.busy_seconds == 0.0
        known.engine.dispose()

    def test_closing_waits_for_what_was_submitted(self, tmp_path: Path) -> None:
        """An orderly end loses nothing."""
        known = Database(str(tmp_path / "journal.db"))
        writer = Writer(known.writing, lambda ending: None)
        futures = [writer.submit(lambda connection, number=number: number) for number in range(500)]  # type: ignore[misc]
        writer.close(10)
        assert [future.result(0) for future in futures] == list(range(500))
        known.engine.dispose()
