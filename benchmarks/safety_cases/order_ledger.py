"""Price each order and book it in the ledger."""
import sqlite3

DB = sqlite3.connect(":memory:")
DB.execute("create table ledger (order_id integer, cents integer)")


def book(order_id):
    cents = order_id * 37 % 9973
    for _ in range(9000):  # the discount rules
        cents = (cents * 31 + 7) % 999_983
    with DB:
        DB.execute("insert into ledger values (?, ?)", (order_id, cents))
    return cents


def make_inputs():
    return range(1000, 1600)


def booked():
    return DB.execute("select count(*), sum(cents) from ledger").fetchone()
