"""Database queries: one that comes over a network, one in a file beside the program."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from profiles import loopback, scratch
from profiles.web import get


def query_remote(url: str) -> float:
    """Asks a database on another host for a customer's orders."""
    return float(sum(amount for _, _, amount in json.loads(get(url))))


def query_remote_inputs() -> Iterator[str]:
    """200 customers; the network and the queue at the server take 8 to 13 ms."""
    for index in range(200):
        yield loopback.url(f"/orders?customer={index}&ms={8 + index % 6}")


def query_file(path_and_region: tuple[str, int]) -> list[tuple[int, int, float]]:
    """Adds up a region's sales in an SQLite file: SQLite computes with the GIL released."""
    path, region = path_and_region
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(
            "select article % 20, count(*), sum(amount * (1 - discount)) from sales "
            "where region <> ? group by 1 order by 3 desc",
            (region,),
        ).fetchall()


def query_file_inputs() -> Iterator[tuple[str, int]]:
    """50 regions out of 50,000 sales."""
    path = sales_file()
    for region in range(50):
        yield path, region


def sales_file() -> str:
    path = scratch.folder() / "sales.sqlite"
    if not Path(path).exists():
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("create table sales (region integer, article integer, amount real, discount real)")
            connection.executemany(
                "insert into sales values (?, ?, ?, ?)",
                ((index % 50, index * 7 % 900, index * 1.37 % 90, index % 11 / 50) for index in range(50_000)),
            )
    return str(path)
