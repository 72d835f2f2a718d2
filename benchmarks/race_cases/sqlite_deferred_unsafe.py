"""High-score table with one row per game."""

import sqlite3

DB = "scores.db"

_setup = sqlite3.connect(DB)
_setup.execute("DROP TABLE IF EXISTS best")
_setup.execute("CREATE TABLE best (game TEXT PRIMARY KEY, points INTEGER)")
_setup.execute("INSERT INTO best VALUES ('tetris', 0)")
_setup.commit()
_setup.close()


def work(points: int) -> None:
    db = sqlite3.connect(DB, timeout=0.2, isolation_level=None)
    try:
        db.execute("BEGIN")
        (total,) = db.execute("SELECT points FROM best").fetchone()
        db.execute("UPDATE best SET points = ?", (total + points,))
        db.execute("COMMIT")
    finally:
        db.close()
