"""What others would do: the rules that people follow today to choose between threads and processes.

    python -m benchmarks.peers NAME

prints the evidence that such rules look at, taken in that process from the first calls of a workload.

Three are rules of thumb, each of them a plan that is settled before the job begins. The other two are packages, and
the real ones do the whole job: smart-parallel has an own way from its ten trial calls to the last result (two kinds of
pool, and another try when something can't be pickled), and BetaPool goes on deciding while it works. A plan made of
their choice would be our pools, with our costs, under their names.
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
"""The seed notebook times three calls, one after the other, before it shows what threads make of them."""
WAITS: Final = 0.5
"""Share of a CPU below which the notebook's "waits or computes?" is answered with "waits"; it names no figure."""


@dataclass(frozen=True)
class Evidence:
    """What a rule of thumb looks at."""

    calls: int  # measured, one after the other, the very first one among them
    cpu: float  # seconds of this process, all threads, for all these calls
    wall: float  # seconds
    cores: int  # as the pools of the standard library count them


@dataclass(frozen=True)
class Peer:
    """A rule that others follow."""

    name: str
    plan: Callable[[Evidence], Contender]
    package: str = ""  # by the name it is imported under

    @property
    def missing(self) -> bool:
        """Whether it is a package that is not installed."""
        return bool(self.package) and importlib.util.find_spec(self.package) is None


def always_threads(evidence: Evidence) -> Plan:
    """What ThreadPoolExecutor does unless told otherwise."""
    return Plan("threading", min(32, evidence.cores + 4))


def always_processes(evidence: Evidence) -> Plan:
    """What ProcessPoolExecutor does unless told otherwise: a worker a core, a call a task."""
    return Plan("multiprocessing", evidence.cores)


def by_cpu_share(evidence: Evidence) -> Plan:
    """The seed notebook's question: threads for what waits, processes for what computes."""
    waits = evidence.cpu < WAITS * evidence.wall
    return always_threads(evidence) if waits else always_processes(evidence)


PEERS: Final = (
    Peer("always threads", always_threads),
    Peer("always processes", always_processes),
    Peer("cpu/wall (notebook)", by_cpu_share),
    Peer("smart-parallel", lambda _: Package("smart-parallel"), "smart_parallel"),
    Peer("BetaPool", lambda _: Package("betapool"), "betapool"),
)


def contenders(workload: Workload, *, timeout: float = 60.0) -> dict[str, Contender]:
    """What each peer that is installed would do with the workload's job, by its name.

    Raises JobError when the first calls fail or take too long.
    """
    evidence = gather(workload, timeout=timeout)
    return {peer.name: peer.plan(evidence) for peer in PEERS if not peer.missing}


def gather(workload: Workload, *, timeout: float = 60.0) -> Evidence:
    """The evidence, taken in a fresh process; raises JobError when that fails or takes too long."""
    output = run_module(__name__, workload.name, timeout=timeout)
    return Evidence(**json.loads(output.splitlines()[-1]))


def watch(workload: Workload) -> Evidence:
    """The evidence, taken in this process."""
    calls = min(FIRST_CALLS, workload.calls)
    run = prepare(dataclasses.replace(workload, calls=calls), SEQUENTIAL)
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    count = getattr(os, "process_cpu_count", os.cpu_count)  # the pools', from Python 3.13 on
    return Evidence(calls=calls, cpu=cpu, wall=wall, cores=count() or 1)


def main() -> None:
    (name,) = sys.argv[1:]
    print(json.dumps(dataclasses.asdict(watch(find(name)))))


if __name__ == "__main__":
    main()
