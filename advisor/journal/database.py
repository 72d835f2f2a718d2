"""The database behind an address: SQLite or PostgreSQL, each with the habits that many processes at once ask for.

Every wait has an end, and nothing that is logged or told holds a password or what was asked.
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
from advisor.journal import OWN
from advisor.journal.tables import REVISION, VERSION_TABLE

PATIENCE = 4.0  # seconds that a statement may wait for a lock, or take
MIGRATION_PATIENCE = 60.0
POOL = 4  # connections for reading at once, and one more for writing
SQLITE = "sqlite"
POSTGRESQL = "postgresql+psycopg"

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 7_016_996_765_293_437_281  # of PostgreSQL's advisory locks, ours
_WRITING = "writing"
_migrating = Lock()  # Alembic keeps what it works on in a module


class Database:
    """Transactions on a database whose tables are as this version needs them."""

    def __init__(self, address: str) -> None:
        self.engine, self.name = _engine(address)
        self._prepared = False
        self._preparing = Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        self._prepare()
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """What was written is there for good when the block has ended well, and not at all when it has not."""
        self._prepare()
        with self.engine.execution_options(**{_WRITING: True}).begin() as connection:
            yield connection

    def upgrade(self) -> str | None:
        """Bring the tables to where this version needs them; returns the revision that was found.

        Of several processes that start at once, one does it and the others wait.
        """
        with self.engine.execution_options(**{_WRITING: True}).begin() as connection:
            if not self.is_sqlite:
                connection.execute(text(f"SET LOCAL statement_timeout = '{MIGRATION_PATIENCE:g}s'"))
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            found = revision_of(connection)
            if found != REVISION:
                _migrate(connection)
        self._prepared = True
        return found

    def exists(self) -> bool:
        """Whether there is anything at the address; a file that is not there would be made by looking into it."""
        return not self.is_sqlite or Path(str(self.engine.url.database)).exists()

    def doubt(self) -> None:
        """Something went wrong, so the tables are looked at before the next transaction."""
        self._prepared = False

    def start_over_after_fork(self) -> None:
        """The parent's connections are its own."""
        self.engine.dispose(close=False)
        self._preparing = Lock()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == SQLITE

    def _prepare(self) -> None:
        if self._prepared:
            return
        with self._preparing:
            if self._prepared:
                return
            with self.engine.connect() as connection:
                found = revision_of(connection)
            if found != REVISION:
                self.upgrade()
            self._prepared = True


def revision_of(connection: Connection) -> str | None:
    """Alembic's own answer takes longer than all else here, and its modules are only needed for a migration."""
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return None
    found = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))
    return None if found is None else str(found)


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    try:
        with _migrating:
            command.upgrade(config, "head")
    except CommandError as error:
        raise JournalError("the journal was written by a newer version of advisor") from error


def what_went_wrong(error: BaseException) -> str:
    """One line, without statement, parameters or the values that PostgreSQL adds as details."""
    if isinstance(error, AdvisorError):
        return str(error)
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = (str(cause).strip().splitlines() or [""])[0]
    return f"{type(cause).__name__}: {said}" if said else type(cause).__name__


def _engine(address: str) -> tuple[Engine, str]:
    """The engine, and a name for the database that may be shown to anybody."""
    url = make_url(_as_url(address))
    if url.drivername == SQLITE:
        if not url.database or url.database == ":memory:" or url.query:
            raise UsageError("the journal needs a file of its own: sqlite:///folder/journal.db")
        engine = create_engine(url, connect_args={"timeout": PATIENCE}, **_HABITS)
        _teach_sqlite(engine, Path(url.database))
        return engine, url.database
    try:
        engine = create_engine(url, connect_args=_POSTGRESQL, pool_pre_ping=True, **_HABITS)
    except ImportError as error:
        raise MissingExtraError("a journal in PostgreSQL", "postgresql") from error
    event.listen(engine, "connect", _limit_statements)
    return engine, f"PostgreSQL at {url.host or url.query.get('host') or 'the local socket'}"


_HABITS: dict[str, Any] = {
    "hide_parameters": True,  # what was asked is nobody's business who reads a log
    "pool_size": POOL,
    "max_overflow": 1,
    "pool_timeout": PATIENCE,
}
# A host that is gone without a word is noticed; libpq's own limits are minutes.
_POSTGRESQL: dict[str, Any] = {
    "connect_timeout": 2,
    "tcp_user_timeout": int(PATIENCE * 1000),
    "keepalives_idle": 10,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "application_name": "advisor",
}


def _as_url(address: str) -> str:
    if address == OWN:
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
    # The address itself is not told: a password may be in it.
    raise UsageError("the journal's address is a file, sqlite:///file.db or postgresql+psycopg://user@host/database")


def _limit_statements(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    milliseconds = int(PATIENCE * 1000)
    with connection.cursor() as cursor:  # type: ignore[attr-defined]  # psycopg's are context managers
        cursor.execute(f"SET statement_timeout = {milliseconds}")
        cursor.execute(f"SET lock_timeout = {milliseconds}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {10 * milliseconds}")
    connection.commit()


def _teach_sqlite(engine: Engine, path: Path) -> None:
    """Write-ahead log, commits on the disk, transactions that begin where ours do, a file that was replaced noticed."""

    @event.listens_for(engine, "do_connect")
    def create(dialect: Any, record: ConnectionPoolEntry, args: Any, parameters: Any) -> None:
        """For the user alone: what a profile names may be private."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise JournalError(f"cannot open the journal {path}: {error.strerror}") from error

    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver begins no transactions: `begin` does, and DDL is part of them
        _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        record.info["file"] = _identity_of(path)

    @event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
        """SQLite would go on writing to a file that was deleted."""
        if record.info["file"] != _identity_of(path):
            raise DisconnectionError("the journal's file was replaced")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        """A writer takes its lock at once: SQLite does not wait for it once there was something read."""
        writing = connection.get_execution_options().get(_WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _use_write_ahead_log(connection: Any) -> None:
    """The change itself does not wait for locks as all else does, so it is tried again while another makes it."""
    import sqlite3

    last = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > last:
                raise
            time.sleep(0.01)


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
