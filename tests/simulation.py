"""An independent discrete-event simulation of the stations that advisor/queueing.py solves, on SimPy.

It shares no code with the model: calls are single processes that take a lock (first come, first served), compute on
cores that share their time among all who want it, and sleep. What each call asks is drawn at random; the means really
drawn are reported, so that the model can be asked about exactly the work that was simulated.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

Steps = Generator[simpy.Event, Any, None]
Draw = Callable[[random.Random, float], float]


def exponential(rng: random.Random, mean: float) -> float:
    """Lengths without memory."""
    return rng.expovariate(1.0 / mean) if mean else 0.0


def constant(rng: random.Random, mean: float) -> float:
    """Lengths all the same."""
    return mean


@dataclass(frozen=True)
class Work:
    """Mean seconds that a call asks of each station."""

    locked: float = 0.0
    parallel: float = 0.0
    delay: float = 0.0
    parent: float = 0.0
    blocked: float = 0.0
    width: float = 1.0


# Each regime at which the model is checked; a call lasts about a second alone.
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
    """What was seen: steady calls per second, the end of the last call, and the mean work really drawn."""

    rate: float
    makespan: float
    drawn: Work


class SharedCores:
    """Processor sharing, event by event: whoever wants a core gets the same share of the time.

    Every job's service grows at the same speed, so a clock of the service given to each (`_served`) orders all ends.
    """

    def __init__(self, env: simpy.Environment, cores: int) -> None:
        self._env, self._cores = env, cores
        self._jobs: list[tuple[float, int, float, simpy.Event]] = []
        self._served, self._since, self._wanted = 0.0, 0.0, 0.0
        self._number = self._alarm = 0

    def compute(self, seconds: float, width: float = 1.0) -> simpy.Event:
        """An event that fires when this many core seconds are done, on `width` cores at once."""
        self._advance()
        self._number += 1
        done = self._env.event()
        heapq.heappush(self._jobs, (self._served + seconds / width, self._number, width, done))
        self._wanted += width
        self._set_alarm()
        return done

    def _speed(self) -> float:
        return min(1.0, self._cores / self._wanted) if self._wanted > 1e-9 else 0.0

    def _advance(self) -> None:
        self._served += (self._env.now - self._since) * self._speed()
        self._since = self._env.now

    def _set_alarm(self) -> None:
        self._alarm += 1
        if not self._jobs:
            return
        alarm = self._alarm
        timeout = self._env.timeout(max(0.0, (self._jobs[0][0] - self._served) / self._speed()))
        timeout.callbacks.append(lambda _: self._finish_first(alarm))

    def _finish_first(self, alarm: int) -> None:
        if alarm != self._alarm:
            return  # somebody came meanwhile and set another
        self._advance()
        end, _, width, done = heapq.heappop(self._jobs)
        self._served = max(self._served, end)
        self._wanted -= width
        done.succeed()
        self._set_alarm()


@dataclass
class _Run:
    """State of one simulation."""

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

    def length(self, name: str) -> float:
        seconds = self.draw(self.rng, getattr(self.work, name))
        self.sums[name] = self.sums.get(name, 0.0) + seconds
        return seconds

    def locked_phase(self) -> Steps:
        if self.work.locked or self.work.blocked:
            with self.lock.request() as turn:
                yield turn
                if self.work.locked:
                    yield self.shared.compute(self.length("locked"))
                if self.work.blocked:
                    yield self.env.timeout(self.length("blocked"))

    def free_phase(self) -> Steps:
        if self.work.parallel:
            yield self.shared.compute(self.length("parallel"), self.work.width)
        if self.work.delay:
            yield self.env.timeout(self.length("delay"))

    def outcome(self, workers: int) -> Outcome:
        """The rate leaves out the start, until every worker is at work, and the drain at the end."""
        first, last = min(2 * workers, self.calls // 4), self.calls - workers
        rate = (last - first) / (self.ends[last - 1] - self.ends[first - 1]) if last > first > 0 else 0.0
        drawn = {name: total / self.calls for name, total in self.sums.items()}
        return Outcome(rate, self.ends[-1], Work(**{**drawn, "width": self.work.width}))


def simulate_threads(
    work: Work, *, workers: int, cores: int, calls: int, seed: int, draw: Draw = exponential
) -> Outcome:
    """Workers that take the next call as soon as they are done with one, and share a lock and the cores."""
    run = _Run(work, cores, calls, seed, draw)

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


def simulate_pool(
    work: Work, *, workers: int, cores: int, calls: int, seed: int, queued: int | None = None, draw: Draw = exponential
) -> Outcome:
    """A parent that sends each task through a queue of `queued` places and collects each result.

    As in concurrent.futures, a place is taken before the parent works on the task and is free once a worker has it.
    It spends half of `parent` on sending and half on collecting, one thing at a time, each on a core.
    """
    run = _Run(work, cores, calls, seed, draw)
    places = simpy.Resource(run.env, capacity=workers + 1 if queued is None else queued)
    queue = simpy.Store(run.env)

    def parent_phase() -> Steps:
        if run.work.parent:
            with run.lock.request() as turn:
                yield turn
                yield run.shared.compute(run.length("parent") / 2)

    def sender() -> Steps:
        for _ in range(calls):
            place = places.request()
            yield place
            yield from parent_phase()
            yield queue.put(place)

    def collector() -> Steps:
        yield from parent_phase()
        run.ends.append(run.env.now)

    def worker() -> Steps:
        while run.left:
            run.left -= 1
            place = yield queue.get()
            places.release(place)
            yield from run.free_phase()
            run.env.process(collector())

    run.env.process(sender())
    for _ in range(workers):
        run.env.process(worker())
    run.env.run()
    outcome = run.outcome(workers)
    parts = outcome.drawn  # `parent` was drawn twice a call, and half of each was spent
    drawn = Work(parallel=parts.parallel, delay=parts.delay, parent=parts.parent / 2, width=parts.width)
    return Outcome(outcome.rate, outcome.makespan, drawn)
