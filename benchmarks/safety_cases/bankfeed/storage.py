import contextlib
import csv
import os
import tempfile


@contextlib.contextmanager
def spooled(rows):
    """A statement as a file of its own, gone afterwards."""
    number, path = tempfile.mkstemp(suffix=".csv")
    try:
        with os.fdopen(number, "w", newline="") as f:
            writer = csv.writer(f)
            writer.writerow(["date", "text", "cents"])
            writer.writerows(rows)
        yield path
    finally:
        os.unlink(path)
