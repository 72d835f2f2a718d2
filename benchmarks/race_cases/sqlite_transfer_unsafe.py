"""Transfers between accounts in a SQLite ledger."""

import sqlite3
from contextlib import closing

DB = "ledger.db"

with closing(sqlite3.connect(DB)) as setup, setup:
    setup.execute("DROP TABLE IF EXISTS account")
    setup.execute("CREATE TABLE account (owner TEXT PRIMARY KEY, cents INTEGER)")
    setup.execute("INSERT INTO account VALUES ('anna', 100), ('ben', 0)")


def balance(db: sqlite3.Connection, owner: str) -> int:
    query = "SELECT cents FROM account WHERE owner = ?"
    return db.execute(query, (owner,)).fetchone()[0]


def work(order: list) -> bool:
    source, target, amount = order
    with closing(sqlite3.connect(DB)) as db:
        available = balance(db, source)
        saved = balance(db, target)
        if available < amount:
            return False
        update = "UPDATE account SET cents = ? WHERE owner = ?"
        with db:
            db.execute(update, (available - amount, source))
            db.execute(update, (saved + amount, target))
    return True
