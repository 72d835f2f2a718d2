"""A visit counter kept in a text file."""

import threading
from pathlib import Path

COUNTER = Path("visits.txt")
counter_lock = threading.Lock()


def read_count() -> int:
    return int(COUNTER.read_text()) if COUNTER.exists() else 0


def work(page: str) -> str:
    with counter_lock:
        count = read_count() + 1
        COUNTER.write_text(f"{count}\n")
    return f"{page}: visitor number {count}"
