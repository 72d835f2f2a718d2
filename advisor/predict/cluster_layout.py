"""Lay out the workers of a cluster that is still to be started: processes × threads for each host."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from advisor.input_limits import MAX_CALLS
from advisor.models import Cluster, ClusterLayout, Job, LayoutTime, Machine, Profile, RaySettings
from advisor.predict.cluster_chunks import MAX_THREADS_EACH
from advisor.predict.cluster_feasibility import memory_of_worker
from advisor.predict.clusters import ClusterJob, on_cluster
from advisor.predict.demands import Scenario, residual_part, scenario_of
from advisor.predict.feasibility import MEMORY_SHARE
from advisor.predict.layout_reasons import LayoutFacts, reason_of
from advisor.predict.shared_resources import broken_by

EQUAL = 1.02  # layouts within this factor of the fastest count as equally fast
PER_CORE = 3.0  # calls at once for each that keeps a core busy; more than that hardly help
MAX_WAITING = 256  # calls at once on a small host
PROCESSES_PER_CORE = 4  # that are worth their memory, where calls wait and cannot share a process
SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)


def cluster_layout(profile: Profile, job: Job, machine: Machine) -> ClusterLayout | None:
    """Return the fastest split of a host's cores into processes and threads for a long job of such calls.

    Of equally fast ones it has the fewest processes, which share the least memory. None if the parts of a call were not
    measured, if no worker can make the calls, or if one does not fit into the memory.
    """
    if residual_part(profile) is not None or profile.archetype is not None:
        return None
    if profile.unpicklable_parts or job.shares_state or broken_by("cluster", profile, _with_workers(machine, 1, 1)):
        return None
    return Host(profile, job, machine).layout()


def dask_split(cores: int) -> tuple[int, int]:
    """Return the processes and threads that Dask starts by default: about √cores of each.

    As `nprocesses_nthreads` in distributed/deploy/utils.py.
    """
    if cores <= 4:
        return cores, 1
    processes = next(factor for factor in range(math.isqrt(cores - 1) + 1, cores + 1) if cores % factor == 0)
    return processes, cores // processes


def _with_workers(machine: Machine, processes: int, threads_each: int) -> Machine:
    """Return the machine with a cluster of one such host, with the costs of its cluster if it has one."""
    known = machine.cluster or Cluster(engine="dask")
    update = {
        "workers": processes,
        "threads_each": threads_each,
        "hosts": 1,
        "cores": machine.cores,
        "memory": None,
        "on_this_host": False,
        "speed": 1.0,
    }
    return machine.model_copy(update={"cluster": known.model_copy(update=update)})


@dataclass(frozen=True)
class Split:
    """A host with so many worker processes and threads, and the calls per second that it makes."""

    processes: int
    threads_each: int
    throughput: float


@dataclass(frozen=True)
class Host:
    """A host whose cores are to be split, and the calls that it shall make."""

    profile: Profile
    job: Job
    machine: Machine

    @cached_property
    def scenario(self) -> Scenario:
        return scenario_of(self.profile, self.job, self.machine)

    @cached_property
    def in_threads(self) -> str:
        """The reason why a worker must not have several threads; empty if it may."""
        return broken_by("cluster", self.profile, _with_workers(self.machine, 1, 2))

    def layout(self) -> ClusterLayout | None:
        """Return the best layout that fits into the memory."""
        fitting = self._best(fits_only=True)
        if fitting is None:
            return None
        processes, threads = fitting.processes, fitting.threads_each
        default = dask_split(self.machine.cores)
        return ClusterLayout(
            processes=processes,
            threads_each=threads,
            seconds=self._job_on(processes, threads).prediction().seconds,
            reason=reason_of(self._facts(fitting)),
            command=f"dask worker tcp://SCHEDULER:8786 --nworkers {processes} --nthreads {threads}",
            ray=RaySettings(num_cpus=self._cores_each(fitting), max_concurrency=threads),
            dask_default=LayoutTime(
                processes=default[0],
                threads_each=default[1],
                seconds=self._job_on(*default).prediction().seconds,
            ),
        )

    def _best(self, *, fits_only: bool) -> Split | None:
        """Return the simplest of the splits that are fastest in a long job; not all of them need be solved."""
        splits = [split for split in self._candidates() if not fits_only or self._fits(*split)]
        bounds = sorted(((self._long_job_on(*split).throughput_bound, split) for split in splits), reverse=True)
        best, solved = 0.0, []
        for bound, split in bounds:
            if bound * EQUAL < best:
                break
            solved.append(Split(*split, throughput=self._long_job_on(*split).peak_throughput))
            best = max(best, solved[-1].throughput)
        fastest = [split for split in solved if split.throughput * EQUAL >= best]
        return min(fastest, key=lambda split: (split.processes, split.threads_each), default=None)

    def _candidates(self) -> Iterator[tuple[int, int]]:
        """Yield processes and threads with as many calls at once as can keep the cores busy, or fewer."""
        cores, most = self.machine.cores, self._most_threads()
        fitting = self._most_processes()
        largest = min(fitting, most, PROCESSES_PER_CORE * cores if self.in_threads else cores)
        processes = {size for size in (*SIZES, cores, largest) if size <= largest}
        for count in processes:
            threads = {size for size in (*SIZES, cores // count) if 0 < size <= min(most // count, MAX_THREADS_EACH)}
            yield from ((count, each) for each in ({1} if self.in_threads else threads))

    def _most_threads(self) -> int:
        """Return the calls at once that are worth considering: one for each core, or more where calls wait."""
        cores, call = self.machine.cores, self.scenario.call
        useful = PER_CORE * cores * call.wall / max(call.cpu, 1e-6 * call.wall) if call.off_core else cores
        return max(cores, int(min(useful, max(MAX_WAITING, 4 * cores), self.job.calls)))

    def _most_processes(self) -> int:
        """Return how many processes fit into the memory, at least one."""
        each, memory = memory_of_worker(self.profile, 1), self.machine.memory
        return max(1, int(MEMORY_SHARE * memory / each)) if each and memory else SIZES[-1]

    def _fits(self, processes: int, threads_each: int) -> bool:
        each, memory = memory_of_worker(self.profile, threads_each), self.machine.memory
        return each is None or memory is None or processes * each <= MEMORY_SHARE * memory

    def _job_on(self, processes: int, threads_each: int) -> ClusterJob:
        machine = _with_workers(self.machine, processes, threads_each)
        scenario = on_cluster(replace(self.scenario, machine=machine))
        return ClusterJob(scenario, processes * threads_each)

    def _long_job_on(self, processes: int, threads_each: int) -> ClusterJob:
        job = self._job_on(processes, threads_each)
        return replace(job, scenario=replace(job.scenario, job=Job(calls=MAX_CALLS)))

    def _cores_each(self, split: Split) -> float:
        """Return the cores that a process keeps busy: a share of one, or a whole number, as Ray demands."""
        job = self._job_on(split.processes, split.threads_each)
        busy = split.throughput * (job.demands.locked + job.demands.parallel) / split.processes
        share = self.machine.cores / split.processes
        if busy >= 0.95 and share >= 1:
            return float(max(1, min(round(busy), int(share))))
        return max(0.01, math.floor(100 * min(busy, share)) / 100)

    def _facts(self, split: Split) -> LayoutFacts:
        job = self._long_job_on(split.processes, split.threads_each)
        unlimited = self._best_without_memory(split)
        return LayoutFacts(
            processes=split.processes,
            threads_each=split.threads_each,
            cores=self.machine.cores,
            gil=self.scenario.call.gil / self.scenario.call.wall,
            waiting=self.scenario.call.off_core / self.scenario.call.wall,
            in_threads=self.in_threads,
            sending_limits=split.throughput * job.sending_each > 0.9,
            memory_each=memory_of_worker(self.profile, split.threads_each) if unlimited else None,
            memory=self.machine.memory,
        )

    def _best_without_memory(self, split: Split) -> bool:
        """Return True if another split would be clearly faster if it fitted into the memory."""
        if all(self._fits(*each) for each in self._candidates()) and self._most_processes() >= self.machine.cores:
            return False
        unlimited = replace(self, machine=self.machine.model_copy(update={"memory": None}))._best(fits_only=False)
        return unlimited is not None and unlimited.throughput > EQUAL * split.throughput
