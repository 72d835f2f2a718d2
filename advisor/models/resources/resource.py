"""A kind of shared object or state, as a row of the tables in this package."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.models.touch import Safety

PROCESS_GUIDELINES = "https://docs.python.org/3/library/multiprocessing.html#programming-guidelines"
OPEN_PER_WORKER = (
    "Open one in each worker: in the pool's initializer for processes, in a threading.local for threads, or in the "
    "call itself"
)


@dataclass(frozen=True)
class Resource:
    """A kind of shared object or state: how safe it is, why, and what to do about it."""

    key: str
    kind: str
    what: str
    threads: Safety
    fork: Safety
    spawn: Safety
    in_threads: str  # the effect of concurrent calls; empty where it is safe
    in_forks: str
    in_spawned: str
    remedy: str
    source: str
    anew: str = "each worker imports the module itself and has its own {name}"  # where workers are not forked
    per_thread: int = 0  # largest number of threads that can each create an equivalent object; 0 if unknown
    writing: frozenset[str] = frozenset()  # methods that return nothing of use: the parent can call them for a worker
