"""Databases for a journal that can be stopped and started while it is in use."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Final, Literal, Protocol

from sqlalchemy import create_engine, func, select

from advisor.journal.tables import outcome

ENDINGS: Final = ("fast", "immediate")
"""The modes in which PostgreSQL is stopped, in turn: orderly, and as after a crash."""

Kind = Literal["postgresql", "sqlite"]


class Database(Protocol):
    name: str
    address: str

    def stop(self) -> None: ...

    def start(self) -> None: ...


class SQLiteFile:
    """An SQLite file that is stopped by moving its directory away, so that open files no longer match the path."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._there, self._away = folder / "data", folder / "away"
        self._there.mkdir()
        self.address = f"sqlite:///{self._there}/journal.db"

    def stop(self) -> None:
        self._there.rename(self._away)
        self._there.touch()

    def start(self) -> None:
        self._there.unlink()
        self._away.rename(self._there)


def best() -> Kind:
    """Return PostgreSQL if its programs and the driver are installed, else SQLite."""
    if find_spec("psycopg") is None:
        return "sqlite"
    from tests import postgres

    return "postgresql" if postgres.find_programs() else "sqlite"


@contextmanager
def database(kind: Kind) -> Iterator[Database]:
    """Create an empty database in a temporary directory, removed when the block ends."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="journal-") as folder:
            yield SQLiteFile(Path(folder))
        return
    from tests import postgres

    programs = postgres.find_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed: initdb and pg_ctl were not found")

    class PostgreSQL:
        name = "PostgreSQL"

        def __init__(self, cluster: postgres.Cluster) -> None:
            self._cluster, self._endings = cluster, cycle(ENDINGS)
            self.address = cluster.new_database()

        def stop(self) -> None:
            self._cluster.stop(next(self._endings))

        def start(self) -> None:
            self._cluster.start()

    with postgres.cluster(programs) as cluster:
        yield PostgreSQL(cluster)


def notes(address: str) -> Counter[str]:
    """Count the outcomes in the database by note."""
    engine = create_engine(address)
    try:
        with engine.connect() as connection:
            found = connection.execute(select(outcome.c.note, func.count()).group_by(outcome.c.note))
            return Counter({str(note): count for note, count in found})
    finally:
        engine.dispose()
