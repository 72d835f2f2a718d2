"""Customers with their turnover, as sqlite rows."""
import os
import sqlite3

PATH = "customers.db"
if not os.path.exists(PATH):
    setup = sqlite3.connect(PATH)
    setup.execute("create table sale (customer integer, cents integer)")
    setup.executemany("insert into sale values (?, ?)", ((n % 150, n * 7 % 997) for n in range(12_000)))
    setup.commit()
    setup.close()


def turnover(customer):
    link = sqlite3.connect(PATH)
    link.row_factory = sqlite3.Row
    try:
        sql = "select customer, sum(cents) as total, count(*) as sales from sale where customer = ?"
        return link.execute(sql, (customer,)).fetchone()
    finally:
        link.close()


def make_inputs():
    return [n % 150 for n in range(600)]
