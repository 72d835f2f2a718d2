"""Measure what it costs to use a cluster, in about a second."""

from __future__ import annotations

import itertools
import pickle
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, NamedTuple

from advisor.clusters import worker_probes
from advisor.clusters.by_value import pickle_by_value
from advisor.clusters.cluster_cache import cluster_key, read_measurement, write_measurement
from advisor.clusters.connect import connect
from advisor.clusters.engine import Engine, News, Worker
from advisor.clusters.shipping import Prepared
from advisor.clusters.user_modules import find_module_needs
from advisor.errors import UsageError
from advisor.input_limits import MAX_CORES
from advisor.models.cluster import Cluster

ANSWER_SECONDS = 30.0
BUSY_SECONDS = 2.0  # after which a worker that others keep busy is left out
MAX_PROBED = 32  # workers; more of them tell no more
_ROUND_TRIPS = 9
_SIZES = (64 << 10, 512 << 10, 4 << 20, 16 << 20)  # bytes
_WINDOW = 4  # empty tasks in flight for each thread of a worker


class CallCost(NamedTuple):
    """A call on a worker: its seconds, and the CPU seconds of its thread."""

    worker: str
    seconds: float
    cpu: float


def measured_cluster(cluster: Any, *, module: str | None = None, seconds: float = 1.0) -> Cluster:
    """Return the costs of a cluster, from the cache if it was measured some minutes ago.

    Args:
        cluster: As for `connect`.
        module: The name of the function's module, whose import on a worker is timed.
        seconds: About how long to measure.

    Raises:
        UsageError: No cluster is there, it cannot be reached, or its workers do not answer.
    """
    began = time.perf_counter()
    engine = connect(cluster)
    connected = time.perf_counter()
    try:
        found = measure_engine(engine, module=module, seconds=seconds)
    finally:
        closing = time.perf_counter()
        engine.close()
    start_seconds = connected - began + time.perf_counter() - closing
    return found.model_copy(update={"start_seconds": start_seconds})


def measure_engine(engine: Engine, *, module: str | None = None, seconds: float = 1.0) -> Cluster:
    """Return the costs of a cluster through an engine that has no tasks in flight; see `measured_cluster`.

    Connecting is over, and costs nothing any more.
    """
    key = cluster_key(engine, module)
    found = read_measurement(key)
    if found is None:
        found = _Measurement(engine, seconds).run(module)
        write_measurement(key, found)
    return found


def measure_calls(
    engine: Engine, program: bytes, payload: bytes, workers: Sequence[str] | None = None
) -> list[CallCost]:
    """Run a pickled program once on each worker, all at the same time, through an engine without tasks in flight."""
    measurement = _Measurement(engine, 1.0)
    shared = [engine.share(program)]
    names = [worker.id for worker in engine.workers()] if workers is None else list(workers)
    values = measurement.ask_each(names, worker_probes.time_call, payload, shared, timeout=None)
    return [CallCost(name, *pickle.loads(value)) for name, value in values.items()]


class _Measurement:
    def __init__(self, engine: Engine, seconds: float) -> None:
        self._engine = engine
        self._seconds = seconds
        self._workers = _spread(engine.workers())
        self._programs: dict[Callable[..., bytes], Any] = {}

    def run(self, module: str | None) -> Cluster:
        all_workers = self._engine.workers()
        names = [worker.id for worker in self._workers]
        answers = self.ask_each(names, worker_probes.describe, patience=BUSY_SECONDS)
        self._workers = [worker for worker in self._workers if worker.id in answers]  # others are busy
        names = list(answers)
        facts = [pickle.loads(each) for each in answers.values()]
        self.ask_each(names, worker_probes.echo, _sized(0))  # from now on they have the program
        round_trip = self._round_trip()
        here = all(each["boot"] == worker_probes.boot_id() for each in facts)
        memory = [worker.memory for worker in all_workers if worker.memory]
        return Cluster(
            engine=self._engine.name,
            address=self._engine.address[:300],
            workers=len(all_workers),
            threads_each=round(sum(worker.threads for worker in all_workers) / len(all_workers)) or 1,
            hosts=len({worker.host for worker in all_workers}),
            cores=_cores(facts, all_workers, self._workers),
            on_this_host=here,
            memory=min(memory) if memory else None,
            round_trip=round_trip,
            task_seconds=min(self._task_seconds(), round_trip),
            byte_seconds=self._byte_seconds(round_trip, lambda size: _sized(0) + worker_probes.noise()[:size]),
            return_byte_seconds=self._byte_seconds(round_trip, _sized),
            import_seconds=self._import_seconds(module) if module else 0.0,
            speed=1.0 if here else self._speed(),
            python=str(facts[0]["python"]),
            source="measured",
        )

    def _round_trip(self) -> float:
        """Return the median of empty tasks that run alone."""
        times = []
        end = time.perf_counter() + self._seconds / 4
        for worker in itertools.islice(itertools.cycle(self._workers), _ROUND_TRIPS):
            times.append(self._timed(worker.id, _sized(0)))
            if time.perf_counter() > end:
                break
        return median(times)

    def _task_seconds(self) -> float:
        """Return the seconds for each of many empty tasks, when there are always some in flight."""
        program = self._program(worker_probes.echo)
        targets = [worker.id for worker in self._workers for _ in range(_WINDOW * worker.threads)]
        places = {self._engine.submit(target, program, _sized(0)): target for target in targets}
        begun = time.perf_counter()
        ended = 0
        while places:
            for news in self._await_news():
                place = places.pop(news.ticket)
                _value(news)
                ended += 1
                if time.perf_counter() < begun + self._seconds / 4:
                    places[self._engine.submit(place, program, _sized(0))] = place
        return (time.perf_counter() - begun) / ended

    def _byte_seconds(self, round_trip: float, payload: Callable[[int], bytes]) -> float:
        """Return the seconds for each byte of payloads, as large ones as there is time for; no pause counts."""
        found = 0.0
        allowed = self._seconds / 8
        self._timed(self._workers[0].id, payload(1))  # there is something to send from now on
        for size in _SIZES:
            taken = self._timed(self._workers[0].id, payload(size))
            if taken < 2 * allowed:
                taken = min(taken, self._timed(self._workers[0].id, payload(size)))
            found = max(taken - round_trip, 0.1 * taken) / size
            # The next size takes about eight times as long; before, the round trip hides the bytes.
            if taken > allowed / 4 and taken > 2 * round_trip:
                break
        return found

    def _import_seconds(self, module: str) -> float:
        """Return the seconds until a worker has a module that it did not have."""
        prepared = Prepared(self._engine, find_module_needs(module))
        prepared.check([self._workers[-1].id])
        program = self._engine.share(prepared.program(worker_probes.import_named, worker_probes))
        return float(self._ask(self._workers[-1].id, program, module.encode()))

    def _speed(self) -> float:
        """Return the speed of a worker's core relative to one here."""
        hosts = {worker.host: worker.id for worker in self._workers}
        there = self.ask_each(list(hosts.values()), worker_probes.burn)
        return float(worker_probes.burn(b"")) / median(map(float, there.values()))

    def ask_each(
        self,
        workers: Sequence[str],
        function: Callable[..., bytes],
        payload: bytes = b"",
        shared: Sequence[Any] = (),
        timeout: float | None = ANSWER_SECONDS,
        patience: float | None = None,
    ) -> dict[str, bytes]:
        """Run a program on several workers at the same time; return the answers by worker.

        With `patience`, workers that answer so many seconds later than one before are left out.
        """
        program = self._program(function)
        tickets = {self._engine.submit(worker, program, payload, shared): worker for worker in workers}
        values: dict[str, bytes] = {}
        while tickets:
            try:
                found = self._await_news(patience if values and patience is not None else timeout)
            except UsageError:
                if not values or patience is None:
                    raise
                for ticket in tickets:
                    self._engine.abandon(ticket)
                break
            for news in found:
                values[tickets.pop(news.ticket)] = _value(news)
        return values

    def _timed(self, worker: str, payload: bytes) -> float:
        begun = time.perf_counter()
        self._ask(worker, self._program(worker_probes.echo), payload)
        return time.perf_counter() - begun

    def _ask(self, worker: str, program: Any, payload: bytes) -> bytes:
        self._engine.submit(worker, program, payload)
        return _value(self._await_news()[0])

    def _program(self, function: Callable[..., bytes]) -> Any:
        if function not in self._programs:
            self._programs[function] = self._engine.share(pickle_by_value(function, worker_probes))
        return self._programs[function]

    def _await_news(self, timeout: float | None = ANSWER_SECONDS) -> list[News]:
        end = None if timeout is None else time.monotonic() + timeout
        while end is None or time.monotonic() < end:
            if news := self._engine.receive(timeout):
                return news
        raise UsageError(
            f"the workers of {self._engine.address} do not answer within {timeout:g} s: they may be busy",
            field="cluster",
        )


def _value(news: News) -> bytes:
    if news.value is not None:
        return news.value
    raise UsageError(f"the cluster cannot be measured: {news.lost or repr(news.error)}", field="cluster")


def _sized(size: int) -> bytes:
    """Return a payload that asks for so many bytes."""
    return size.to_bytes(8, "little")


def _spread(workers: Sequence[Worker]) -> list[Worker]:
    """Return some of the workers, one of each host first."""
    first = {worker.host: worker for worker in reversed(workers)}
    rest = [worker for worker in workers if worker not in first.values()]
    return [*first.values(), *rest][:MAX_PROBED]


def _cores(facts: Sequence[dict[str, Any]], workers: Sequence[Worker], probed: Sequence[Worker]) -> int:
    """Return the cores of all hosts: containers of a host have theirs each, but together no more than the host."""
    containers = {(each["boot"], each["host"]): each for each in facts}
    hosts = {each["boot"]: each["host_cores"] for each in facts}
    cores: int = sum(
        min(limit, sum(each["cores"] for (host, _), each in containers.items() if host == boot))
        for boot, limit in hosts.items()
    )
    unprobed = len({worker.host for worker in workers}) / max(len({worker.host for worker in probed}), 1)
    return min(max(1, round(cores * unprobed)), MAX_CORES)
