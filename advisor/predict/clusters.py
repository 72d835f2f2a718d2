"""The strategy that sends the calls to a cluster, whose client and scheduler are one server in front of the workers.

The processes of a host share its cores, and the threads of a process its GIL (`queueing.several_locks`). All hosts are
taken as equal. Their tasks queue up in front of the workers, so that the way to them costs time only at the beginning
and at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from advisor.models import Cluster
from advisor.predict.cluster_chunks import CHUNKS_AHEAD, ClusterChunk, cluster_chunk
from advisor.predict.demands import LOCK_CONTENTION, Scenario
from advisor.predict.pickling_cost import payloads
from advisor.predict.prediction import Prediction, Station
from advisor.predict.queueing.makespan import job_seconds
from advisor.predict.queueing.several_locks import LockedHost, fed_throughput
from advisor.predict.queueing.stations import Cores, StationDemands
from advisor.predict.threads_and_asyncio import gil_contention
from advisor.predict.worker_counts import WorkerCounts

# Of a core, taken by the profiler and the event loop of an idle Dask worker; they need its GIL.
BACKGROUND = 0.03
# CPU seconds of a worker for a task, relative to those of the client and the scheduler: 2.0 ms beside 3.1 ms with Dask.
TASK_IN_WORKER = 0.6
# Seconds of the client for a byte, either way; what a byte takes longer than that, it is on its way.
COPIED_BYTE = 5e-9
# For each call in a chunk: of the client, and of the worker, which times it and pickles its result alone.
# Of 9 µs for an empty call with two workers, the client took 4.6.
CALL_IN_CLIENT = 4.5e-6
CALL_IN_WORKER = 3e-6
# Bytes of arguments that the calls of a chunk share, from which they are sent once to each worker.
SENT_ONCE = 100_000
# Larger hosts and clusters are solved as a part of them: so many threads behave like more of them.
MAX_HOST_THREADS = 256
MAX_SOLVED_THREADS = 1024
MAX_COMPARED_THREADS = 64  # where many layouts are compared


def predict_cluster(scenario: Scenario, workers: WorkerCounts) -> list[Prediction]:
    """Predict the workers of the machine's cluster, with as many threads in use as requested."""
    return [ClusterJob(on_cluster(scenario), count).prediction() for count in workers.requested]


def cluster_of(scenario: Scenario) -> Cluster:
    """Return the cluster of the machine to plan for, which must have one."""
    if scenario.machine.cluster is None:
        raise ValueError("the machine has no cluster")
    return scenario.machine.cluster


def on_cluster(scenario: Scenario) -> Scenario:
    """Return the scenario of the calls on the cores of the cluster.

    Dask and Ray start their workers with OMP_NUM_THREADS=1, so that native code has one thread for each call.
    """
    cluster, call = cluster_of(scenario), scenario.call
    width = call.width if call.child > call.native else 1.0
    background = BACKGROUND if cluster.engine == "dask" else 0.0
    on_core = cluster.speed * (1.0 - background * min(1.0, cluster.workers / cluster.cores))
    gil, native, child = call.gil / (cluster.speed * (1.0 - background)), call.native / on_core, call.child / on_core
    wall = gil + (native + child) / width + call.off_core
    machine = scenario.machine.model_copy(
        update={
            "cores": cluster.cores,
            "core_scaling": scenario.machine.core_scaling if cluster.on_this_host else 1.0,
        }
    )
    return replace(
        scenario,
        call=replace(call, wall=wall, gil=gil, native=native, child=child, width=width),
        machine=machine,
        loop_call=scenario.sequential_call,
    )


class Moving(NamedTuple):
    """Seconds for the bytes of one direction: of the client's core, and of the network, which has a way for each."""

    copied: float
    on_wire: float


@dataclass(frozen=True)
class ClusterJob:
    """A job on a cluster with `threads` threads in use; the scenario is that of `on_cluster`."""

    scenario: Scenario
    threads: int

    @property
    def cluster(self) -> Cluster:
        return cluster_of(self.scenario)

    @property
    def processes(self) -> int:
        """Worker processes in use: all of them, unless there are fewer threads."""
        return min(self.cluster.workers, self.threads)

    @property
    def threads_each(self) -> int:
        return math.ceil(self.threads / self.processes)

    @cached_property
    def chunk(self) -> ClusterChunk:
        profile = self.scenario.profile
        once, each = payloads(profile)
        shared = max(0.0, once.sent - (profile.function_bytes or 0.0) - self.sent_once) + once.returned
        return cluster_chunk(
            self.cluster,
            self.scenario.call.wall,
            self.scenario.job.calls,
            call_bytes=each.bytes,
            shared_bytes=shared,
            threads=self.threads,
        )

    @cached_property
    def sent_once(self) -> float:
        """Bytes of large arguments that calls have in common; they are still pickled for each chunk, to see changes."""
        once, _ = payloads(self.scenario.profile)
        shared = once.sent - (self.scenario.profile.function_bytes or 0.0)
        return shared if shared > SENT_ONCE else 0.0

    @cached_property
    def sending(self) -> float:
        """Seconds of the client and the scheduler for a chunk: half of the pickling, and the bytes.

        The function is sent only once.
        """
        cluster, calls, profile = self.cluster, self.chunk.calls, self.scenario.profile
        once, each = payloads(profile)
        function = min(profile.function_bytes or 0.0, once.sent)
        pickling = calls * each.seconds + once.seconds * (1.0 - function / once.sent if once.sent else 1.0)
        sent = calls * each.sent + once.sent - function - self.sent_once
        returned = calls * each.returned + once.returned
        there, back = self._moving(sent, cluster.byte_seconds), self._moving(returned, cluster.return_byte_seconds)
        moving = there.copied + back.copied + max(there.on_wire, back.on_wire)
        return cluster.task_seconds + pickling / 2 + moving + calls * CALL_IN_CLIENT

    def _moving(self, size: float, byte_seconds: float) -> Moving:
        copied = min(byte_seconds, COPIED_BYTE)
        return Moving(size * copied, size * (byte_seconds - copied))

    @cached_property
    def demands(self) -> StationDemands:
        """Demands of a call in a worker; coroutine functions run there in an event loop of their own.

        While a call waits, the worker finds time for its part of sending tasks.
        """
        scenario, call = self.scenario, self.scenario.call
        _, each = payloads(scenario.profile)
        receiving = TASK_IN_WORKER * self.cluster.task_seconds / self.chunk.calls * (1.0 - call.off_core / call.wall)
        return StationDemands(
            locked=call.gil + scenario.event_loop_overhead + each.seconds / 2 + receiving + CALL_IN_WORKER,
            blocked=call.blocked,
            parallel=call.free,
            delay=call.wait,
            width=call.width,
            contended=gil_contention(scenario) if self.threads_each > 1 else 0.0,
        )

    @cached_property
    def start_up(self) -> float:
        """Seconds to connect and disconnect, and until each worker has made its first call, which may load things."""
        cluster, profile = self.cluster, self.scenario.profile
        loading = cluster.import_seconds or (profile.import_seconds or 0.0) / cluster.speed
        each = loading + self.scenario.warm_up / cluster.speed
        sending = ((profile.function_bytes or 0.0) + self.processes * self.sent_once) * cluster.byte_seconds
        return cluster.start_seconds + sending + self.scenario.on_every_worker(each, self.processes)

    @cached_property
    def held_limit(self) -> float:
        """Calls per second that held resources allow; a lock of a process admits calls in each process."""
        limits = [
            resource.places
            * (1 if resource.everywhere else self.processes)
            / (resource.seconds * (1 + LOCK_CONTENTION))
            for resource in self.scenario.profile.held
            if resource.seconds > 0
        ]
        return min(limits, default=math.inf)

    def prediction(self) -> Prediction:
        """Predict the seconds of the job."""
        part = self._solved_part()
        rate = [min(per_second, self.held_limit / part) for per_second in self._curve(part)]
        calls = max(1, math.ceil(self.scenario.job.calls / part))
        workers = min(len(rate) - 1, calls)
        throughput = rate[workers]
        first_tasks = (
            (self.threads - 1) / 2 * self.sending * (1.0 - min(1.0, part * throughput * self.sending_each) ** 2)
        )
        seconds = (
            job_seconds(calls, workers, rate, self.scenario.spread) + first_tasks + self._last_tasks(throughput * part)
        )
        on_the_way = max(self.sending, self.cluster.round_trip + self.sending - self.cluster.task_seconds)
        return Prediction(
            self.threads,
            seconds + on_the_way + self.start_up,
            part * throughput,
            self._busy_seconds(),
            self.start_up,
            self.chunk.calls,
            contention=self.demands.contended / self.processes,
        )

    def _last_tasks(self, throughput: float) -> float:
        """Return the seconds that the tasks take which are added near the end, when chunks become smaller."""
        chunk, task, capacity = self.chunk, self.cluster.task_seconds, self.scenario.capacity
        halvings = math.log(chunk.calls / min(chunk.calls, chunk.least))
        added = min(CHUNKS_AHEAD * self.threads * halvings, self.scenario.job.calls)
        on_cores = TASK_IN_WORKER + (1.0 if self.cluster.on_this_host else 0.0)
        busy = min(1.0, throughput * (self.demands.locked + self.demands.parallel) / capacity)
        return added * task * busy * on_cores / capacity

    @property
    def sending_each(self) -> float:
        """Seconds of the client and the scheduler for a call."""
        return self.sending / self.chunk.calls

    def _busy_seconds(self) -> dict[Station, float]:
        demands, on_host = self.demands, self.cluster.on_this_host
        computing = demands.locked + demands.parallel + (self.sending_each if on_host else 0.0)
        off_core = demands.delay + demands.blocked
        busy: dict[Station, float] = {
            "parent": self.sending_each,
            "cores": computing / self.scenario.capacity,
            "wait": max(off_core / self.threads, 1.0 / self.held_limit),
        }
        if self.threads_each > 1:
            busy["gil"] = (demands.locked + demands.blocked + demands.contended) / self.processes
        return busy

    def _solved_part(self) -> float:
        """Return how many times the cluster is as large as the part of it that is solved."""
        return max(1.0, self.threads / MAX_SOLVED_THREADS)

    def _curve(self, part: float) -> list[float]:
        """Return the calls per second of 0, 1, … busy threads of a part of the cluster, fed by the client."""
        threads = round(self.threads / part)
        alone = self._beside(threads, others=0)
        beside = self._beside(threads, others=1) if self.cluster.on_this_host else alone
        sending = self.sending * part
        chunk = self.chunk.calls
        queued = max(1, round((self.chunk.window_each * self.processes - self.threads) / part))
        handed_out = [
            self._client_share(busy, threads) / sending if sending else math.inf for busy in range(threads + 1)
        ]
        if math.isinf(handed_out[0]) or sending * alone[threads] / chunk < 1e-9:
            return alone
        fed = chunk * fed_throughput([per / chunk for per in beside], alone[threads] / chunk, handed_out, queued)
        return [min(per_second, fed) for per_second in alone]

    def _client_share(self, busy: int, threads: int) -> float:
        """Return the speed of the client and the scheduler beside busy threads on the same cores."""
        if not self.cluster.on_this_host:
            return 1.0
        demands = self.demands
        seconds = demands.locked + demands.blocked + demands.parallel / demands.width + demands.delay
        all_busy = busy * self.threads / threads
        locked = min(float(self.processes), all_busy * demands.locked / seconds)
        return self.scenario.cores.share(1.0 + locked + all_busy * demands.parallel / seconds)

    def _beside(self, threads: int, others: int) -> list[float]:
        """Return the calls per second of so many threads, taken from as many equal hosts as needed."""
        host = self._host(others, MAX_HOST_THREADS)
        solved, hosts = host.curve(), threads / host.threads
        limit = self._core_limit * threads / self.threads
        return [min(limit, hosts * _at(solved, busy / hosts)) for busy in range(threads + 1)]

    def _host(self, others: int, max_threads: int) -> LockedHost:
        """Return a host, or a part of it with fewer threads than that and its share of the cores."""
        processes = max(1, round(self.processes / self.cluster.hosts), self.processes // self.cluster.cores)
        processes = max(1, min(processes, max_threads // self.threads_each))
        cores = Cores(
            max(1, round(self.cluster.cores * processes / self.processes)), self.scenario.machine.core_scaling
        )
        return LockedHost(self.demands, cores, processes, self.threads_each, others)

    @property
    def _core_limit(self) -> float:
        return self.scenario.capacity / (self.demands.locked + self.demands.parallel or 1e-12)

    @property
    def throughput_bound(self) -> float:
        """Upper bound of the calls per second, if nothing had to wait for anything else."""
        demands = self.demands
        alone = demands.locked + demands.blocked + demands.parallel / demands.width + demands.delay
        lock = (demands.locked + demands.blocked) or 1e-12
        return min(
            self._core_limit, self.threads / alone, self.processes / lock, 1 / self.sending_each, self.held_limit
        )

    @property
    def peak_throughput(self) -> float:
        """Calls per second in the middle of a long job, roughly: large hosts are solved as a small part of them."""
        host = self._host(0, MAX_COMPARED_THREADS)
        workers = host.throughput() * self.threads / host.threads
        return min(workers, self.throughput_bound)


def _at(curve: list[float], position: float) -> float:
    """Return the value of a curve between its points."""
    low = min(int(position), len(curve) - 2)
    return curve[low] + (position - low) * (curve[low + 1] - curve[low])
