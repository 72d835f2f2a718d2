"""Watch the workers of a cluster come and go, for the report and the progress of a run."""

from __future__ import annotations

import time

from advisor.jobs.pools.cluster import ClusterPool
from advisor.jobs.review import Verdict
from advisor.jobs.tally import Tally

LOOK_SECONDS = 1.0


class ClusterWatch:
    """Notes how many threads of a cluster are in use, and if the run waits for some."""

    def __init__(self, pool: ClusterPool, tally: Tally) -> None:
        self._pool = pool
        self._tally = tally
        self._workers = pool.workers
        self._looked = time.perf_counter()

    def look(self) -> Verdict | None:
        """Begin a new stage in the report if workers have come or gone."""
        self._tally.waits_for = self._pool.waits_for
        now = time.perf_counter()
        workers = self._pool.workers
        if workers == self._workers or self._pool.waits_for or now - self._looked < LOOK_SECONDS:
            return None
        why = "workers have joined the cluster" if workers > self._workers else "workers have left the cluster"
        self._tally.begin_stage("cluster", workers, why)
        self._workers, self._looked = workers, now
        return None
