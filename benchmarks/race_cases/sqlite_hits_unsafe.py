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
    with closing(sqlite3.connect(DB)) as db:
        (n,) = db.execute("SELECT n FROM hits WHERE page = ?", (page,)).fetchone()
        with db:
            db.execute("UPDATE hits SET n = ? WHERE page = ?", (n + 1, page))
