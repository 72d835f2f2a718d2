"""Look up products: a property makes a connection for each process and thread that asks."""
import os
import sqlite3
import threading

if not os.path.exists("products.db"):
    with sqlite3.connect("products.db") as made:
        made.execute("CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price INTEGER)")
        made.executemany("INSERT INTO products VALUES (?, ?, ?)", [(n, f"product {n}", n * 17 % 901) for n in range(20000)])
    made.close()


class Library:
    def __init__(self, path):
        self.path = path
        self._connections = {}

    @property
    def connection(self):
        key = os.getpid(), threading.get_ident()
        if key not in self._connections:
            self._connections[key] = sqlite3.connect(self.path, check_same_thread=False)
        return self._connections[key]


LIBRARY = Library("products.db")


def dearest(number):
    query = "SELECT id, price FROM products WHERE id % 50 = ? ORDER BY price DESC, id LIMIT 3"
    return LIBRARY.connection.execute(query, (number % 50,)).fetchall()


def make_inputs():
    return list(range(400))
