"""Exports for customers (readable by the group) and for the auditors (private)."""
import os
import stat
import time

FOLDER = os.path.abspath("exports")
os.makedirs(FOLDER, exist_ok=True)


def export(number):
    before = os.umask(0o077 if number % 2 else 0o027)
    try:
        time.sleep(0.001)  # query
        path = os.path.join(FOLDER, f"{number}.txt")
        if os.path.exists(path):
            os.remove(path)
        with open(path, "w") as out:
            out.write(f"export {number}\n")
    finally:
        os.umask(before)
    return number, oct(stat.S_IMODE(os.stat(path).st_mode))


def make_inputs():
    return range(400)
