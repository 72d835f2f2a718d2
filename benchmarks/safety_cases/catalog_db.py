"""The catalogue: `catalog_db.DB` is made when it is first asked for."""
import sqlite3


def __getattr__(name):
    if name != "DB":
        raise AttributeError(name)
    made = sqlite3.connect(":memory:")
    made.execute("CREATE TABLE items (id INTEGER, family INTEGER, price INTEGER)")
    made.executemany("INSERT INTO items VALUES (?, ?, ?)", ((n, n % 40, n * 7919 % 1009) for n in range(6000)))
    globals()["DB"] = made
    return made
