"""Compare what is predicted for clusters with what jobs take on real ones, and disturb such jobs.

    python -m benchmarks.clusters [PART …] [--only WORKLOAD …] [--engines dask ray] [--rounds 3] [--quick] [--again]
    python -m benchmarks.clusters --report

- networks: the round trip and the rate that the networks of this benchmark really give, and what their relay costs.
- predictions: each workload of `benchmarks/cluster_cases` is profiled on this host, and the seconds of its job on each
  cluster of `SETUPS` are predicted from the measured costs of the cluster. Then the job is done there, by `advisor.map`
  as it likes without the cluster, and in a plain loop, in turn. The cluster pays if it is faster than both. The advice
  for a host with that cluster should say the same, unless it is within 15 % of break-even.
- layouts: the job is done on Dask clusters of all splits of this host's cores into processes and threads; where calls
  mostly wait, also of all splits of four times as many threads. The layout that is advised for such a host should be
  within 10 % of the best.
- faults: a worker is killed, the scheduler is killed and all is started again, the network loses all packets for 5 s, a
  call kills its worker. A job that ends is continued from its checkpoint. Counted is what is missing, wrong or computed
  again. Process starts are part of the seconds.

All clusters run on this host: `dask scheduler` and `dask worker`, or `ray start --head`, as processes of their own.
Those that are away run in a network namespace, as on another host of as many cores; the client then has one core. Their
network adds half of the delay each way and has 100 Mbit/s. Every run is in a fresh process. Imports, process starts and
the caller's connection are outside of the measured seconds, and Dask's workers have imported the function's module;
those of Ray start with the job. A job that would take more than 10 s is done with fewer calls. Dask clusters are
stopped (SIGSTOP) while others are measured.

Runs are repeated up to `--rounds` times while they are close to what they are compared with. Results are written to
docs/clusters.json as they come: after an interruption the same command continues. `--quick` takes every second workload
and two clusters, measures each once, and writes nothing. Takes 25 minutes on two cores, 8 with `--quick`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import os
import platform
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from advisor.host.cores_and_memory import usable_cores
from advisor.models.cluster import EngineName
from benchmarks import cluster_faults, cluster_layouts, cluster_predictions, networks
from benchmarks.cluster_cases import WORKLOADS, Workload
from benchmarks.cluster_predictions import SETUPS, Setup
from benchmarks.cluster_records import Comparison, Disturbed, LayoutTrial, Results, load_results, save_results
from benchmarks.cluster_report import comparison_line, document, fault_line, layout_line
from benchmarks.local_clusters import PACKAGES, ClusterStartError, LocalCluster, is_installed
from benchmarks.networks import NoNetworkError
from profiles.job import JobError

ENGINES: Final[tuple[EngineName, ...]] = ("dask", "ray")
QUICK_SETUPS: Final = 2  # the first ones
QUICK_LAYOUTS: Final = 6  # workloads


@dataclass
class Session:
    """The options of a run of the benchmark, and its results so far."""

    workloads: Sequence[Workload]
    engines: Sequence[EngineName]
    rounds: int
    quick: bool
    again: bool
    results: Results

    def add(self, record: Comparison | LayoutTrial | Disturbed, line: str) -> None:
        """Keep a result, and print a line about it."""
        self.results = self.results.plus(record)
        if not self.quick:
            save_results(self.results)
        print(f"  {line}", flush=True)


def conditions() -> str:
    """Return the host and the versions, on which the results depend."""
    packages = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES.values() if _is_there(name)]
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    return f"{usable_cores()} cores, {system}, Python {platform.python_version()}, {', '.join(packages)}"


def _is_there(name: str) -> bool:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return bool(importlib.metadata.version(name))
    return False


# Parts


def measure_networks(session: Session) -> None:
    rows = []
    for setup in SETUPS:
        if setup.round_trip is not None:
            with networks.network(setup.round_trip) as made:
                rows.append((setup.round_trip, networks.measure(made)))
    print(f"\n{networks.table(rows)}\n")


def compare_predictions(session: Session) -> None:
    wanted = [setup for setup in SETUPS[: QUICK_SETUPS if session.quick else None] if setup.engine in session.engines]
    with contextlib.ExitStack() as stack:
        targets = _started(wanted, stack)
        for workload in session.workloads:
            known = [] if session.again else _known_setups(session.results, workload)
            for seen in cluster_predictions.compare(workload, targets, rounds=session.rounds, known=known):
                session.add(seen, comparison_line(seen))


def _started(wanted: Sequence[Setup], stack: contextlib.ExitStack) -> Mapping[Setup, LocalCluster]:
    targets = {}
    for setup in wanted:
        try:
            targets[setup] = stack.enter_context(cluster_predictions.started(setup))
        except (NoNetworkError, ClusterStartError) as error:
            print(f"  skipped: {setup.name}: {error}", flush=True)
    return targets


def _known_setups(results: Results, workload: Workload) -> list[str]:
    return [setup.name for setup in SETUPS if results.comparison(workload.name, setup.name)]


def compare_layouts(session: Session) -> None:
    if "dask" not in session.engines:
        return
    workloads = session.workloads[: QUICK_LAYOUTS if session.quick else None]
    with cluster_layouts.Clusters() as clusters:
        for workload in workloads:
            if session.again or session.results.layout(workload.name) is None:
                trial = _layout_trial(workload, clusters, session.rounds)
                session.add(trial, layout_line(trial))


def _layout_trial(workload: Workload, clusters: cluster_layouts.Clusters, rounds: int) -> LayoutTrial:
    try:
        return cluster_layouts.examine(workload, clusters, cores=usable_cores(), rounds=rounds)
    except (JobError, ClusterStartError) as error:
        return LayoutTrial(workload=workload.name, advised="", dask_default="", failure=str(error))


def disturb_jobs(session: Session) -> None:
    for engine in session.engines:
        for fault in cluster_faults.faults_of(engine):
            if session.again or session.results.fault(engine, fault) is None:
                try:
                    seen = cluster_faults.examine(engine, fault)
                except (NoNetworkError, ClusterStartError, JobError) as error:
                    print(f"  skipped: {engine}, {fault}: {error}", flush=True)
                else:
                    session.add(seen, fault_line(seen))


PARTS: Final[dict[str, Callable[[Session], None]]] = {
    "networks": measure_networks,
    "predictions": compare_predictions,
    "layouts": compare_layouts,
    "faults": disturb_jobs,
}


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    options.add_argument("--only", nargs="+", default=[], metavar="WORKLOAD", help="default: all")
    options.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    options.add_argument("--rounds", type=int, default=3, help="runs of each job, at most (default 3)")
    options.add_argument("--quick", action="store_true", help="a part of the workloads and clusters, once")
    options.add_argument("--again", action="store_true", help="repeat measurements that were made before")
    options.add_argument("--report", action="store_true", help="print what is stored")
    return options


def chosen(names: Sequence[str], *, quick: bool) -> list[Workload]:
    """Return the workloads with the names, or all; every second of them if that is to be quick."""
    found = [workload for workload in WORKLOADS if not names or workload.name in names]
    if unknown := set(names).difference(workload.name for workload in found):
        raise LookupError(f"no such workload: {', '.join(sorted(unknown))}")
    return found[::2] if quick and not names else found


def main() -> None:
    options = parser()
    given = options.parse_args()
    if unknown := set(given.parts).difference(PARTS):
        options.error(f"no such part: {', '.join(sorted(unknown))}")
    try:
        workloads = chosen(given.only, quick=given.quick)
    except LookupError as error:
        options.error(str(error))
    results = Results(conditions=conditions()) if given.quick else load_results(conditions())
    engines = [engine for engine in given.engines if is_installed(engine)]
    rounds = 1 if given.quick else given.rounds
    session = Session(workloads, engines, rounds, given.quick, given.again, results)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # leaves nothing running
    if not given.report:
        print(f"load average before: {os.getloadavg()[0]:.1f}", flush=True)
        _do(given.parts or list(PARTS), session)
    print(f"\n{document(session.results)}")
    if wrong := [f"{each.engine}: {each.fault}" for each in session.results.disturbed if not each.is_right]:
        sys.exit(f"not as it should be: {', '.join(wrong)}")


def _do(parts: Sequence[str], session: Session) -> None:
    for part in parts:
        print(f"{part}:", flush=True)
        try:
            PARTS[part](session)
        except NoNetworkError as error:
            print(f"  skipped: {error}", flush=True)
        except KeyboardInterrupt:
            sys.exit("stopped; run the same command to continue with what is left")


if __name__ == "__main__":
    main()
