"""Tag names to ids, created on first use."""

import sqlite3
from contextlib import closing

DB = "tags.sqlite"

with closing(sqlite3.connect(DB)) as setup:
    setup.executescript(
        "DROP TABLE IF EXISTS tags;"
        "CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
    )


def work(name: str) -> int:
    with closing(sqlite3.connect(DB, isolation_level=None)) as db:
        row = db.execute("SELECT id FROM tags WHERE name = ?", (name,)).fetchone()
        if row is not None:
            return row[0]
        return db.execute("INSERT INTO tags (name) VALUES (?)", (name,)).lastrowid
