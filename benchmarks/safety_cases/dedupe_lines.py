"""Keep the first of equal records; the check against the register takes a moment."""
import time

SEEN = set()


def confirmed(key):
    time.sleep(0.001)
    return True


def keep(record):
    key = record["mail"].lower()
    if key in SEEN or not confirmed(key):
        return None
    SEEN.add(key)
    return record["id"]


def make_inputs():
    return [{"id": n, "mail": f"Person{n // 4}@example.org"} for n in range(500)]
