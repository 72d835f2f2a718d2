"""Lists of words are sorted by a child program, as by a command-line tool without a library."""

import os
import random
import subprocess

LISTS = 60
WORDS = 30_000


def sort_lines(seed: int) -> tuple[str, str, int]:
    """Return the first and the last word, and how many different ones there are."""
    chooser = random.Random(seed)
    text = "".join(f"{chooser.randrange(36**5):06d}\n" for _ in range(WORDS))
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(["sort", "-u"], input=text, capture_output=True, text=True, check=True, env=environment)
    lines = done.stdout.splitlines()
    return lines[0], lines[-1], len(lines)


def inputs() -> list[int]:
    return list(range(LISTS))
