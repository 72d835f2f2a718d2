"""Find the places around a postcode; one cursor is kept, since opening them is slow, they say."""
import os
import sqlite3

PATH = "places.db"


class Gazetteer:
    def __init__(self, path):
        fresh = not os.path.exists(path)
        self.connection = sqlite3.connect(path, check_same_thread=False)
        self.cursor = self.connection.cursor()
        if fresh:
            self.cursor.execute("create table place (code integer, name text)")
            self.cursor.executemany("insert into place values (?, ?)", ((n % 900, f"place {n}") for n in range(18_000)))
            self.connection.commit()


GAZETTEER = Gazetteer(PATH)


def places(code):
    GAZETTEER.cursor.execute("select name from place where code = ? order by name", (code,))
    names = []
    while (row := GAZETTEER.cursor.fetchone()) is not None:
        names.append(row[0])
    return names


def make_inputs():
    return [n * 7 % 900 for n in range(600)]
