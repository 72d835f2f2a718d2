"""Small targets of searches for races, as files that tests write."""

from __future__ import annotations

import json
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
