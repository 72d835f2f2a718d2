"""Seconds of whole jobs in threads and in processes, with the GIL as CPython hands it over."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import simpy

from benchmarks.simulation.cores import Draw, SharedCores, Steps, constant


@dataclass(frozen=True)
class Stretch:
    """A part of a call without a hand-over; `gil` and `blocked` hold the GIL, `blocked` without a core."""

    kind: Literal["gil", "blocked", "free", "wait"]
    seconds: float
    width: float = 1.0  # cores that a `free` stretch uses at once

    @property
    def holds(self) -> bool:
        return self.kind in ("gil", "blocked")


@dataclass(frozen=True)
class Host:
    """The simulated host: its cores, and what hand-overs of the GIL and too many wide calls cost."""

    cores: int
    hand_over: float = 0.0  # seconds from the release until a sleeper runs; waking it takes the other thread as long
    cold: float = 0.0  # share lost of a burst, or of its first `switch_interval`, after another thread had the GIL
    switch_interval: float = 5e-3
    crowding: float = 0.0


@dataclass(frozen=True)
class Calls:
    """A job: `count` calls of these stretches, whose lengths vary from call to call."""

    count: int
    stretches: tuple[Stretch, ...]
    spread: float = 0.0  # coefficient of variation of whole calls: gamma distributed, their mean exactly 1
    draw: Draw = constant  # of each stretch within its call
    seed: int = 0

    def factors(self, rng: random.Random) -> list[float]:
        """Return the length of each call relative to the mean."""
        if not self.spread:
            return [1.0] * self.count
        shape = self.spread**-2
        drawn = [max(rng.gammavariate(shape, 1.0), 1e-12) for _ in range(self.count)]
        return [self.count * factor / sum(drawn) for factor in drawn] if self.count < 10_000 else drawn


class Gil:
    """CPython's lock: no queue of owners, but sleepers that are woken one at a time and may come too late.

    A release wakes the first sleeper; until that one runs, any other thread may take the lock. After a
    `switch_interval` without a release, the holder is forced to release the lock, and waits until another thread has
    had it (ceval_gil.c).
    """

    def __init__(self, env: simpy.Environment, shared: SharedCores, host: Host) -> None:
        self._env, self._shared, self._host = env, shared, host
        self._sleepers: deque[simpy.Event] = deque()
        self._holder: int | None = None
        self._warm: int | None = None  # the thread whose data the caches hold
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
        """Free the GIL at once, then spend the time that waking a sleeper takes, even if the sleeper comes too late.

        With half of that time, files.read_log and files.fingerprint_folder came out faster than measured on threads.
        """
        self._holder = None
        self._turn += 1
        if self._sleepers:
            sleeper = self._sleepers.popleft()
            self._env.timeout(self._host.hand_over).callbacks.append(lambda _: sleeper.succeed())
            yield self._shared.compute(self._host.hand_over)

    def compute(self, thread: int, seconds: float) -> Steps:
        """Compute on a core with the GIL held, which may have to be released and taken again."""
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
                if self._turn == released:  # not taken yet
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
        self._env.timeout(self._host.switch_interval).callbacks.append(lambda _: self._force_release(turn))

    def _force_release(self, turn: int) -> None:
        if turn == self._turn and self._computing is not None and not self._computing.triggered and self._sleepers:
            self._shared.interrupt(self._computing)


class _Simulation:
    """The host that a job runs on, and the calls still to do."""

    def __init__(self, job: Calls, host: Host) -> None:
        self.env = simpy.Environment()
        self.shared = SharedCores(self.env, host.cores, host.crowding)
        self.job = job
        self.rng = random.Random(job.seed)
        self.left = deque(job.factors(self.rng))
        self.end = 0.0

    def done(self) -> None:
        """Note the end of a call; timers may run for longer."""
        self.end = self.env.now

    def draw_length(self, stretch: Stretch, factor: float) -> float:
        return self.job.draw(self.rng, stretch.seconds * factor)

    def without_gil(self, stretch: Stretch, factor: float) -> Steps:
        seconds = self.draw_length(stretch, factor)
        if stretch.kind in ("wait", "blocked"):
            yield self.env.timeout(seconds)
        else:
            yield self.shared.compute(seconds, stretch.width)


def threads_until_done(job: Calls, host: Host, workers: int, *, start: float = 0.0) -> float:
    """Simulate a thread pool that starts a thread every `start` seconds; return the seconds of the job."""
    run = _Simulation(job, host)
    gil = Gil(run.env, run.shared, host)

    def worker(thread: int) -> Steps:
        yield run.env.timeout(thread * start)
        holding = False
        while run.left:
            factor = run.left.popleft()
            for stretch in job.stretches:
                if stretch.holds and not holding:
                    yield from gil.take(thread)
                elif holding and not stretch.holds:
                    yield from gil.release()
                holding = stretch.holds
                if stretch.kind == "gil":
                    yield from gil.compute(thread, run.draw_length(stretch, factor))
                else:
                    yield from run.without_gil(stretch, factor)
            run.done()
        if holding:
            yield from gil.release()

    for number in range(workers):
        run.env.process(worker(number + 1))
    run.env.run()
    return run.end


def processes_until_done(
    job: Calls, host: Host, workers: int, *, chunk: int = 1, parent: float = 0.0, queued: int | None = None
) -> float:
    """Simulate a process pool whose parent spends `parent` seconds on each chunk; return the seconds of the job.

    As in concurrent.futures, the parent may be ahead by `queued` tasks (by default one more than workers): a slot is
    taken before the parent works on a task and is free once a worker has it. It spends half of its time on sending and
    half on collecting, one thing at a time, each on a core.
    """
    run = _Simulation(replace(job, stretches=merged(job.stretches)), host)
    slots = simpy.Resource(run.env, capacity=workers + 1 if queued is None else queued)
    parent_lock = simpy.Resource(run.env)
    queue = simpy.Store(run.env)

    def parent_phase() -> Steps:
        if parent:
            with parent_lock.request() as turn:
                yield turn
                yield run.shared.compute(parent / 2)

    def sender() -> Steps:
        while run.left:
            task = [run.left.popleft() for _ in range(min(chunk, len(run.left)))]
            slot = slots.request()
            yield slot
            yield from parent_phase()
            yield queue.put((slot, task))

    def collector() -> Steps:
        yield from parent_phase()
        run.done()

    def worker() -> Steps:
        while True:
            slot, task = yield queue.get()
            slots.release(slot)
            passes = task if len(task) * len(run.job.stretches) <= 16 else [sum(task)]
            for factor in passes:
                for stretch in run.job.stretches:
                    yield from run.without_gil(stretch, factor)
            run.env.process(collector())

    run.env.process(sender())
    for _ in range(workers):
        run.env.process(worker())
    run.env.run()
    return run.end


def merged(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Reduce the stretches of a call that shares its GIL with no other to computing and waiting, neighbours joined."""
    joined: list[Stretch] = []
    for stretch in stretches:
        kind: Literal["free", "wait"] = "wait" if stretch.kind in ("wait", "blocked") else "free"
        plain = Stretch(kind, stretch.seconds, stretch.width)
        if joined and (joined[-1].kind, joined[-1].width) == (plain.kind, plain.width):
            plain = replace(plain, seconds=joined.pop().seconds + plain.seconds)
        if plain.seconds:
            joined.append(plain)
    return tuple(joined)
