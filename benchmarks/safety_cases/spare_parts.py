"""Parts list of every machine, from the workshop's SQLite file."""
import os
import sqlite3
import tempfile


def _workshop():
    path = os.path.join(tempfile.mkdtemp(prefix="parts-"), "workshop.db")
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE part (machine INTEGER, name TEXT, price REAL, stock INTEGER)")
        base.executemany("INSERT INTO part VALUES (?, ?, ?, ?)",
                         ((n % 120, f"part-{n * 7 % 30000:05}", (n * 37 % 900) / 10, n % 13) for n in range(120000)))
    return path


class Workshop:
    cursor = sqlite3.connect(_workshop(), check_same_thread=False).cursor()

    @classmethod
    def parts(cls, machine):
        cls.cursor.execute("SELECT name, price, stock FROM part WHERE machine = ? ORDER BY name", (machine,))
        total, missing = 0.0, []
        for name, price, stock in cls.cursor:
            total += price * stock
            if not stock:
                missing.append(name)
        return machine, round(total, 2), missing


def machines():
    return list(range(120))
