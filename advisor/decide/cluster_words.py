"""The figures of a cluster that the texts of rules and pitfalls are filled with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from advisor.models import Cluster
from advisor.predict.cluster_feasibility import memory_of_worker
from advisor.report import formatting

if TYPE_CHECKING:
    from advisor.decide.rule_inputs import Facts

_ENGINES = {"dask": "Dask", "ray": "Ray"}


def transfer_seconds(facts: Facts, cluster: Cluster) -> float:
    """Return the seconds that the data of one call is on its way, to the cluster and back."""
    sent = (facts.profile.argument_bytes or 0.0) * cluster.byte_seconds
    return sent + (facts.profile.result_bytes or 0.0) * cluster.return_byte_seconds


def _of_cluster(text: Callable[[Facts, Cluster], str]) -> Callable[[Facts], str]:
    return lambda facts: "unknown" if facts.cluster is None else text(facts, facts.cluster)


def _break_even(facts: Facts) -> str:
    """Format the number of calls, rounded up to two digits."""
    calls = facts.break_even
    if calls is None:
        return "no number of"
    unit = 10 ** max(0, len(str(calls)) - 2)
    return formatting.count(-(-calls // unit) * unit)


def _why(facts: Facts) -> str:
    best = facts.best("cluster")
    return best.why if best is not None and best.why else "see the table"


def _seconds(facts: Facts) -> str:
    best = facts.best("cluster")
    return "unknown" if best is None else formatting.duration(best.seconds.expected)


def _target_module(facts: Facts) -> str:
    return (facts.profile.target or "").rpartition(":")[0] or "the module of the function"


FORMATTERS: dict[str, Callable[[Facts], str]] = {
    "break_even": _break_even,
    "cluster_calls": _of_cluster(lambda facts, cluster: formatting.count(cluster.workers * cluster.threads_each)),
    "cluster_cores": _of_cluster(lambda facts, cluster: formatting.counted(cluster.cores, "core")),
    "cluster_engine": _of_cluster(lambda facts, cluster: _ENGINES[cluster.engine]),
    "cluster_memory": _of_cluster(lambda facts, cluster: formatting.size(cluster.memory)),
    "cluster_memory_needed": _of_cluster(
        lambda facts, cluster: formatting.size(memory_of_worker(facts.profile, cluster.threads_each))
    ),
    "cluster_python": _of_cluster(lambda facts, cluster: cluster.python),
    "cluster_seconds": _seconds,
    "cluster_threads": _of_cluster(lambda facts, cluster: formatting.counted(cluster.threads_each, "thread")),
    "cluster_transfer": _of_cluster(lambda facts, cluster: formatting.duration(transfer_seconds(facts, cluster))),
    "cluster_why": _why,
    "host_cores": lambda facts: formatting.count(facts.machine.cores),
    "measured_python": lambda facts: facts.profile.python.version,
    "round_trip": _of_cluster(lambda facts, cluster: formatting.duration(cluster.round_trip)),
    "target_module": _target_module,
    "task_seconds": _of_cluster(lambda facts, cluster: formatting.duration(cluster.task_seconds)),
}
