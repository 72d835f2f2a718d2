"""Exports with the access rights their reader needs, given when the file is made."""
import os
import stat
import time

FOLDER = os.path.abspath("exports")
os.makedirs(FOLDER, exist_ok=True)


def export(number):
    time.sleep(0.001)  # query
    path = os.path.join(FOLDER, f"{number}.txt")
    umask_free = 0o600 if number % 2 else 0o640
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, umask_free)
    with os.fdopen(descriptor, "w") as out:
        out.write(f"export {number}\n")
    os.chmod(path, umask_free)
    return number, oct(stat.S_IMODE(os.stat(path).st_mode))


def make_inputs():
    return range(400)
