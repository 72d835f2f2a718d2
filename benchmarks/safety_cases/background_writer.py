"""Rows are handed to a thread that writes them."""
import json
import queue
import threading

ROWS = queue.Queue()
PATH = "rows.jsonl"


def write():
    with open(PATH, "w") as out:
        while (row := ROWS.get()) is not None:
            out.write(json.dumps(row) + "\n")


WRITER = threading.Thread(target=write, daemon=True)
WRITER.start()


def measure(number):
    value = number
    for _ in range(8000):
        value = (value * 23 + 9) % 50_021
    ROWS.put({"number": number, "value": value})


def make_inputs():
    return range(600)


def written():
    ROWS.put(None)
    WRITER.join()
    with open(PATH) as source:
        return sorted(json.loads(line)["number"] for line in source)
