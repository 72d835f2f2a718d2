"""Read rates: the connection is kept in a context variable, with the process that made it."""
import contextvars
import os
import sqlite3

if not os.path.exists("rates.db"):
    with sqlite3.connect("rates.db") as made:
        made.execute("CREATE TABLE rates (day INTEGER, code TEXT, rate REAL)")
        made.executemany("INSERT INTO rates VALUES (?, ?, ?)",
                         [(d, c, 1 + (d * len(c) * ord(c[0]) % 700) / 1000) for d in range(1500) for c in ("EUR", "USD", "CHF", "NOK")])
    made.close()

_CONNECTION = contextvars.ContextVar("connection", default=(None, None))


def connection():
    pid, conn = _CONNECTION.get()
    if pid != os.getpid():
        conn = sqlite3.connect("rates.db")
        _CONNECTION.set((os.getpid(), conn))
    return conn


def average(span):
    code, start = span
    row = connection().execute("SELECT count(*), avg(rate) FROM rates WHERE code = ? AND day BETWEEN ? AND ?", (code, start, start + 90))
    count, rate = row.fetchone()
    return count, round(rate, 6)


def make_inputs():
    return [(("EUR", "USD", "CHF", "NOK")[n % 4], n) for n in range(400)]
