"""Hashes are put into a queue that the main program empties afterwards."""
import hashlib
import queue

DONE = queue.Queue()


def stretch(word):
    value = word.encode()
    for _ in range(1500):
        value = hashlib.sha256(value).digest()
    DONE.put((word, value.hex()))


def make_inputs():
    return [f"word{n}" for n in range(600)]


def finished():
    rows = []
    while not DONE.empty():
        rows.append(DONE.get())
    return sorted(rows)
