"""An independent discrete-event simulation of what advisor/queueing.py and advisor/costs predict, on SimPy.

It shares no code with the model: calls are single processes that take a lock, compute on cores that share their time
among all who want it, and sleep. There are two kinds of it:

- `simulate_threads` and `simulate_pool` visit each station once a call. What a call asks is drawn at random; the means
  really drawn are reported, so that the model can be asked about exactly the work that was simulated.
- `threads_until_done` and `processes_until_done` do a whole job of calls that are cut into stretches, with the GIL as
  CPython hands it over: whoever waits is woken, finds it taken by somebody quicker, or asks for it after 5 ms.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

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

    def __init__(self, env: simpy.Environment, cores: int, crowding: float = 0.0) -> None:
        self._env, self._cores, self._crowding = env, cores, crowding
        self._jobs: list[tuple[float, int, float, simpy.Event]] = []
        self._served, self._since, self._wanted = 0.0, 0.0, 0.0
        self._number = self._alarm = 0

    def compute(self, seconds: float, width: float = 1.0) -> simpy.Event:
        """An event that fires when this many core seconds are done, on `width` cores; its value is what is left."""
        self._advance()
        self._number += 1
        done = self._env.event()
        heapq.heappush(self._jobs, (self._served + seconds / width, self._number, width, done))
        self._wanted += width
        self._set_alarm()
        return done

    def cut_short(self, done: simpy.Event) -> None:
        """Let the event fire at once, though not everything is done."""
        self._advance()
        place = next(place for place, job in enumerate(self._jobs) if job[3] is done)
        end, _, width, _ = self._jobs.pop(place)
        heapq.heapify(self._jobs)
        self._wanted -= width
        done.succeed(max(0.0, (end - self._served) * width))
        self._set_alarm()

    def _speed(self) -> float:
        if self._wanted <= 1e-9:
            return 0.0
        crowd = max(0.0, min(self._wanted / self._cores, 4.0) - 1.0)
        return min(1.0, self._cores / self._wanted) / (1.0 + self._crowding * crowd)

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
        done.succeed(0.0)
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


@dataclass(frozen=True)
class Stretch:
    """A part of a call in which nothing changes hands; `gil` and `blocked` hold the GIL, `blocked` without a core."""

    kind: Literal["gil", "blocked", "free", "wait"]
    seconds: float
    width: float = 1.0  # cores that a `free` stretch uses at once

    @property
    def holds(self) -> bool:
        return self.kind in ("gil", "blocked")


@dataclass(frozen=True)
class Host:
    """What the simulated host charges for passing the GIL on, and for too many wide calls at once."""

    cores: int
    hand_over: float = 0.0  # seconds from letting go until a sleeper runs; waking it keeps the other as long
    cold: float = 0.0  # share lost of a burst, or of its first `switch_interval`, after another thread had the GIL
    switch_interval: float = 5e-3
    crowding: float = 0.0


@dataclass(frozen=True)
class Calls:
    """A job: so many calls of these stretches, whose lengths vary from call to call."""

    count: int
    stretches: tuple[Stretch, ...]
    spread: float = 0.0  # coefficient of variation of whole calls: gamma distributed, their mean exactly 1
    draw: Draw = constant  # of each stretch within its call
    seed: int = 0

    def factors(self, rng: random.Random) -> list[float]:
        """How many times as long as the mean each call is."""
        if not self.spread:
            return [1.0] * self.count
        shape = self.spread**-2
        drawn = [max(rng.gammavariate(shape, 1.0), 1e-12) for _ in range(self.count)]
        return [self.count * one / sum(drawn) for one in drawn] if self.count < 10_000 else drawn


class Gil:
    """CPython's lock: no queue of owners, but sleepers that are woken one at a time and may come too late.

    Who lets go wakes the sleeper that came first; until that one runs, anybody else may take it. After a
    `switch_interval` in which nobody let go, the holder is made to, and takes no part until somebody else had it
    (ceval_gil.c).
    """

    def __init__(self, env: simpy.Environment, shared: SharedCores, host: Host) -> None:
        self._env, self._shared, self._host = env, shared, host
        self._sleepers: deque[simpy.Event] = deque()
        self._holder: int | None = None
        self._warm: int | None = None  # whose data the caches hold
        self._computing: simpy.Event | None = None
        self._turn = 0

    def take(self, thread: int) -> Steps:
        if self._holder is not None:
            yield from self._sleep()
        self._holder = thread
        self._turn += 1
        if self._sleepers:
            self._set_timer()

    def release(self) -> Steps:
        """The GIL is free at once; waking somebody up keeps the thread that let go, even if the sleeper comes too late.

        With half of that time, files.read_log and files.fingerprint_folder came out faster than measured on threads.
        """
        self._holder = None
        self._turn += 1
        if self._sleepers:
            sleeper = self._sleepers.popleft()
            self._env.timeout(self._host.hand_over).callbacks.append(lambda _: sleeper.succeed())
            yield self._shared.compute(self._host.hand_over)

    def compute(self, thread: int, seconds: float) -> Steps:
        """On a core with the GIL held, which may have to be given away and taken again."""
        left = seconds
        while left > 0:
            if self._warm != thread:
                left += self._host.cold * min(left, self._host.switch_interval)
                self._warm = thread
            self._computing = self._shared.compute(left)
            left = yield self._computing
            self._computing = None
            if left > 0:
                released = self._turn + 1
                yield from self.release()
                if self._turn == released:  # nobody took it yet
                    yield from self._sleep()
                yield from self.take(thread)

    def _sleep(self) -> Steps:
        while True:
            if self._holder is not None and not self._sleepers:
                self._set_timer()
            woken = self._env.event()
            self._sleepers.append(woken)
            yield woken
            if self._holder is None:
                return

    def _set_timer(self) -> None:
        turn = self._turn
        self._env.timeout(self._host.switch_interval).callbacks.append(lambda _: self._make_let_go(turn))

    def _make_let_go(self, turn: int) -> None:
        if turn == self._turn and self._computing is not None and not self._computing.triggered and self._sleepers:
            self._shared.cut_short(self._computing)


class _Bench:
    """The parts of a host that a job runs on, and the calls still to do."""

    def __init__(self, job: Calls, host: Host) -> None:
        self.env = simpy.Environment()
        self.shared = SharedCores(self.env, host.cores, host.crowding)
        self.job = job
        self.rng = random.Random(job.seed)
        self.left = deque(job.factors(self.rng))
        self.end = 0.0

    def done(self) -> None:
        """A call is over; timers that nobody needs any more may run for longer."""
        self.end = self.env.now

    def length(self, stretch: Stretch, factor: float) -> float:
        return self.job.draw(self.rng, stretch.seconds * factor)

    def away_from_gil(self, stretch: Stretch, factor: float) -> Steps:
        seconds = self.length(stretch, factor)
        if stretch.kind in ("wait", "blocked"):
            yield self.env.timeout(seconds)
        else:
            yield self.shared.compute(seconds, stretch.width)


def threads_until_done(job: Calls, host: Host, workers: int, *, start: float = 0.0) -> float:
    """Seconds that a thread pool takes for the job; a thread more is there every `start` seconds."""
    bench = _Bench(job, host)
    gil = Gil(bench.env, bench.shared, host)

    def worker(thread: int) -> Steps:
        yield bench.env.timeout(thread * start)
        holding = False
        while bench.left:
            factor = bench.left.popleft()
            for stretch in job.stretches:
                if stretch.holds and not holding:
                    yield from gil.take(thread)
                elif holding and not stretch.holds:
                    yield from gil.release()
                holding = stretch.holds
                if stretch.kind == "gil":
                    yield from gil.compute(thread, bench.length(stretch, factor))
                else:
                    yield from bench.away_from_gil(stretch, factor)
            bench.done()
        if holding:
            yield from gil.release()

    for number in range(workers):
        bench.env.process(worker(number + 1))
    bench.env.run()
    return bench.end


def processes_until_done(
    job: Calls, host: Host, workers: int, *, chunk: int = 1, parent: float = 0.0, queued: int | None = None
) -> float:
    """Seconds that a process pool takes for the job, whose parent spends `parent` seconds on each chunk.

    As in concurrent.futures, the parent may be ahead by `queued` tasks (one more than workers unless told): a place is
    taken before the parent works on a task and is free once a worker has it. It spends half of its time on sending and
    half on collecting, one thing at a time, each on a core.
    """
    bench = _Bench(replace(job, stretches=merged(job.stretches)), host)
    places = simpy.Resource(bench.env, capacity=workers + 1 if queued is None else queued)
    hands = simpy.Resource(bench.env)
    queue = simpy.Store(bench.env)

    def parent_phase() -> Steps:
        if parent:
            with hands.request() as turn:
                yield turn
                yield bench.shared.compute(parent / 2)

    def sender() -> Steps:
        while bench.left:
            task = [bench.left.popleft() for _ in range(min(chunk, len(bench.left)))]
            place = places.request()
            yield place
            yield from parent_phase()
            yield queue.put((place, task))

    def collector() -> Steps:
        yield from parent_phase()
        bench.done()

    def worker() -> Steps:
        while True:
            place, task = yield queue.get()
            places.release(place)
            passes = task if len(task) * len(bench.job.stretches) <= 16 else [sum(task)]
            for factor in passes:
                for stretch in bench.job.stretches:
                    yield from bench.away_from_gil(stretch, factor)
            bench.env.process(collector())

    bench.env.process(sender())
    for _ in range(workers):
        bench.env.process(worker())
    bench.env.run()
    return bench.end


def merged(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """What is left of a call's stretches where nobody shares its GIL: computing and waiting, neighbours joined."""
    joined: list[Stretch] = []
    for stretch in stretches:
        kind: Literal["free", "wait"] = "wait" if stretch.kind in ("wait", "blocked") else "free"
        one = Stretch(kind, stretch.seconds, stretch.width)
        if joined and (joined[-1].kind, joined[-1].width) == (one.kind, one.width):
            one = replace(one, seconds=joined.pop().seconds + one.seconds)
        if one.seconds:
            joined.append(one)
    return tuple(joined)
