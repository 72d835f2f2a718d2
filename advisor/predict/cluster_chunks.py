"""Choose how many calls a task of a cluster makes, and how many tasks are out at once."""

from __future__ import annotations

import math
from typing import NamedTuple

from advisor.models import Cluster
from advisor.predict.chunk_sizes import round_down

CHUNK_SECONDS = 0.1  # of calls that a task makes at least
CHUNK_TASKS = 20  # ... and at least this many times what sending it takes the client and the scheduler
MAX_BUSY = 0.5  # of the client's and scheduler's time, where larger chunks can save some of it
CHUNKS_PER_THREAD = 4  # fewer leave threads idle at the end
CHUNKS_AHEAD = 2  # for each thread: near the end, a chunk is at most its share of the calls that are left
LEAST_TASKS = 5  # a chunk near the end makes calls for at least this many times what sending it takes
CHUNK_BYTES = 8e6  # of arguments and results; Dask warns of tasks beyond 10 MB
MAX_THREADS_EACH = 256  # of a worker process that are used


class ClusterChunk(NamedTuple):
    """The calls that are sent together, and the tasks that keep all threads of a cluster busy."""

    calls: int
    window_each: int  # tasks out at once for each worker process, those that it runs included
    seconds: float  # of a chunk's calls in a worker
    least: (
        int  # calls of a task near the end, where smaller ones would leave fewer workers idle but take longer to send
    )

    def next_size(self, left: int, threads: int) -> int:
        """Return the calls of the next task: fewer near the end, so that all threads end at about the same time."""
        share = math.ceil(left / (CHUNKS_AHEAD * threads))
        return max(1, min(self.calls, left, max(self.least, share)))


def threads_of(cluster: Cluster) -> int:
    """Return the calls that a cluster makes at once."""
    return cluster.workers * min(cluster.threads_each, MAX_THREADS_EACH)


def cluster_chunk(
    cluster: Cluster,
    call_seconds: float,
    calls: int | None = None,
    *,
    call_bytes: float = 0.0,
    shared_bytes: float = 0.0,
    threads: int | None = None,
) -> ClusterChunk:
    """Return the calls of a task and the window for calls of this length.

    Args:
        cluster: The measured costs.
        call_seconds: Seconds of a call in a worker.
        calls: Calls of the job; None if unknown.
        call_bytes: Arguments and result of a call.
        shared_bytes: Sent with each task, however many calls it makes.
        threads: Threads of all workers together that take part; by default all.
    """
    threads = threads or threads_of(cluster)
    task = cluster.task_seconds + shared_bytes * cluster.byte_seconds
    worthwhile = max(CHUNK_SECONDS, CHUNK_TASKS * task, threads * task / MAX_BUSY, cluster.round_trip)
    limits = [worthwhile / max(call_seconds, 1e-9), CHUNK_BYTES / max(call_bytes, 1e-9)]
    if calls is not None:
        in_time = threads * task / (MAX_BUSY * max(call_seconds, 1e-9))  # smaller ones could not be sent fast enough
        limits.append(max(calls / (CHUNKS_PER_THREAD * threads), min(in_time, calls / threads)))
    chunk = round_down(min(limits))
    seconds = chunk * call_seconds
    least = max(1, math.ceil(max(threads, LEAST_TASKS) * task / max(call_seconds, 1e-9)))
    return ClusterChunk(chunk, window_each(cluster, seconds), seconds, min(chunk, least))


def window_each(cluster: Cluster, chunk_seconds: float) -> int:
    """Return how many tasks a worker process needs at once: those that it runs, and those on their way meanwhile."""
    threads = min(cluster.threads_each, MAX_THREADS_EACH)
    on_their_way = threads * cluster.round_trip / max(chunk_seconds, 1e-3)
    return threads + max(1, math.ceil(min(on_their_way, 10.0 * threads)))
