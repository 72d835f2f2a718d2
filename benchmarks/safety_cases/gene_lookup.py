"""Overlaps of reads with genes, from an annotation database."""
import os
import sqlite3
import tempfile
import threading


def _annotation():
    path = os.path.join(tempfile.mkdtemp(prefix="genes-"), "annotation.db")
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE gene (name TEXT, first INTEGER, last INTEGER)")
        base.executemany("INSERT INTO gene VALUES (?, ?, ?)",
                         ((f"g{n:05}", n * 97 % 100000, n * 97 % 100000 + 400 + n % 300) for n in range(60000)))
    return path


ANNOTATION = _annotation()
_own = threading.local()


def _base():
    if getattr(_own, "pid", None) != os.getpid():
        _own.pid = os.getpid()
        _own.base = sqlite3.connect(f"file:{ANNOTATION}?mode=ro", uri=True)
    return _own.base


def overlaps(read):
    first, last = read
    rows = _base().execute("SELECT count(*), min(name), max(name), sum(min(last, ?) - max(first, ?)) FROM gene "
                           "WHERE first <= ? AND last >= ?", (last, first, last, first)).fetchall()
    return rows[0]


def reads():
    return [(n * 811 % 99000, n * 811 % 99000 + 150 + n) for n in range(150)]
