import csv
import os

FOLDER = "settlements"
os.makedirs(FOLDER, exist_ok=True)


class Journal:
    path = os.path.join(FOLDER, "journal.csv")
    stream = open(path, "w", newline="")
    writer = csv.writer(stream)

    @classmethod
    def open_batch(cls, batch):
        cls.writer.writerow(["BATCH", batch, ""])

    @classmethod
    def line(cls, party, cents):
        cls.writer.writerow(["LINE", party, cents])

    @classmethod
    def close_batch(cls, total):
        cls.writer.writerow(["TOTAL", "", total])


def blocks():
    Journal.stream.flush()
    found, block = [], []
    with open(Journal.path, newline="") as source:
        for row in csv.reader(source):
            block.append(tuple(row))
            if row[0] == "TOTAL":
                found.append(tuple(block))
                block = []
    return sorted(found), block
