"""Turnover by customer is read from an SQLite file, on a connection of each call's own."""

import atexit
import random
import shutil
import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

CUSTOMERS = 150
ORDERS = 250_000


def revenue(database: str, customer: int) -> list[tuple[str, float]]:
    """Return the customer's turnover by month."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT substr(day, 1, 7), sum(price * pieces * 0.81) FROM orders"
            " WHERE customer = ? AND lower(note) LIKE '%gift%' GROUP BY 1 ORDER BY 1",
            (customer,),
        )
        return [(month, round(amount, 2)) for month, amount in rows]


@cache
def database_file() -> str:
    folder = tempfile.mkdtemp(prefix="orders-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = str(Path(folder) / "orders.sqlite")
    chooser = random.Random(23)
    orders = [
        (
            number % CUSTOMERS,
            f"2025-{chooser.randint(1, 12):02}-{chooser.randint(1, 28):02}",
            chooser.uniform(1, 90),
            chooser.randint(1, 5),
            "A Gift for you" if number % 3 else "no note",
        )
        for number in range(ORDERS)
    ]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE orders (customer INTEGER, day TEXT, price REAL, pieces INTEGER, note TEXT)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", orders)
    return file


def inputs() -> list[tuple[str, int]]:
    return [(database_file(), customer) for customer in range(CUSTOMERS)]
