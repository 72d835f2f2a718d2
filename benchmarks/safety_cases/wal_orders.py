"""Write orders into SQLite in WAL mode, each call over a connection of its own, one statement, waiting its turn."""
import contextlib
import os
import sqlite3

PATH = os.path.abspath("orders.db")
if not os.path.exists(PATH):
    with contextlib.closing(sqlite3.connect(PATH)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, cents INTEGER)")


def place(order):
    number, lines = order
    cents = sum(amount * price for amount, price in lines)
    with contextlib.closing(sqlite3.connect(PATH, timeout=60, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("INSERT OR REPLACE INTO orders VALUES (?, ?)", (number, cents))
    return cents


def make_inputs():
    return [(n, [(k % 5 + 1, n * k % 311) for k in range(40)]) for n in range(300)]


def placed():
    with contextlib.closing(sqlite3.connect(PATH)) as db:
        return db.execute("SELECT count(*), sum(cents), sum(id) FROM orders").fetchone()
