"""A visit counter kept in a text file."""

from pathlib import Path

COUNTER = Path("visits.txt")


def read_count() -> int:
    return int(COUNTER.read_text()) if COUNTER.exists() else 0


def work(page: str) -> str:
    count = read_count() + 1
    COUNTER.write_text(f"{count}\n")
    return f"{page}: visitor number {count}"
