"""Predict the seconds of workloads on clusters, and measure them there and without the cluster."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import advisor
from advisor.host.planned_machine import planned_machine
from advisor.models import Advice, Cluster, Machine, Profile
from advisor.models.cluster import EngineName
from benchmarks.cluster_cases import Workload
from benchmarks.cluster_records import BAND, Comparison
from benchmarks.local_clusters import Layout, LocalCluster, cluster
from benchmarks.networks import network
from profiles.job import JobError, run_module

TRIALS: Final = "benchmarks.cluster_trials"
TIMEOUT: Final = 60.0  # seconds
LONGEST: Final = 10.0
"""Predicted seconds from which a job is measured with fewer calls."""
SHORTENED: Final = 5.0
"""Predicted seconds of a job with fewer calls, about."""
NEAR: Final = BAND**2
"""Ratio of two durations within which they are measured again."""
HERE_ONLY: Final = frozenset({"price_requests"})  # asks a server on the loopback of this host


@dataclass(frozen=True)
class Setup:
    """A cluster to try.

    Attributes:
        name: For the tables.
        engine: "dask" or "ray".
        layout: Of its workers.
        round_trip: Seconds that the network to it adds, or None if it is on this host.
        client_cores: Cores of the client's host, or None for all of this host.
    """

    name: str
    engine: EngineName
    layout: Layout
    round_trip: float | None = None
    client_cores: int | None = None

    def suits(self, workload: Workload) -> bool:
        return self.round_trip is None or workload.name not in HERE_ONLY


SETUPS: Final = (
    Setup("Dask 2 × 1, here", "dask", Layout(2, 1)),
    Setup("Dask 2 × 1, 1 ms away", "dask", Layout(2, 1), round_trip=0.001, client_cores=1),
    Setup("Dask 2 × 4, 20 ms away", "dask", Layout(2, 4), round_trip=0.020, client_cores=1),
    Setup("Ray, 2 cores, here", "ray", Layout(2, 1)),
)


@contextlib.contextmanager
def started(setup: Setup) -> Iterator[LocalCluster]:
    """Start the cluster of a set-up, with its network, and pause it.

    Raises:
        NoNetworkError: The network cannot be made.
        ClusterStartError: The cluster does not start.
    """
    with contextlib.ExitStack() as stack:
        net = None if setup.round_trip is None else stack.enter_context(network(setup.round_trip))
        target = stack.enter_context(cluster(setup.engine, setup.layout, net))
        target.pause()
        yield target


@dataclass(frozen=True)
class Way:
    """A way to do a number of calls: in a loop, with `advisor.map`, or on the cluster of a set-up."""

    kind: str
    calls: int
    cores: int | None = None
    setup: str = ""


def measured_profile(workload: Workload) -> Profile:
    """Measure the function in a fresh process."""
    return Profile.model_validate_json(_output("profile", workload, (), None, None))


def measured_costs(workload: Workload, setup: Setup, target: LocalCluster) -> Cluster:
    """Measure a cluster from a fresh process; a namespace counts as another host, which a probe cannot tell."""
    output = _output("costs", workload, (), target, setup.client_cores)
    costs = Cluster.model_validate_json(output)
    return costs if setup.round_trip is None else costs.model_copy(update={"on_this_host": False})


def seconds_of(workload: Workload, way: Way, target: LocalCluster | None) -> float:
    """Do the job in a fresh process, and return its seconds."""
    return float(_output("run", workload, (way.kind, "--calls", str(way.calls)), target, way.cores))


def _output(
    command: str, workload: Workload, words: Sequence[str], target: LocalCluster | None, cores: int | None
) -> str:
    """Return the last line of a trial's output; the cluster goes on for it alone."""
    where = () if target is None else ("--cluster", target.engine, target.address)
    limit = () if cores is None else ("--cores", str(cores))
    with contextlib.nullcontext() if target is None else target.active():
        return run_module(TRIALS, command, workload.name, *words, *where, *limit, timeout=TIMEOUT).splitlines()[-1]


def machine_with(costs: Cluster, client_cores: int | None) -> Machine:
    """Return the client's host, with the cluster."""
    host = planned_machine(None if client_cores is None else {"cores": client_cores})
    return host.model_copy(update={"cluster": costs})


def predict(workload: Workload, setup: Setup, profile: Profile, costs: Cluster) -> Comparison:
    """Predict the seconds of the whole job, or of fewer calls where it would take too long."""
    machine = machine_with(costs, setup.client_cores)
    calls = workload_calls(workload)
    seen = _comparison(workload, setup, advisor.advise(profile, calls=calls, machine=machine))
    if seen.predicted is None or seen.predicted.expected <= LONGEST:
        return seen
    fewer = max(1, round(calls * SHORTENED / seen.predicted.expected))
    return _comparison(workload, setup, advisor.advise(profile, calls=fewer, machine=machine))


def workload_calls(workload: Workload) -> int:
    """Return the number of calls of the whole job."""
    return len(workload.load()[1]())


def _comparison(workload: Workload, setup: Setup, advice: Advice) -> Comparison:
    on_cluster = next(each for each in advice.alternatives if each.strategy == "cluster")
    local = min(
        each.seconds.expected
        for each in advice.alternatives
        if each.strategy != "cluster" and each.feasible and each.seconds
    )
    return Comparison(
        workload=workload.name,
        setup=setup.name,
        calls=advice.job.calls,
        predicted=on_cluster.seconds if on_cluster.feasible else None,
        predicted_local=local,
        advised=advice.recommendation,
        costs=advice.machine.cluster,
        failure="" if on_cluster.feasible else on_cluster.why,
    )


def compare(
    workload: Workload, targets: Mapping[Setup, LocalCluster], *, rounds: int, known: Iterable[str] = ()
) -> Iterator[Comparison]:
    """Yield the comparisons of a workload on each cluster but the known ones, each measured up to so many times."""
    left = [setup for setup in targets if setup.suits(workload) and setup.name not in known]
    if not left:
        return
    profile = measured_profile(workload)
    predicted: dict[Setup, Comparison] = {}
    for setup in left:
        try:
            costs = measured_costs(workload, setup, targets[setup])
            predicted[setup] = predict(workload, setup, profile, costs)
        except JobError as error:
            yield Comparison(workload=workload.name, setup=setup.name, calls=0, failure=str(error))
    yield from Runs(workload, targets, predicted).measure(rounds)


class Runs:
    """The runs of a workload; those without the cluster count for all clusters that have the same client."""

    def __init__(
        self, workload: Workload, targets: Mapping[Setup, LocalCluster], predicted: Mapping[Setup, Comparison]
    ) -> None:
        self._workload = workload
        self._targets = {setup.name: target for setup, target in targets.items()}
        self._predicted = predicted
        self._seconds: dict[Way, list[float]] = {}
        self._failures: dict[Way, str] = {}

    def measure(self, rounds: int) -> list[Comparison]:
        """Do the runs in turn, those that are close up to so many times, and return the comparisons."""
        close = [setup for setup, seen in self._predicted.items() if not seen.failure]
        for number in range(rounds):
            ways = list(dict.fromkeys(itertools.chain.from_iterable(map(self._ways, close))))
            for way in ways if number % 2 == 0 else reversed(ways):
                self._run(way)
            close = [setup for setup in close if self._is_close(self._result(setup))]
        return [self._result(setup) for setup in self._predicted]

    def _ways(self, setup: Setup) -> tuple[Way, Way, Way]:
        """Return the plain loop, the local and the cluster's way."""
        calls = self._predicted[setup].calls
        cluster_way = Way("cluster", calls, setup.client_cores, setup.name)
        return Way("loop", calls), Way("map", calls, setup.client_cores), cluster_way

    def _run(self, way: Way) -> None:
        if way not in self._failures:
            try:
                seconds = seconds_of(self._workload, way, self._targets.get(way.setup))
                self._seconds.setdefault(way, []).append(seconds)
            except JobError as error:
                self._failures[way] = str(error)

    def _result(self, setup: Setup) -> Comparison:
        seen = self._predicted[setup]
        if seen.failure:
            return seen
        ways = self._ways(setup)
        failure = next((self._failures[way] for way in ways if way in self._failures), "")
        in_loop, with_map, on_cluster = (tuple(self._seconds.get(way, ())) for way in ways)
        measured = {"in_loop": in_loop, "with_map": with_map, "on_cluster": on_cluster, "failure": failure}
        return seen.model_copy(update=measured)

    @staticmethod
    def _is_close(seen: Comparison) -> bool:
        """Return True if another run might change what the comparison says."""
        return not seen.failure and 1 / NEAR < seen.local_seconds / seen.seconds < NEAR
