"""Measure one workload in a fresh process, and print what came out as JSON.

    python -m benchmarks.cluster_trials profile WORKLOAD
    python -m benchmarks.cluster_trials costs WORKLOAD --cluster ENGINE ADDRESS [--cores N]
    python -m benchmarks.cluster_trials run WORKLOAD loop|map|cluster --calls N [--cluster ENGINE ADDRESS] [--cores N]

- profile: measures the function in this process, as `advisor.profile` does.
- costs: measures a cluster, and what it takes a worker to import the function's module.
- run: does the job in a plain loop, with `advisor.map` as it likes, or on the cluster. The clock starts when the inputs
  are ready, the packages are imported and the cluster is connected, and stops when the last result has arrived.

`--cores` limits this process, and the pools that it starts, to so many cores.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from advisor.clusters.measure import measured_cluster
from advisor.models.cluster import EngineName
from benchmarks.cluster_cases import WORKLOADS, Workload
from profiles.packages import import_advisor


def workload_named(name: str) -> Workload:
    """Return a workload; raise LookupError if there is none."""
    for workload in WORKLOADS:
        if workload.name == name:
            return workload
    raise LookupError(f"no such workload: {name}")


def limit_cores(cores: int | None) -> None:
    """Let this process use so many cores only."""
    if cores is not None:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


@contextlib.contextmanager
def connection(engine: EngineName, address: str, module: str) -> Iterator[Any]:
    """Connect to a cluster, and yield what `advisor.map(cluster=…)` takes.

    Dask's workers import the module; those of Ray start with each job.
    """
    if engine == "dask":
        from distributed import Client

        with Client(address) as client:
            client.run(import_quietly, module)
            yield client
    else:
        import ray

        ray.init(address=address, logging_level="ERROR", log_to_driver=False)
        try:
            yield "ray"
        finally:
            ray.shutdown()


def import_quietly(module: str) -> None:
    """Import a module and return nothing, since modules do not travel."""
    importlib.import_module(module)


def job(workload: Workload, way: str, calls: int, cluster: Any) -> Callable[[], Iterable[Any]]:
    """Return a function that makes the calls and returns their results, with all that it needs imported."""
    advisor = import_advisor()
    function, make_inputs = workload.load()
    inputs = list(itertools.islice(itertools.cycle(make_inputs()), calls))
    if way == "loop":
        return lambda: (function(*each) if workload.star else function(each) for each in inputs)
    if way == "map":
        return lambda: advisor.map(function, inputs, star=workload.star)
    return lambda: advisor.map(function, inputs, star=workload.star, strategy="cluster", cluster=cluster)


def run(workload: Workload, way: str, calls: int, cluster: Any) -> float:
    """Return the seconds of a job."""
    begin = job(workload, way, calls, cluster)
    began = time.perf_counter()
    results = sum(1 for _ in begin())
    seconds = time.perf_counter() - began
    if results != calls:
        raise RuntimeError(f"{results} results of {calls} calls")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("profile", "costs", "run"))
    parser.add_argument("workload", type=workload_named)
    parser.add_argument("way", choices=("loop", "map", "cluster"), nargs="?", default="cluster")
    parser.add_argument("--calls", type=int, default=1)
    parser.add_argument("--cluster", nargs=2, metavar=("ENGINE", "ADDRESS"))
    parser.add_argument("--cores", type=int)
    given = parser.parse_args()
    limit_cores(given.cores)
    if given.command == "profile":
        advisor = import_advisor()
        function, make_inputs = given.workload.load()
        print(advisor.profile(function, make_inputs(), star=given.workload.star).model_dump_json())
        return
    module = given.workload.load()[0].__module__
    with connection(*given.cluster, module) if given.cluster else contextlib.nullcontext() as cluster:
        if given.command == "costs":
            print(measured_cluster(cluster, module=module).model_dump_json())
        else:
            print(json.dumps(run(given.workload, given.way, given.calls, cluster)))


if __name__ == "__main__":
    main()
