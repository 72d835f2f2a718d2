"""Databases: over a network, and in a file beside the program, in plain SQL and as objects, to read and to write."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from profiles import loopback, scratch
from profiles.web import get


def query_remote(url: str) -> float:
    """Ask a database on another host for a customer's orders."""
    return float(sum(amount for _, _, amount in json.loads(get(url))))


def query_remote_inputs() -> Iterator[str]:
    """200 customers; the network and the queue at the server take 8 to 13 ms."""
    for index in range(200):
        yield loopback.url(f"/orders?customer={index}&ms={8 + index % 6}")


def query_file(path_and_region: tuple[str, int]) -> list[tuple[int, int, float]]:
    """Add up a region's sales in an SQLite file: SQLite computes with the GIL released."""
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


@functools.cache
def sale_model() -> tuple[Any, Any]:
    """A session's maker and the class of a sale: made when first asked for, as SQLAlchemy may be missing."""
    from sqlalchemy import Float, Integer
    from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

    class Base(DeclarativeBase):
        pass

    class Sale(Base):
        __tablename__ = "sales"
        rowid = mapped_column(Integer, primary_key=True)
        region = mapped_column(Integer)
        article = mapped_column(Integer)
        amount = mapped_column(Float)
        discount = mapped_column(Float)

    return Session, Sale


@functools.cache
def engine(path: str) -> Any:
    """This process's way to the file, without a pool: opening a file is cheap."""
    from sqlalchemy import NullPool, create_engine

    return create_engine(f"sqlite:///{path}", poolclass=NullPool)


def list_sales(path_and_rows: tuple[str, int]) -> float:
    """Load 400 sales from an SQLite file as objects of SQLAlchemy's, and add up what they brought."""
    from sqlalchemy import select

    path, first = path_and_rows
    session, sale = sale_model()
    with session(engine(path)) as opened:
        sales = opened.scalars(select(sale).where(sale.rowid.between(first, first + 399)).order_by(sale.article))
        total: float = sum(found.amount * (1 - found.discount) for found in sales)
        return round(total, 2)


def list_sales_inputs() -> Iterator[tuple[str, int]]:
    """100 ranges of rows out of 50,000 sales."""
    path = sales_file()
    for index in range(100):
        yield path, 1 + index * 450


def import_sales(path_and_batch: tuple[str, int]) -> int:
    """Write 500 sales into an SQLite file in one transaction: a file has one writer at a time."""
    path, batch = path_and_batch
    rows = [(batch, line, line * 7 % 900, (batch + line) * 1.37 % 90) for line in range(500)]
    with closing(sqlite3.connect(path, timeout=60, isolation_level="IMMEDIATE")) as connection, connection:
        return connection.executemany("insert or replace into imported values (?, ?, ?, ?)", rows).rowcount


def import_sales_inputs() -> Iterator[tuple[str, int]]:
    """100 batches."""
    path = str(scratch.folder() / "imported.sqlite")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "create table if not exists imported "
            "(batch integer, line integer, article integer, amount real, primary key (batch, line))"
        )
    for batch in range(100):
        yield path, batch


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
