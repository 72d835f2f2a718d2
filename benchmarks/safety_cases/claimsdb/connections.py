import os
import sqlite3
import tempfile
import threading

PATH = os.path.join(tempfile.mkdtemp(prefix="claimsdb-"), "claims.db")
_local = threading.local()


def create():
    if os.path.exists(PATH):
        return
    with sqlite3.connect(PATH) as connection:
        connection.execute("CREATE TABLE claims (id INTEGER PRIMARY KEY, region INT, cents INT)")
        connection.executemany("INSERT INTO claims VALUES (?, ?, ?)", ((i, i % 30, i * 7919 % 100003) for i in range(30000)))
    connection.close()


def connection():
    """The connection of this thread of this process."""
    if getattr(_local, "owner", None) != os.getpid():
        _local.connection = sqlite3.connect(f"file:{PATH}?mode=ro", uri=True)
        _local.owner = os.getpid()
    return _local.connection


create()
