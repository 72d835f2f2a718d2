"""Connections to SQLite or PostgreSQL, configured for several processes at once.

Every wait has a time limit. No log line and no error message contains a password or a question.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from advisor.errors import AdvisorError, JournalError, MissingExtraError, UsageError
from advisor.journal import USER_FILE
from advisor.journal.tables import REVISION, VERSION_TABLE

TIMEOUT = 4.0  # seconds, of a statement and of its wait for a lock
MIGRATION_TIMEOUT = 60.0  # seconds
READERS = 4  # connections for reading, besides one for writing
SQLITE = "sqlite"
POSTGRESQL = "postgresql+psycopg"

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 7_016_996_765_293_437_281  # an arbitrary key of a PostgreSQL advisory lock
_WRITING = "writing"
_migrating = Lock()  # Alembic keeps its state in module globals


class Database:
    """Transactions on a database whose tables are of this version."""

    def __init__(self, address: str) -> None:
        self.engine, self.name = _engine(address)
        self._is_current = False
        self._checking = Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        self._ensure_current()
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Begin a transaction, which is committed if the block succeeds."""
        self._ensure_current()
        with self.engine.execution_options(**{_WRITING: True}).begin() as connection:
            yield connection

    def upgrade(self) -> str | None:
        """Create or upgrade the tables, and return the revision that was found.

        Of several processes that start at once, one migrates and the others wait.
        """
        with self.engine.execution_options(**{_WRITING: True}).begin() as connection:
            if not self.is_sqlite:
                connection.execute(text(f"SET LOCAL statement_timeout = '{MIGRATION_TIMEOUT:g}s'"))
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            found = current_revision(connection)
            if found != REVISION:
                _migrate(connection)
        self._is_current = True
        return found

    def exists(self) -> bool:
        """Return False if the address is a file that does not exist; connecting would create it."""
        return not self.is_sqlite or Path(str(self.engine.url.database)).exists()

    def check_again(self) -> None:
        """Check the tables before the next transaction, after a failure."""
        self._is_current = False

    def reset_after_fork(self) -> None:
        """Forget the parent's connections without closing them."""
        self.engine.dispose(close=False)
        self._checking = Lock()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == SQLITE

    def _ensure_current(self) -> None:
        if self._is_current:
            return
        with self._checking:
            if self._is_current:
                return
            with self.engine.connect() as connection:
                found = current_revision(connection)
            if found != REVISION:
                self.upgrade()
            self._is_current = True


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the tables. Loading Alembic for it would take longer than opening the journal."""
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return None
    found = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))
    return None if found is None else str(found)


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        with _migrating:
            command.upgrade(config, "head")
    except CommandError as error:
        raise JournalError("the journal was written by a newer version of advisor") from error


def summary_of(error: BaseException) -> str:
    """Return one line without the statement, its parameters and the values that PostgreSQL adds as details."""
    if isinstance(error, AdvisorError):
        return str(error)
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    first_line = (str(cause).strip().splitlines() or [""])[0]
    return f"{type(cause).__name__}: {first_line}" if first_line else type(cause).__name__


def _engine(address: str) -> tuple[Engine, str]:
    """Return the engine and a name of the database without secrets."""
    url = make_url(_as_url(address))
    if url.drivername == SQLITE:
        if not url.database or url.database == ":memory:" or url.query:
            raise UsageError("the journal needs a file, such as sqlite:///folder/journal.db")
        engine = create_engine(url, connect_args={"timeout": TIMEOUT}, **_ENGINE_OPTIONS)
        _configure_sqlite(engine, Path(url.database))
        return engine, url.database
    try:
        engine = create_engine(url, connect_args=_POSTGRESQL, pool_pre_ping=True, **_ENGINE_OPTIONS)
    except ImportError as error:
        raise MissingExtraError("a journal in PostgreSQL", "postgresql") from error
    event.listen(engine, "connect", _limit_statements)
    return engine, f"PostgreSQL at {url.host or url.query.get('host') or 'the local socket'}"


_ENGINE_OPTIONS: dict[str, Any] = {
    "hide_parameters": True,  # questions must not appear in a log
    "pool_size": READERS,
    "max_overflow": 1,
    "pool_timeout": TIMEOUT,
}
# Notice a host that disappears; libpq's own time limits are minutes.
_POSTGRESQL: dict[str, Any] = {
    "connect_timeout": 2,
    "tcp_user_timeout": int(TIMEOUT * 1000),
    "keepalives_idle": 10,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "application_name": "advisor",
}


def _as_url(address: str) -> str:
    if address == USER_FILE:
        import platformdirs

        address = str(platformdirs.user_data_path("advisor") / "journal.db")
    if "://" not in address:
        return f"{SQLITE}:///{address}"
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        url = None
    if url is not None and url.drivername == SQLITE:
        return address
    if url is not None and url.drivername in ("postgresql", "postgres", POSTGRESQL):
        return url.set(drivername=POSTGRESQL).render_as_string(hide_password=False)
    # The address itself is not shown: it may contain a password.
    raise UsageError(
        "the journal's address must be a file, sqlite:///file.db or postgresql+psycopg://user@host/database"
    )


def _limit_statements(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    milliseconds = int(TIMEOUT * 1000)
    with connection.cursor() as cursor:  # type: ignore[attr-defined]  # psycopg's are context managers
        cursor.execute(f"SET statement_timeout = {milliseconds}")
        cursor.execute(f"SET lock_timeout = {milliseconds}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {10 * milliseconds}")
    connection.commit()


def _configure_sqlite(engine: Engine, path: Path) -> None:
    """Use a write-ahead log, commits that are synced to the disk, and explicit transactions; notice a replaced file."""

    @event.listens_for(engine, "do_connect")
    def create(dialect: Any, record: ConnectionPoolEntry, args: Any, parameters: Any) -> None:
        """Create the file for the user alone: a profile may name private things."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise JournalError(f"cannot open the journal {path}: {error.strerror}") from error

    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver begins no transactions; `begin` does, so that they include DDL
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        record.info["file"] = _identity_of(path)

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
        """Reconnect if the file was replaced: SQLite would continue to write to the deleted one."""
        if record.info["file"] != _identity_of(path):
            raise DisconnectionError("the journal file was replaced while it was open")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        """Take a writer's lock at once: SQLite does not wait for it after a read in the same transaction."""
        writing = connection.get_execution_options().get(_WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _use_write_ahead_log(connection: Any) -> None:
    """Switch to WAL mode, repeatedly while the file is locked: this statement ignores SQLite's busy timeout."""
    import sqlite3

    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
