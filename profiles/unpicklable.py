"""Calls that no process pool can have: an argument or a result can't be pickled. Threads take them as they are."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from profiles import server

if TYPE_CHECKING:
    from lxml.etree import _Element


def apply_rule(rule: Callable[[int], int]) -> int:
    """Apply a rule to 40,000 numbers. A rule made on the spot can't be pickled, so no process pool can have it."""
    return sum(rule(number) for number in range(40_000))


def apply_rule_inputs() -> Iterator[Callable[[int], int]]:
    """20 rules, each a closure."""
    for index in range(20):
        yield make_rule(index + 3)


def make_rule(divisor: int) -> Callable[[int], int]:
    def rule(number: int) -> int:
        return number % divisor

    return rule


class Ledger:
    """A shop's sales in an SQLite database in memory: the open connection is the database."""

    def __init__(self, shop: int) -> None:
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self.connection.close)
        self.connection.execute("create table sales (customer integer, article integer, amount real)")
        self.connection.executemany(
            "insert into sales values (?, ?, ?)",
            ((index * 31 % 700, (index + shop) * 7 % 900, index * 1.37 % 90) for index in range(15_000)),
        )


def rank_customers(ledger: Ledger) -> list[tuple[int, int, float]]:
    """A shop's best customers. SQLite computes with the GIL released, so threads share the work."""
    return ledger.connection.execute(
        "select customer, count(distinct article), sum(amount) from sales group by customer order by 3 desc limit 20"
    ).fetchall()


def rank_customers_inputs() -> Iterator[Ledger]:
    """8 shops, each with a database of its own."""
    for shop in range(8):
        yield Ledger(shop)


def parse_page(document: bytes) -> _Element:
    """A page as lxml's tree, which can't be pickled: made with the GIL released, and dropped by whoever takes it."""
    from lxml import etree

    return etree.HTML(document, etree.HTMLParser())  # a parser of our own: lxml's has a lock


def parse_page_inputs() -> Iterator[bytes]:
    """20 pages with some 2,000 rows, 250 kB each."""
    for index in range(20):
        yield server.page(2_000 + index)
