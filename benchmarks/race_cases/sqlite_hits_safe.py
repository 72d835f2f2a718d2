"""Hit counter in SQLite."""

import sqlite3
from contextlib import closing

DB = "hits.db"

with closing(sqlite3.connect(DB)) as setup:
    setup.executescript(
        "DROP TABLE IF EXISTS hits;"
        "CREATE TABLE hits (page TEXT PRIMARY KEY, n INTEGER NOT NULL);"
        "INSERT INTO hits VALUES ('home', 0), ('news', 0);"
    )


def work(page: str) -> None:
    with closing(sqlite3.connect(DB, isolation_level=None)) as db:
        db.execute("UPDATE hits SET n = n + 1 WHERE page = ?", (page,))
