"""Connections to SQLite that let other threads run while the database is locked, in a schedule.

SQLite waits for a lock in C code for up to the connection's time-out. In a schedule the connection does not wait, and
the statement is tried again after other threads have run; if nothing else can run, it fails as after the time-out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from advisor.interleaving import scheduler

_LOCKED = ("database is locked", "database table is locked", "database schema is locked")


def _patiently(run: Callable[..., Any], connection: Any, *arguments: Any) -> Any:
    """Run a statement again and again while the database is locked and another thread can go on."""
    me, active = scheduler.current_thread(), scheduler.active
    if me is None or active is None:
        return run(*arguments)
    active.rejoin(me)
    was_in_transaction = connection.in_transaction
    while True:
        try:
            return run(*arguments)
        except sqlite3.OperationalError as error:
            # In a transaction that has read, SQLite does not wait: the other could never finish.
            if not str(error).startswith(_LOCKED):
                raise
            if was_in_transaction and not _is_commit(run, arguments):
                raise
            if not active.block(
                me, "the database", 0.0 if connection.patience <= 0 else connection.patience, retry=True
            ):
                raise


def _is_commit(run: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    if getattr(run, "__name__", "") in ("commit", "__exit__"):
        return True
    text = arguments[0] if arguments and isinstance(arguments[0], str) else ""
    return text.lstrip().upper().startswith(("COMMIT", "END"))


class Cursor(sqlite3.Cursor):
    """A cursor of such a connection."""

    def execute(self, *arguments: Any) -> Any:
        return _patiently(super().execute, self.connection, *arguments)

    def executemany(self, *arguments: Any) -> Any:
        return _patiently(super().executemany, self.connection, *arguments)

    def executescript(self, *arguments: Any) -> Any:
        return _patiently(super().executescript, self.connection, *arguments)


class Connection(sqlite3.Connection):
    """A connection that does not wait in C code."""

    patience = 5.0

    def cursor(self, factory: Any = Cursor) -> Any:
        return super().cursor(factory)

    def execute(self, *arguments: Any) -> Any:
        return self.cursor().execute(*arguments)

    def executemany(self, *arguments: Any) -> Any:
        return self.cursor().executemany(*arguments)

    def executescript(self, *arguments: Any) -> Any:
        return self.cursor().executescript(*arguments)

    def commit(self) -> None:
        _patiently(super().commit, self)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        if kind is None:
            try:
                self.commit()
            except BaseException:
                self.rollback()
                raise
            return False
        return super().__exit__(kind, error, trace)


def replace_connections() -> None:
    """Make `sqlite3.connect` return such connections to threads under a scheduler."""
    original = sqlite3.connect

    def connect(database: Any, timeout: float = 5.0, *arguments: Any, **options: Any) -> Any:
        if scheduler.current_thread() is None or "factory" in options or len(arguments) > 3:
            return original(database, timeout, *arguments, **options)
        connection = original(database, 0.0, *arguments, factory=Connection, **options)
        connection.patience = timeout
        return connection

    sqlite3.connect = connect
