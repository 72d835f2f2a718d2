"""Keep the results of finished calls in a file, so that a run that was ended continues where it was.

The file is an SQLite database in WAL mode with `synchronous=NORMAL`. A transaction that is committed survives the end
of the process at any moment, by SIGKILL too; a power loss may take the last ones. A result and the fact that its call
is done are one row. The open database is locked, and the lock ends with the process.

Calls that failed are not stored: they run again when the run continues, since what made them fail (a server that was
down, memory that ran out, an input that was mended) may be over, and since an exception is not a result to keep.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from advisor.errors import UsageError
from advisor.jobs import stored_result
from advisor.jobs.argument_digest import UNKNOWN, digest_arguments
from advisor.jobs.code_digest import Part, code_parts
from advisor.jobs.pools.pool import Arguments
from advisor.jobs.stored_result import StoredResult

FORMAT = 1  # raise it when an older version of advisor would misread the file
COMMIT_EVERY = 0.1  # seconds
_APPLICATION = 0x61647663  # "advc", in the header of the file
_PATIENCE = 0.3  # seconds to wait for another run that is just ending
_SCHEMA = """
CREATE TABLE run (property TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE results (
    input INTEGER PRIMARY KEY,  -- its index, from 0
    arguments BLOB NOT NULL,    -- their digest; empty if they have none
    result NOT NULL,            -- TEXT: JSON; BLOB: a pickle
    code BLOB                   -- the authentication code of a pickle
);
"""
_REASONS = {
    sqlite3.SQLITE_BUSY: "another run is using it. Wait for that run, end it, or give this run another checkpoint",
    sqlite3.SQLITE_NOTADB: "it is not a checkpoint. Give the path of a new file or of a checkpoint",
    sqlite3.SQLITE_CORRUPT: "it is damaged. Delete it to start anew, or restore a copy of it",
    sqlite3.SQLITE_FULL: "the disk is full. Make room and run again: the results stored so far are kept",
    sqlite3.SQLITE_READONLY: "it is not writable. Change its permissions, or give another path",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Give the path of a file in a folder that exists and is writable",
}


class Stored(NamedTuple):
    """The result of a call that is done."""

    result: Any


class Checkpoint:
    """The results of a run's finished calls, in a file.

    Ask `stored` about each input before its call, since the call may change its arguments. A run may have fewer inputs
    than the one before: results of the inputs that are left out stay in the file.

    Args:
        path: The file, which is created if there is none.
        function: The function of the run; its code has to be that of the stored results.
        name: What messages call the function.
        clock: Returns the time in seconds.

    Attributes:
        count: The number of results stored when the file was opened.

    Raises:
        UsageError: The file cannot be used, or its results are from other code.
    """

    def __init__(
        self, path: str | Path, function: Callable[..., Any], *, name: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = Path(path)
        self._name = name
        self._clock = clock
        self._process = os.getpid()
        self._rows: list[tuple[int, bytes, str | bytes, bytes | None]] = []  # not committed yet
        self._digests: dict[int, bytes] = {}  # of the calls in flight
        self._committed = clock()
        if self._path.exists() and not os.access(self._path, os.W_OK):  # SQLite would call it an I/O error
            raise UsageError(f"cannot use {self._path} as a checkpoint: {_REASONS[sqlite3.SQLITE_READONLY]}")
        with self._errors(), contextlib.ExitStack() as stack:
            self._database = sqlite3.connect(
                self._path.absolute(), timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            stack.callback(self._database.close)
            self._open()
            self.count, last = self._database.execute("SELECT count(*), max(input) FROM results").fetchone()
            self._last = -1 if last is None else last
            self._compare_code(code_parts(function))
            stack.pop_all()

    def stored(self, key: int, arguments: Arguments) -> Stored | None:
        """Return the result stored for the input at this index, or None.

        Raises:
            UsageError: The input was another one in the stored run, or the result cannot be loaded.
        """
        digest = digest_arguments(arguments)
        row = None
        if key <= self._last:
            with self._errors():
                query = "SELECT arguments, result, code FROM results WHERE input = ?"
                row = self._database.execute(query, (key,)).fetchone()
        if row is None:
            self._digests[key] = digest
            return None
        before, content, code = row
        if before != digest and UNKNOWN not in (before, digest):
            raise UsageError(
                f"input {key} is not the one of the run stored in {self._path}: their values differ."
                f"{self._python_hint()} {self._advice()}"
            )
        try:
            return Stored(stored_result.decode(StoredResult(content, code), _context(key, before)))
        except UsageError as error:
            raise UsageError(
                f"the result of input {key} in {self._path} is not usable: {error}. {self._advice()}"
            ) from error.__cause__

    def add(self, key: int, arguments: Arguments, result: Any, *, failed: bool = False) -> None:
        """Store the result of a call, and commit if the last commit was 0.1 s ago; a failed call is not stored.

        Raises:
            UsageError: The result cannot be stored.
        """
        digest = self._digests.pop(key, None)
        if not failed:
            digest = digest_arguments(arguments) if digest is None else digest
            stored = stored_result.encode(result, _context(key, digest))
            self._rows.append((key, digest, stored.content, stored.code))
        if self._clock() - self._committed >= COMMIT_EVERY:
            self.flush()

    def flush(self) -> None:
        """Commit the results added so far.

        Raises:
            UsageError: They cannot be written; they are given up then, and their calls run again another time.
        """
        self._committed = self._clock()
        if not self._rows:
            return
        try:
            with self._errors(), self._transaction():
                self._database.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", self._rows)
        except UsageError:  # after Ctrl-C, they are written when the file is closed
            self._rows.clear()
            raise
        self._rows.clear()

    def close(self) -> None:
        """Commit the results and close the file; closing it again, or in a forked process, does nothing."""
        if os.getpid() != self._process:
            return
        try:
            self.flush()
        finally:
            with self._errors():
                self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> None:
        """Lock the file, and create the tables if it is new. Nothing is written into a file of somebody else."""
        get = self._database.execute
        get("PRAGMA trusted_schema = OFF")
        get("PRAGMA locking_mode = EXCLUSIVE")
        with self._transaction():
            application, version, tables = (
                get(query).fetchone()[0]
                for query in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_schema")
            )
        if tables and application != _APPLICATION:
            raise UsageError(f"cannot use {self._path} as a checkpoint: it is a database of another program")
        if version > FORMAT:
            raise UsageError(
                f"cannot use {self._path} as a checkpoint: a newer version of advisor wrote it. Update advisor, or "
                "give another path"
            )
        get("PRAGMA journal_mode = WAL")
        get("PRAGMA synchronous = NORMAL")
        if not tables:
            with self._transaction():
                get(f"PRAGMA application_id = {_APPLICATION}")
                get(f"PRAGMA user_version = {FORMAT}")
                for statement in _SCHEMA.split(";\n")[:-1]:
                    get(statement)

    def _compare_code(self, parts: dict[str, Part]) -> None:
        """Store the code of a run that has no results yet; of others, raise UsageError if it is another one."""
        if not self.count:
            code = json.dumps({name: part.digest for name, part in parts.items()})
            values = [("function", self._name), ("code", code), ("python", platform.python_version())]
            with self._transaction():
                self._database.executemany("INSERT OR REPLACE INTO run VALUES (?, ?)", values)
            return
        try:
            before = json.loads(self._property("code"))
            changed = [name for name, part in parts.items() if before.get(name) != part.digest]
            changed += [name for name in before if name not in parts]
        except (ValueError, AttributeError):
            raise UsageError(
                f"cannot use {self._path} as a checkpoint: it is damaged. Delete it to start anew"
            ) from None
        if changed:
            shown = [
                f"{name} ({parts[name].place})" if name in parts and parts[name].place else name for name in changed
            ]
            more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
            raise UsageError(
                f"{self._path} holds {self.count:,} results of {self._property('function')} from before its code "
                f"changed: {', '.join(shown[:3])}{more}.{self._python_hint()} {self._advice()}"
            )

    def _property(self, name: str) -> str:
        row = self._database.execute("SELECT value FROM run WHERE property = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def _python_hint(self) -> str:
        before, now = self._property("python"), platform.python_version()
        if before.split(".")[:2] == now.split(".")[:2]:
            return ""
        return f" The stored run used Python {before}, this one uses {now}, which can be the reason."

    def _advice(self) -> str:
        return (
            "Delete the file to start anew, or keep it and give another path: `checkpoint=` in Python; on the command "
            "line, `--overwrite` starts anew, and another `--output` keeps the file"
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield
            self._database.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back itself
                self._database.execute("ROLLBACK")
            raise

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return _plain_errors(self._path)


@contextlib.contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite into UsageError, in plain words."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extension
        reason = _REASONS.get(code, f"it cannot be read or written ({error})")
        raise UsageError(f"cannot use {path} as a checkpoint: {reason}") from error


def remove(path: Path) -> None:
    """Delete a checkpoint, if there is one.

    Raises:
        UsageError: A run is using it, or it is something else.
    """
    if not path.exists():
        return
    with _plain_errors(path), contextlib.closing(sqlite3.connect(path, timeout=_PATIENCE)) as database:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN IMMEDIATE")
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if application != _APPLICATION and (application or tables):  # an empty file is no database of anybody
            raise UsageError(f"cannot delete {path}: it is not a checkpoint, but a database of another program")
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)


def _context(key: int, digest: bytes) -> bytes:
    return b"%d:" % key + digest
