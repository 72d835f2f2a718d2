"""Add up bytes in a file that everybody shares; a lock file made with O_EXCL lets one in at a time."""
import os
import time

LOCK, TOTAL = os.path.abspath("total.lock"), os.path.abspath("total.txt")
if not os.path.exists(TOTAL):
    with open(TOTAL, "w") as made:
        made.write("0")


def add(text):
    weight = sum(ord(c) * i % 91 for i, c in enumerate(text))
    while True:
        try:
            os.close(os.open(LOCK, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            time.sleep(0.0003)
    try:
        with open(TOTAL) as source:
            before = int(source.read())
        with open(TOTAL, "w") as out:
            out.write(str(before + weight))
    finally:
        os.unlink(LOCK)
    return weight


def make_inputs():
    return [f"line {n} of the log " * 120 for n in range(300)]


def total():
    with open(TOTAL) as source:
        return int(source.read())
