"""Label the records of a pickle stream; each call takes the next record."""
import os
import pickle

PATH = "records.pickle"
if not os.path.exists(PATH):
    with open(PATH, "wb") as out:
        for n in range(600):
            pickle.dump({"record": n, "data": list(range(n % 40 + 200))}, out)
STREAM = open(PATH, "rb")


def label(name):
    record = pickle.load(STREAM)
    total = 0
    for _ in range(20):
        total += sum(k * k % 7 for k in record["data"])
    return name, record["record"], total


def make_inputs():
    return [f"label-{n}" for n in range(500)]
