"""Conditions of the rules and pitfalls of a cluster."""

from __future__ import annotations

import re

from advisor.decide import thread_limits
from advisor.decide.cluster_words import transfer_seconds
from advisor.decide.rule_inputs import EXPENSIVE_PICKLING, MUCH, Facts
from advisor.predict.cluster_feasibility import memory_of_worker

FEW_ROUND_TRIPS = 5  # a job that takes no longer is over before a cluster has begun
LARGE_OBJECT = 1e5  # bytes; Ray stores a larger argument or result in its object store
MUCH_MEMORY = 0.5  # of a worker's limit; more than 0.8 rules the cluster out, and Dask ends a worker at 0.95
# Modules with which code finds and opens files by their names.
_FILE_MODULES = frozenset({"fileinput", "glob", "gzip", "pathlib", "shelve", "shutil", "sqlite3", "tarfile", "zipfile"})
_HOST_KINDS = frozenset({"connection", "file", "session", "socket"})


def is_elsewhere(facts: Facts) -> bool:
    """Return True if there is a cluster with other hosts than this one."""
    return facts.cluster is not None and not facts.cluster.on_this_host


def has_more_cores(facts: Facts) -> bool:
    """Return True if the call computes and the cluster has more cores than this host."""
    computes = facts.own_share + facts.child_share >= MUCH
    return computes and is_elsewhere(facts) and facts.cluster is not None and facts.cluster.cores > facts.machine.cores


def pays_later(facts: Facts) -> bool:
    """Return True if only a larger job would be faster on the cluster."""
    return facts.cluster is not None and facts.break_even is not None and facts.break_even > facts.job.calls


def is_no_clear_gain(facts: Facts) -> bool:
    """Return True if the cluster can do the job, and is faster by too little."""
    on_cluster = facts.best("cluster")
    pays = facts.break_even is not None and facts.break_even <= facts.job.calls
    return pays and on_cluster is not None


def never_pays(facts: Facts) -> bool:
    """Return True if the cluster can do the job, but is slower for any number of calls."""
    return facts.cluster is not None and facts.best("cluster") is not None and facts.break_even is None


def moves_much_data(facts: Facts) -> bool:
    """Return True if the data of a call is on its way for at least a fifth of the call's own time."""
    cluster = facts.cluster
    return cluster is not None and transfer_seconds(facts, cluster) >= EXPENSIVE_PICKLING * facts.profile.wall


def outpaces_the_scheduler(facts: Facts) -> bool:
    """Return True if the workers would finish calls faster than client and scheduler can hand them out one by one."""
    cluster = facts.cluster
    return cluster is not None and facts.profile.wall < cluster.task_seconds * cluster.workers * cluster.threads_each


def is_over_at_once(facts: Facts) -> bool:
    """Return True if the job takes no longer than a few round trips to the cluster."""
    return facts.cluster is not None and facts.chosen.seconds.expected < FEW_ROUND_TRIPS * facts.cluster.round_trip


def shares_the_gil(facts: Facts) -> bool:
    """Return True if the threads of one worker would take turns with the GIL."""
    cluster = facts.cluster
    return cluster is not None and cluster.threads_each > 1 and facts.gil_share >= MUCH and not facts.free_threaded


def threads_share_globals(facts: Facts) -> bool:
    """Return True if calls write globals, and threads of one process would make them at once."""
    several = facts.strategy == "threading" or (facts.cluster is not None and facts.cluster.threads_each > 1)
    return bool(facts.lost_globals) and facts.workers > 1 and several


def module_may_be_missing(facts: Facts) -> bool:
    """Return True if the function is in a module that no worker is known to have imported."""
    is_unknown = facts.cluster is not None and facts.cluster.import_seconds == 0.0
    return is_unknown and is_elsewhere(facts) and facts.profile.reached in ("name", "object")


def pythons_differ(facts: Facts) -> bool:
    """Return True if the workers run another minor version of Python."""
    if facts.cluster is None:
        return False
    here, there = (re.match(r"\d+\.\d+", text) for text in (facts.profile.python.version, facts.cluster.python))
    return here is not None and there is not None and here[0] != there[0]


def uses_this_host(facts: Facts) -> bool:
    """Return True if the calls use files or open connections, which other hosts do not have."""
    opens = any(touch.kind in _HOST_KINDS for touch in facts.profile.touches)
    named = not _FILE_MODULES.isdisjoint(module.partition(".")[0] for module in facts.profile.modules)
    return is_elsewhere(facts) and (opens or named or bool(facts.effects.wrote))


def uses_environment(facts: Facts) -> bool:
    """Return True if the calls set environment variables, or connect to what those usually name."""
    sets = any(touch.resource == "environment" for touch in facts.profile.touches)
    return sets or bool(facts.effects.connected)


def gives_other_results_again(facts: Facts) -> bool:
    """Return True if two calls with the same input are not the same: they draw numbers, or do something besides."""
    return facts.effects.random_shared or bool(facts.effects.wrote or facts.effects.connected)


def memory_share(facts: Facts) -> float:
    """Return the share of a worker's memory limit that its calls need; 0 if either is unknown."""
    if facts.cluster is None or facts.cluster.memory is None:
        return 0.0
    return (memory_of_worker(facts.profile, facts.cluster.threads_each) or 0.0) / facts.cluster.memory


def is_parallel(facts: Facts) -> bool:
    """Return True if the call itself keeps several cores busy."""
    return thread_limits.is_parallel(facts.profile)


def stores_objects(facts: Facts) -> bool:
    """Return True if arguments or results are so large that Ray stores them."""
    sizes = (facts.profile.argument_bytes, facts.profile.result_bytes)
    return runs_on(facts, "ray") and any((size or 0.0) > LARGE_OBJECT for size in sizes)


def runs_on(facts: Facts, engine: str) -> bool:
    """Return True if the cluster is one of this engine."""
    return facts.cluster is not None and facts.cluster.engine == engine
