"""A total in a file, guarded by flock on a lock file that is opened once."""
import fcntl
import os
import time

TOTAL = "total.txt"
LOCK_FILE = open("total.lock", "w")
if not os.path.exists(TOTAL):
    with open(TOTAL, "w") as out:
        out.write("0")


def add(amount):
    fcntl.flock(LOCK_FILE, fcntl.LOCK_EX)
    try:
        with open(TOTAL) as source:
            total = int(source.read() or 0)
        time.sleep(0.001)
        with open(TOTAL, "w") as target:
            target.write(str(total + amount))
    finally:
        fcntl.flock(LOCK_FILE, fcntl.LOCK_UN)


def make_inputs():
    return range(1, 301)


def total():
    with open(TOTAL) as source:
        return source.read()
