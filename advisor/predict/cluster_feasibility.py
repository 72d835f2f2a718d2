"""Rule out a cluster for calls that need this host, or more memory than a worker has."""

from __future__ import annotations

import math
from pathlib import PurePath, PureWindowsPath

from advisor.models import Cluster, Profile, Touch
from advisor.models.resources.effects import RESOURCES
from advisor.report import formatting

WORKER_MEMORY_SHARE = 0.8  # of its memory that a worker may use; from there on Dask pauses it
LOCAL_DATABASES = ("SQLite connection", "SQLite connection of all threads", "SQLite file written", "embedded database")
MAIN_THREAD_ONLY = ("signal handlers", "process timer")  # Dask calls functions in other threads
LOOPBACK = ("127.", "localhost:", "::1:")


def memory_of_worker(profile: Profile, threads_each: int) -> float | None:
    """Return the bytes of a worker process that makes so many calls at once, at its peak."""
    if profile.peak_memory is None:
        return None
    per_call = 0.0 if profile.idle_memory is None else max(0, profile.peak_memory - profile.idle_memory)
    return float(profile.peak_memory) + (threads_each - 1) * per_call


def beyond_memory(profile: Profile, cluster: Cluster, threads: int) -> str:
    """Return that a worker has too little memory for its calls; empty if it has enough."""
    threads_each = math.ceil(threads / min(cluster.workers, threads))
    needed = memory_of_worker(profile, threads_each)
    if needed is None or cluster.memory is None or needed <= WORKER_MEMORY_SHARE * cluster.memory:
        return ""
    each = "a worker needs" if threads_each == 1 else f"a worker with {threads_each} threads needs"
    share, available = formatting.percent(WORKER_MEMORY_SHARE), formatting.size(cluster.memory)
    return f"{each} {formatting.size(needed)} of memory, more than {share} of the {available} that it may use"


def needs_this_host(profile: Profile, cluster: Cluster) -> str:
    """Return what the calls use that exists on this host only; empty if nothing is known, or the workers are here."""
    if cluster.on_this_host:
        return ""
    elsewhere = "the workers run on other hosts"
    for touch in profile.touches:
        if touch.kind == "file" or touch.resource in LOCAL_DATABASES:
            return f"{touch.name} is a file of this host, and {elsewhere}"
    for resource in profile.held:
        if resource.kind == "file lock":
            return f"the lock of {PurePath(resource.name).name} is one of this host, and {elsewhere}"
    effects = profile.side_effects
    if effects is None:
        return ""
    for path in effects.wrote:
        if not (PurePath(path).is_absolute() or PureWindowsPath(path).is_absolute()):
            return f"the calls write {path} in the current folder of this host, and {elsewhere}"
    for address in effects.connected:
        if address.startswith(LOOPBACK):
            return f"the calls connect to {address} on this host, and {elsewhere}"
    return ""


def breaks_in_threads(touch: Touch, cluster: Cluster) -> bool:
    """Return True if a worker's threads would break what calls share within a process."""
    if cluster.engine == "dask" and touch.resource in MAIN_THREAD_ONLY:
        return touch.threads == "unsafe"
    return cluster.threads_each > 1 and touch.threads == "unsafe"


def in_threads(touch: Touch, cluster: Cluster) -> str:
    """Return what happens then, as a clause."""
    row = RESOURCES.get(touch.resource)
    happens = (row.in_threads if row else "").replace("{name}", touch.name) or f"calls share {touch.name}"
    if touch.resource in MAIN_THREAD_ONLY:
        return f"workers make the calls in threads: {happens}"
    return f"the {cluster.threads_each} threads of a worker share {touch.name}: {happens}"
