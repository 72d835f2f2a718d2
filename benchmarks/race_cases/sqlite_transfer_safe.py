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
    with closing(sqlite3.connect(DB, timeout=30, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        if balance(db, source) < amount:
            db.execute("ROLLBACK")
            return False
        update = "UPDATE account SET cents = cents + ? WHERE owner = ?"
        db.execute(update, (-amount, source))
        db.execute(update, (amount, target))
        db.execute("COMMIT")
    return True
