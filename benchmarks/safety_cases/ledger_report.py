"""Turnover per customer; each call opens the database for itself."""
import contextlib
import os
import sqlite3

PATH = "turnover.db"


def build(path):
    with contextlib.closing(sqlite3.connect(path)) as link, link:
        link.execute("create table sale (customer integer, cents integer)")
        link.executemany("insert into sale values (?, ?)", ((n % 97, n * 7 % 997) for n in range(12_000)))


if not os.path.exists(PATH):
    build(PATH)


def turnover(customer):
    with contextlib.closing(sqlite3.connect(f"file:{PATH}?mode=ro", uri=True)) as link:
        cursor = link.cursor()
        cursor.execute("select sum(cents), count(*) from sale where customer = ?", (customer,))
        return cursor.fetchone()


def make_inputs():
    return [n % 97 for n in range(600)]
