"""A total in a file, guarded by flock on a lock file that each call opens."""
import fcntl
import os
import time

TOTAL = os.path.abspath("sum.txt")
if not os.path.exists(TOTAL):
    with open(TOTAL, "w") as out:
        out.write("0")


def survey(amount):
    time.sleep(0.002)  # asks somebody
    return amount * 2


def add(amount):
    amount = survey(amount)
    with open(TOTAL + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(TOTAL) as source:
            total = int(source.read())
        with open(TOTAL, "w") as target:
            target.write(str(total + amount))


def make_inputs():
    return range(1, 301)


def total():
    with open(TOTAL) as source:
        return source.read()
