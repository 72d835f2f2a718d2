"""Book the orders of the day against the stock in SQLite, each in a transaction of its own."""

import csv
import sqlite3
import sys
from pathlib import Path

SCHEMA = """
    CREATE TABLE stock (article INTEGER PRIMARY KEY, pieces INTEGER NOT NULL);
    CREATE TABLE booked (number INTEGER PRIMARY KEY, article INTEGER, pieces INTEGER, remaining INTEGER);
    CREATE TABLE refused (number INTEGER PRIMARY KEY, article INTEGER, missing INTEGER);
"""


def book(database, number, article, pieces):
    with database:
        (available,) = database.execute("SELECT pieces FROM stock WHERE article = ?", (article,)).fetchone()
        if available < pieces:
            database.execute("INSERT INTO refused VALUES (?, ?, ?)", (number, article, pieces - available))
            return False
        database.execute("UPDATE stock SET pieces = pieces - ? WHERE article = ?", (pieces, article))
        database.execute("INSERT INTO booked VALUES (?, ?, ?, ?)", (number, article, pieces, available - pieces))
        database.execute(
            "UPDATE stock SET pieces = pieces + 40 WHERE article = ? AND pieces < 5 AND "
            "(SELECT count(*) FROM booked WHERE article = ?) % 3 = 0",
            (article, article),
        )
    return True


def main():
    source, target = sys.argv[1], Path(sys.argv[2])
    database = sqlite3.connect(target / "stock.db")
    database.executescript(SCHEMA)
    with database:
        database.executemany("INSERT INTO stock VALUES (?, 100)", [(article,) for article in range(200)])

    booked = 0
    with open(source, newline="") as stream:
        for row in csv.DictReader(stream):
            if book(database, int(row["number"]), int(row["article"]), int(row["pieces"])):
                booked += 1

    print(f"{booked} orders booked")
    for row in database.execute("SELECT article, pieces FROM stock ORDER BY pieces, article LIMIT 10"):
        print(*row)
    for row in database.execute("SELECT article, sum(missing) AS m FROM refused GROUP BY article ORDER BY m DESC, article LIMIT 5"):
        print(*row)
    database.close()
    (target / "stock.db").unlink()


if __name__ == "__main__":
    main()
