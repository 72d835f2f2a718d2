import os
import sqlite3
import tempfile
import threading
import time

DB = os.path.join(tempfile.mkdtemp(prefix="geo-"), "geo.db")


def _build():
    connection = sqlite3.connect(DB)
    connection.execute("create table networks (low integer primary key, country text)")
    connection.executemany("insert into networks values (?, ?)", [(n * 64, f"C{n % 90:02d}") for n in range(4000)])
    connection.commit()
    connection.close()


_build()
_local = threading.local()


def _connection():
    if getattr(_local, "pid", None) != os.getpid():
        _local.connection = sqlite3.connect(f"file:{DB}?mode=ro", uri=True)
        _local.pid = os.getpid()
    return _local.connection


def locate(address):
    query = "select low, country from networks where low <= ? order by low desc limit 1"
    low, country = _connection().execute(query, (address,)).fetchone()
    time.sleep(0.003)
    return address, low, country


def make_inputs():
    return [n * 1571 % 256_000 for n in range(160)]
