"""Throughput of threads and of process pools whose calls visit each station once."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import simpy

from benchmarks.simulation.cores import Draw, SharedCores, Steps, exponential


@dataclass(frozen=True)
class Work:
    """Mean seconds that a call demands of each station."""

    locked: float = 0.0
    parallel: float = 0.0
    delay: float = 0.0
    parent: float = 0.0
    blocked: float = 0.0
    width: float = 1.0


# The regimes in which the model is checked; a call alone lasts about a second.
ON_THREADS: dict[str, Work] = {
    "GIL-bound": Work(locked=0.5, parallel=0.3, delay=0.2),
    "pure Python": Work(locked=1.0),
    "GIL and waits": Work(locked=0.1, parallel=0.05, delay=0.85),
    "core-bound": Work(locked=0.02, parallel=0.9, delay=0.08),
    "native only": Work(parallel=1.0),
    "wait-bound": Work(locked=0.005, parallel=0.01, delay=0.985),
    "all balanced": Work(locked=0.07, parallel=0.4, delay=0.53),
    "GIL as long as native": Work(locked=0.4, parallel=0.4, delay=0.2),
    "blocked with the GIL": Work(locked=0.1, blocked=0.1, parallel=0.4, delay=0.4),
    "two cores a call": Work(locked=0.1, parallel=1.0, delay=0.4, width=2.0),
}
IN_PROCESSES: dict[str, Work] = {
    "core-bound": Work(parallel=1.0, parent=0.005),
    "parent-bound": Work(parallel=0.5, parent=0.3),
    "parent and waits": Work(parallel=0.2, delay=0.7, parent=0.1),
    "half waits": Work(parallel=0.5, delay=0.5, parent=0.01),
    "wait-bound": Work(parallel=0.02, delay=0.98, parent=0.002),
    "all balanced": Work(parallel=0.4, delay=0.5, parent=0.06),
}


@dataclass
class Outcome:
    """Steady calls per second, the end of the last call, and the mean work actually drawn."""

    rate: float
    makespan: float
    drawn: Work


@dataclass
class _Simulation:
    work: Work
    cores: int
    calls: int
    seed: int
    draw: Draw
    ends: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.env = simpy.Environment()
        self.rng = random.Random(self.seed)
        self.shared = SharedCores(self.env, self.cores)
        self.lock = simpy.Resource(self.env)
        self.left = self.calls
        self.sums: dict[str, float] = {}

    def draw_length(self, name: str) -> float:
        seconds = self.draw(self.rng, getattr(self.work, name))
        self.sums[name] = self.sums.get(name, 0.0) + seconds
        return seconds

    def locked_phase(self) -> Steps:
        if self.work.locked or self.work.blocked:
            with self.lock.request() as turn:
                yield turn
                if self.work.locked:
                    yield self.shared.compute(self.draw_length("locked"))
                if self.work.blocked:
                    yield self.env.timeout(self.draw_length("blocked"))

    def free_phase(self) -> Steps:
        if self.work.parallel:
            yield self.shared.compute(self.draw_length("parallel"), self.work.width)
        if self.work.delay:
            yield self.env.timeout(self.draw_length("delay"))

    def outcome(self, workers: int) -> Outcome:
        """Sum up; the rate leaves out the start, until every worker is busy, and the drain at the end."""
        first, last = min(2 * workers, self.calls // 4), self.calls - workers
        rate = (last - first) / (self.ends[last - 1] - self.ends[first - 1]) if last > first > 0 else 0.0
        drawn = {name: total / self.calls for name, total in self.sums.items()}
        return Outcome(rate, self.ends[-1], Work(**{**drawn, "width": self.work.width}))


def simulate_threads(
    work: Work, *, workers: int, cores: int, calls: int, seed: int, draw: Draw = exponential
) -> Outcome:
    """Simulate workers that take the next call as soon as they are free, and share a lock and the cores."""
    run = _Simulation(work, cores, calls, seed, draw)

    def worker() -> Steps:
        while run.left:
            run.left -= 1
            yield from run.locked_phase()
            yield from run.free_phase()
            run.ends.append(run.env.now)

    for _ in range(workers):
        run.env.process(worker())
    run.env.run()
    return run.outcome(workers)


def simulate_pool(work: Work, *, workers: int, cores: int, calls: int, seed: int, draw: Draw = exponential) -> Outcome:
    """Simulate a parent that sends each task through a bounded queue and collects each result.

    As in concurrent.futures, the queue has one slot more than workers; a slot is taken before the parent works on the
    task and is free once a worker has it. The parent spends half of `work.parent` on sending and half on collecting,
    one thing at a time, each on a core.
    """
    run = _Simulation(work, cores, calls, seed, draw)
    slots = simpy.Resource(run.env, capacity=workers + 1)
    queue = simpy.Store(run.env)

    def parent_phase() -> Steps:
        if run.work.parent:
            with run.lock.request() as turn:
                yield turn
                yield run.shared.compute(run.draw_length("parent") / 2)

    def sender() -> Steps:
        for _ in range(calls):
            slot = slots.request()
            yield slot
            yield from parent_phase()
            yield queue.put(slot)

    def collector() -> Steps:
        yield from parent_phase()
        run.ends.append(run.env.now)

    def worker() -> Steps:
        while run.left:
            run.left -= 1
            slot = yield queue.get()
            slots.release(slot)
            yield from run.free_phase()
            run.env.process(collector())

    run.env.process(sender())
    for _ in range(workers):
        run.env.process(worker())
    run.env.run()
    outcome = run.outcome(workers)
    parts = outcome.drawn  # `parent` was drawn twice per call, and half of each was spent
    drawn = Work(parallel=parts.parallel, delay=parts.delay, parent=parts.parent / 2, width=parts.width)
    return Outcome(outcome.rate, outcome.makespan, drawn)
