"""The rules of a cluster: why the job belongs there, whether it pays, and what limits it."""

from __future__ import annotations

from advisor.decide import citations, cluster_conditions
from advisor.decide.reason_rule import Rule
from advisor.decide.rule_inputs import MOSTLY, Facts
from advisor.models import Reason
from advisor.models.strategies import CLUSTERS, EVERY, LOCAL

# Reasons to choose the cluster; the first may be the strongest of the advice.
CHOICE_RULES: tuple[Rule, ...] = (
    Rule(
        "more-cores",
        "the call computes, and the cluster has more cores than this host",
        cluster_conditions.has_more_cores,
        CLUSTERS,
        "the cluster has {cluster_cores} and this host {host_cores}",
        "more calls compute at once",
        citations.AMDAHL,
    ),
    Rule(
        "waits-on-the-cluster",
        "at least half of the time is waiting",
        lambda facts: facts.wait_share >= MOSTLY,
        CLUSTERS,
        "the function waits for {wait_share} of its time",
        "the {worker_count} threads of the cluster wait at once, and none of them holds up this host",
        citations.NOTEBOOK + " (I/O bound)",
    ),
)

# Shown beside every advice for which a cluster was considered.
CLUSTER_RULES: tuple[Rule, ...] = (
    Rule(
        "cluster-pays",
        "the job has more calls than the cluster needs to be the fastest",
        lambda facts: 1 < (facts.break_even or 0) <= facts.job.calls,
        CLUSTERS,
        "the cluster pays from {break_even} calls on",
        "a job of {calls} is worth sending there",
        citations.DASK_EFFICIENCY,
    ),
    Rule(
        "cluster-pays-later",
        "only a larger job would be faster on the cluster",
        cluster_conditions.pays_later,
        LOCAL,
        "the cluster pays from {break_even} calls on",
        "a job of {calls} stays on this host",
        citations.DASK_EFFICIENCY,
    ),
    Rule(
        "cluster-hardly-pays",
        "the cluster is faster, but not by much",
        cluster_conditions.is_no_clear_gain,
        LOCAL,
        "the cluster would take {cluster_seconds} and this host {expected}",
        "the gain is too small to depend on other computers and a connection that may fail",
        citations.DASK_EFFICIENCY,
    ),
    Rule(
        "cluster-never-pays",
        "no number of calls is faster on the cluster",
        cluster_conditions.never_pays,
        LOCAL,
        "the cluster would take {cluster_seconds} ({cluster_why}), and is not faster with more calls either",
        "the job stays on this host",
        citations.DASK_EFFICIENCY,
    ),
    Rule(
        "cluster-data",
        "sending the data of a call takes at least a fifth of the call",
        cluster_conditions.moves_much_data,
        LOCAL,
        "the data of a call takes {cluster_transfer} to the cluster and back, against {wall} of work",
        "the connection sets the pace there, not the workers",
        citations.DASK_EFFICIENCY,
    ),
    Rule(
        "cluster-scheduler",
        "the workers would be faster than client and scheduler can hand calls out",
        cluster_conditions.outpaces_the_scheduler,
        EVERY,
        "client and scheduler take {task_seconds} for each task, one after the other, and a call takes {wall}",
        "each task must contain many calls to keep {cluster_calls} of them running at once",
        citations.DASK_LIMITATIONS,
    ),
    Rule(
        "cluster-round-trip",
        "the job takes no longer than a few round trips",
        cluster_conditions.is_over_at_once,
        LOCAL,
        "one empty task takes {round_trip} to the cluster and back, and the whole job {expected} here",
        "it is over before the cluster has begun",
        citations.DASK_EFFICIENCY,
    ),
    Rule(
        "cluster-gil",
        "several threads of a worker share its GIL",
        cluster_conditions.shares_the_gil,
        LOCAL,
        "the {cluster_threads} of a worker share a GIL, and the function holds it for {gil_share} of its time",
        "a worker reaches {thread_limit}; more processes with one thread each would use all cores",
        citations.DASK_EFFICIENCY,
    ),
)


def reasons(facts: Facts) -> tuple[Reason, ...]:
    """Return what is to be said of the cluster, if there is one."""
    if facts.cluster is None:
        return ()
    return tuple(
        Reason(rule=rule.name, text=rule.text(facts), source=rule.source) for rule in CLUSTER_RULES if rule.fires(facts)
    )
