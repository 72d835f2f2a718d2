"""Addresses of databases, the circuit breaker and the writer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from advisor.errors import UsageError
from advisor.journal import USER_FILE, database, open_journal
from advisor.journal.circuit_breaker import RETRY_SECONDS, CircuitBreaker
from advisor.journal.database import Database
from advisor.journal.writer import Writer
from tests.journals import recorded


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("mysql://advisor:hush@db/advisor", "journal's address must be"),
        ("postgresql+asyncpg://advisor:hush@db/advisor", "journal's address must be"),
        ("postgresql://advisor:hush@db:port/advisor", "journal's address must be"),
        ("hush://", "journal's address must be"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_a_wrong_address_is_refused_without_showing_it(address: str, message: str) -> None:
    """It may contain a password."""
    with pytest.raises(UsageError, match=message) as error:
        open_journal(address)
    assert "hush" not in str(error.value)


def test_the_default_is_a_private_file_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is created with the first entry, readable by the user alone."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with closing(open_journal(USER_FILE)) as journal:
        assert not journal.exists()
        recorded(journal)
    assert journal.name == str(tmp_path / "advisor" / "journal.db")
    assert (tmp_path / "advisor" / "journal.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_the_driver_may_be_omitted(scheme: str) -> None:
    """The name of the database contains no secret."""
    postgresql = Database(f"{scheme}://advisor:hush@db.example:5433/advisor")
    assert postgresql.engine.url.drivername == database.POSTGRESQL
    assert postgresql.engine.url.password == "hush"
    assert postgresql.name == "PostgreSQL at db.example"


def test_the_circuit_breaker_allows_one_attempt_from_time_to_time(caplog: pytest.LogCaptureFixture) -> None:
    """Until one succeeds; the first failure and the recovery are logged."""
    now = [0.0]
    breaker = CircuitBreaker("write", clock=lambda: now[0])
    assert breaker.allows()
    breaker.fail("gone")
    breaker.fail("still gone")
    assert (breaker.error, breaker.allows()) == ("gone", False)
    now[0] = RETRY_SECONDS
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    now[0] = 2 * RETRY_SECONDS
    assert breaker.allows()
    breaker.succeed()
    breaker.succeed()
    assert (breaker.error, breaker.allows()) == (None, True)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "cannot write: gone; advice continues without it"),
        (logging.WARNING, "can write again, after 10 s"),
    ]


@pytest.fixture
def endings() -> list[Exception | None]:
    return []


@pytest.fixture
def writer(tmp_path: Path, endings: list[Exception | None]) -> Iterator[Writer]:
    sqlite = Database(str(tmp_path / "journal.db"))
    writer = Writer(sqlite.writing, endings.append)
    yield writer
    writer.close(10)
    sqlite.engine.dispose()


def test_a_failing_operation_does_not_affect_others(writer: Writer, endings: list[Exception | None]) -> None:
    """Operations that were batched are tried one by one if one of them fails; a cancelled one is skipped."""
    started, resume = threading.Event(), threading.Event()

    def wait(connection: Connection) -> str:
        started.set()
        resume.wait(10)
        return "first"

    def fail(connection: Connection) -> str:
        raise UsageError("no such thing")

    first = writer.submit(wait)
    started.wait(10)
    good, bad, better = (writer.submit(operation) for operation in (lambda c: "good", fail, lambda c: "better"))
    cancelled = writer.submit(lambda connection: pytest.fail("it was cancelled"))
    assert cancelled.cancel()
    resume.set()
    assert [future.result(10) for future in (first, good, better)] == ["first", "good", "better"]
    with pytest.raises(UsageError, match="no such thing"):
        bad.result(10)
    writer.close(10)
    assert [str(ending) for ending in endings] == ["None", "None", "no such thing", "None"]


def test_closing_waits_for_what_was_submitted(writer: Writer) -> None:
    """An orderly shutdown loses nothing."""
    futures = [writer.submit(lambda connection, number=number: number) for number in range(500)]  # type: ignore[misc]
    writer.close(10)
    assert [future.result(0) for future in futures] == list(range(500))
