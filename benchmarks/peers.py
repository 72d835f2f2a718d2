"""The choices of others: the rules that people follow today to choose between threads and processes.

    python -m benchmarks.peers NAME

prints the evidence that such rules use, taken in that process from the first calls of a workload.

Three are rules of thumb, which choose a plan before the job begins. The other two are packages, which run the whole job
themselves: smart-parallel has its own pools, and retries if something cannot be pickled; BetaPool adapts while it
works. A plan that imitates their choice would measure the costs of our pools under their names.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from profiles import Workload, find
from profiles.job import SEQUENTIAL, Contender, Package, Plan, prepare, run_module

FIRST_CALLS: Final = 3
"""The notebook times three calls sequentially before it runs them in threads."""
IO_BOUND: Final = 0.5
"""CPU share below which a call counts as I/O bound; the notebook names no figure."""


@dataclass(frozen=True)
class Evidence:
    """Facts that a rule of thumb decides by."""

    calls: int  # measured sequentially, including the very first one
    cpu: float  # seconds of this process, all threads, for all these calls
    wall: float  # seconds
    cores: int  # as the pools of the standard library count them


@dataclass(frozen=True)
class Peer:
    """A rule or package that others use."""

    name: str
    plan: Callable[[Evidence], Contender]
    package: str = ""  # by the name it is imported under

    @property
    def missing(self) -> bool:
        """Return True if it is a package that is not installed."""
        return bool(self.package) and importlib.util.find_spec(self.package) is None


def always_threads(evidence: Evidence) -> Plan:
    """Follow the defaults of ThreadPoolExecutor."""
    return Plan("threading", min(32, evidence.cores + 4))


def always_processes(evidence: Evidence) -> Plan:
    """Follow the defaults of ProcessPoolExecutor: a worker per core, a call per task."""
    return Plan("multiprocessing", evidence.cores)


def by_cpu_share(evidence: Evidence) -> Plan:
    """Choose threads for calls that wait and processes for calls that compute, as the notebook does."""
    io_bound = evidence.cpu < IO_BOUND * evidence.wall
    return always_threads(evidence) if io_bound else always_processes(evidence)


PEERS: Final = (
    Peer("always threads", always_threads),
    Peer("always processes", always_processes),
    Peer("cpu/wall (notebook)", by_cpu_share),
    Peer("smart-parallel", lambda _: Package("smart-parallel"), "smart_parallel"),
    Peer("BetaPool", lambda _: Package("betapool"), "betapool"),
)


def contenders(workload: Workload, *, timeout: float = 60.0) -> dict[str, Contender]:
    """Return the choice of each installed peer for the job, by its name.

    Raises JobError if the first calls fail or take too long.
    """
    evidence = gather(workload, timeout=timeout)
    return {peer.name: peer.plan(evidence) for peer in PEERS if not peer.missing}


def gather(workload: Workload, *, timeout: float = 60.0) -> Evidence:
    """Take the evidence in a fresh process; raise JobError if that fails or takes too long."""
    output = run_module(__name__, workload.name, timeout=timeout)
    return Evidence(**json.loads(output.splitlines()[-1]))


def watch(workload: Workload) -> Evidence:
    """Take the evidence in this process."""
    calls = min(FIRST_CALLS, workload.calls)
    run = prepare(dataclasses.replace(workload, calls=calls), SEQUENTIAL)
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    count = getattr(os, "process_cpu_count", os.cpu_count)  # as the pools count, from Python 3.13 on
    return Evidence(calls=calls, cpu=cpu, wall=wall, cores=count() or 1)


def main() -> None:
    (name,) = sys.argv[1:]
    print(json.dumps(dataclasses.asdict(watch(find(name)))))


if __name__ == "__main__":
    main()
