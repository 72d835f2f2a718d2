"""Stock levels; every thread has a connection of its own."""
import os
import sqlite3
import threading

PATH = "stock.db"
if not os.path.exists(PATH):
    setup = sqlite3.connect(PATH)
    setup.execute("create table stock (article integer, amount integer)")
    setup.executemany("insert into stock values (?, ?)", ((n % 300, n % 11) for n in range(15_000)))
    setup.commit()
    setup.close()
LOCAL = threading.local()


def connection():
    if getattr(LOCAL, "owner", None) != os.getpid():
        LOCAL.link, LOCAL.owner = sqlite3.connect(PATH), os.getpid()
    return LOCAL.link


def level(article):
    rows = connection().execute("select amount from stock where article = ?", (article,)).fetchall()
    return sum(amount for (amount,) in rows)


def make_inputs():
    return [n * 13 % 300 for n in range(900)]
