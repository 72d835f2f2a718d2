"""Work that a child program does: it needs cores, yet no GIL of ours."""

from __future__ import annotations

import functools
import os
import random
import subprocess
import sys
from collections.abc import Iterator

from profiles import scratch


def sort_lines(path: str) -> int:
    """Sort a file's lines with the system's `sort`, and return the size of the result."""
    done = subprocess.run(
        ["sort", "--parallel=1", path], check=True, capture_output=True, env=os.environ | {"LC_ALL": "C"}
    )
    return len(done.stdout)


def sort_lines_inputs() -> Iterator[str]:
    """5 files of 50,000 lines, four times over."""
    for index in range(20):
        yield scratch.file(f"sort-{index % 5}.txt", functools.partial(number_text, 50_000, index % 5))


def number_text(lines: int, seed: int) -> str:
    draw = random.Random(seed)
    return "".join(f"{draw.random():.12f}\n" for _ in range(lines))


def run_script(script: str) -> int:
    """Run a Python script in an interpreter of its own, and return what it printed."""
    return int(subprocess.run([sys.executable, "-I", "-c", script], check=True, capture_output=True).stdout)


def run_script_inputs() -> Iterator[str]:
    """50 scripts that compute for a while."""
    for index in range(50):
        yield f"print(sum(number * number % {index + 7} for number in range(200_000)))"


def add_up_column(path: str) -> float:
    """The sum of a small file's numbers, by `awk`: starting the program takes longer than its work."""
    done = subprocess.run(
        ["awk", '{ total += $1 } END { printf "%.6f", total }', path], check=True, capture_output=True
    )
    return float(done.stdout)


def add_up_column_inputs() -> Iterator[str]:
    """5 files of 2,000 lines, four times over."""
    for index in range(20):
        yield scratch.file(f"column-{index % 5}.txt", functools.partial(number_text, 2_000, index % 5))
