"""Reports are generated from a seed and compressed, mostly in zlib with the GIL released."""

import random
import zlib

REPORTS = 60
PHRASES = 2_000
REPEATS = 12


def compress(seed: int) -> bytes:
    chooser = random.Random(seed)
    readings = [(chooser.randrange(10_000), chooser.random()) for _ in range(PHRASES)]
    report = "\n".join(f"measurement {number} within {share:.4f} of target" for number, share in readings)
    return zlib.compress(report.encode() * REPEATS, level=9)


def inputs() -> list[int]:
    return list(range(REPORTS))
