"""Watch the memory while worker processes run: fewer of them before the host swaps or the kernel kills one."""

from __future__ import annotations

import time

from advisor.host.cores_and_memory import available_memory
from advisor.jobs.pools.processes import ProcessPool
from advisor.jobs.review import Verdict

LOOK_SECONDS = 0.5
RESERVE = 0.05  # of the memory that was available at first, to be left free at least


class MemoryWatch:
    """Looks at the memory from time to time."""

    def __init__(self, pool: ProcessPool) -> None:
        self._pool = pool
        self._looked = time.perf_counter()
        self._reserve = RESERVE * (available_memory() or 0)

    def look(self) -> Verdict | None:
        """Return a smaller number of workers if memory runs out."""
        now = time.perf_counter()
        if now - self._looked < LOOK_SECONDS or self._pool.workers == 1:
            return None
        self._looked = now
        available = available_memory()
        if available is None or available >= self._reserve:
            return None
        workers = max(1, self._pool.workers // 2)
        return Verdict(f"only {available / 2**20:,.0f} MiB of memory were left", workers=workers)
