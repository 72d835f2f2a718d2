"""Measure workloads on clusters of several layouts, and compare the advised one with the best."""

from __future__ import annotations

import contextlib
import statistics
from typing import Final

from advisor.host.planned_machine import planned_machine
from advisor.models import ClusterLayout, Job, Profile
from advisor.predict.cluster_layout import cluster_layout
from benchmarks.cluster_cases import Workload
from benchmarks.cluster_predictions import Way, measured_profile, seconds_of, workload_calls
from benchmarks.cluster_records import BAND, LayoutTrial
from benchmarks.local_clusters import Layout, LocalCluster, cluster
from profiles.job import JobError

MORE_THREADS: Final = 4
"""Calls at once for each core, in the layouts for calls that wait."""
WAITS: Final = 0.5
"""Share of a call's time from which it counts as one that waits."""
MAX_PROCESSES: Final = 16
"""The most processes of an advised layout that is tried: more do not fit into the memory of small hosts."""


def splits(slots: int) -> list[Layout]:
    """Return all ways to split so many threads into processes with equally many threads."""
    return [Layout(processes, slots // processes) for processes in range(1, slots + 1) if slots % processes == 0]


def waits(profile: Profile) -> bool:
    """Return True if the calls mostly wait."""
    return profile.wait is not None and profile.wait > WAITS * profile.wall


class Clusters(contextlib.ExitStack):
    """Dask clusters on this host, each there from its first use to the end, and paused while none uses it."""

    def __init__(self) -> None:
        super().__init__()
        self._running: dict[Layout, LocalCluster] = {}

    def get(self, layout: Layout) -> LocalCluster:
        """Return the cluster of a layout.

        Raises:
            ClusterStartError: It does not start.
        """
        if layout not in self._running:
            self._running[layout] = self.enter_context(cluster("dask", layout))
            self._running[layout].pause()
        return self._running[layout]


def examine(workload: Workload, clusters: Clusters, *, cores: int, rounds: int) -> LayoutTrial:
    """Do the job on each layout; those close to the best up to so many times.

    Raises:
        JobError: The function cannot be measured, or has no advised layout.
    """
    profile = measured_profile(workload)
    calls = workload_calls(workload)
    advice = cluster_layout(profile, Job(calls=calls), planned_machine(None))
    if advice is None:
        raise JobError("no layout is advised")
    advised = Layout(advice.processes, advice.threads_each)
    seconds: dict[Layout, list[float]] = {layout: [] for layout in _tried(profile, advised, cores)}
    failures: dict[Layout, str] = {}
    for number in range(rounds):
        close = _close(seconds, advised) if number else [each for each in seconds if each not in failures]
        for layout in close if number % 2 == 0 else reversed(close):
            try:
                seconds[layout].append(seconds_of(workload, Way("cluster", calls), clusters.get(layout)))
            except JobError as error:
                failures[layout] = str(error)
    return _trial(workload, advice, seconds, failures.get(advised, ""))


def _tried(profile: Profile, advised: Layout, cores: int) -> list[Layout]:
    """Return the layouts to try, and the advised one among them."""
    layouts = splits(cores) + (splits(MORE_THREADS * cores) if waits(profile) else [])
    return list(dict.fromkeys([*layouts, advised]))


def _close(seconds: dict[Layout, list[float]], advised: Layout) -> list[Layout]:
    """Return the layouts that may turn out to be the best, and the advised one, if there are several."""
    medians = {layout: statistics.median(taken) for layout, taken in seconds.items() if taken}
    if not medians:
        return []
    best = min(medians.values())
    close = [layout for layout, median in medians.items() if median < BAND * best or layout == advised]
    return close if len(close) > 1 else []


def _trial(workload: Workload, advice: ClusterLayout, seconds: dict[Layout, list[float]], failure: str) -> LayoutTrial:
    default = Layout(advice.dask_default.processes, advice.dask_default.threads_each)
    return LayoutTrial(
        workload=workload.name,
        advised=str(Layout(advice.processes, advice.threads_each)),
        dask_default=str(default),
        seconds={str(layout): tuple(taken) for layout, taken in seconds.items() if taken},
        failure=failure,
    )
