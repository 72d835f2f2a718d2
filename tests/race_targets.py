"""Small targets of searches for races, as files that tests write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from advisor.interleaving.question import RaceQuestion
from advisor.interleaving.search import find_races
from advisor.models.race_report import RaceReport

COUNTER = """
total = 0

def work(n):
    global total
    seen = total
    seen = int(seen) + n
    total = seen
"""
LATE_RACE = """
class Box:
    def __init__(self):
        self.n = 0

shared = Box()

def work(n):
    box = Box()
    for number in range(ROUNDS):
        if number == ROUNDS - 1:
            box = shared
        seen = box.n
        seen = int(seen) + n
        box.n = seen
"""
LOCKED_COUNTER = """
import threading

total = 0
lock = threading.Lock()

def work(n):
    global total
    with lock:
        seen = total
        seen = int(seen) + n
        total = seen
"""


def search(folder: Path, code: str, inputs: list[Any] | None = None, **options: Any) -> RaceReport:
    """Search the calls of `work` in a file with this code; call 1 gets 1 and call 2 gets 2 unless said otherwise."""
    path = folder / "target.py"
    path.write_text(code)
    listed = folder / "inputs.jsonl"
    listed.write_text("\n".join(map(json.dumps, [1, 2] if inputs is None else inputs)))
    return find_races(RaceQuestion(f"{path}:work", str(listed), **{"seconds": 20.0, **options}))


class Till:
    """An object whose calls lose updates of its own attribute."""

    def __init__(self) -> None:
        self.total = 0

    def __call__(self, n: int) -> None:
        seen = self.total
        seen = int(seen) + n
        self.total = seen


def add(box: list[int], n: int) -> None:
    """Add to a box that a partial binds, with lost updates."""
    seen = box[0]
    seen = int(seen) + n
    box[0] = seen


def made_till() -> Callable[[int], None]:
    """Return a function that loses updates of a variable which it closes over."""
    total = 0

    def add_to_total(n: int) -> None:
        nonlocal total
        seen = total
        seen = int(seen) + n
        total = seen

    return add_to_total
