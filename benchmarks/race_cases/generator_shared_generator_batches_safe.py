"""Hand out rows in contiguous batches."""

import threading
from itertools import islice

ROWS = ["r0", "r1", "r2", "r3", "r4", "r5"]

source = iter(ROWS)
source_lock = threading.Lock()


def work(size: int) -> list[str]:
    with source_lock:
        return list(islice(source, size))
