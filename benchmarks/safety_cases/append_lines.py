"""A journal: every call opens it for appending and writes one short line."""
import os

JOURNAL = os.path.abspath("journal.txt")


def note(case):
    level = case
    for _ in range(8000):
        level = (level * 19 + 1) % 30_011
    descriptor = os.open(JOURNAL, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, f"case {case} level {level}\n".encode())
    finally:
        os.close(descriptor)
    return level


def make_inputs():
    return range(600)


def journal():
    with open(JOURNAL) as source:
        return sorted(source)
