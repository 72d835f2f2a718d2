"""Cores that share their time equally among all computations."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Generator
from typing import Any

import simpy

Steps = Generator[simpy.Event, Any, None]
Draw = Callable[[random.Random, float], float]


def exponential(rng: random.Random, mean: float) -> float:
    """Draw an exponentially distributed length."""
    return rng.expovariate(1.0 / mean) if mean else 0.0


def constant(rng: random.Random, mean: float) -> float:
    """Return the mean."""
    return mean


class SharedCores:
    """Processor sharing, event by event: every computation gets the same share of the time.

    The service that each has received grows at the same speed, so one clock of it (`_served`) orders all ends.
    """

    def __init__(self, env: simpy.Environment, cores: int, crowding: float = 0.0) -> None:
        self._env, self._cores, self._crowding = env, cores, crowding
        self._jobs: list[tuple[float, int, float, simpy.Event]] = []
        self._served, self._updated, self._wanted = 0.0, 0.0, 0.0
        self._number = self._alarm = 0

    def compute(self, seconds: float, width: float = 1.0) -> simpy.Event:
        """Return an event that fires after this many core seconds on `width` cores; its value is what is left."""
        self._advance()
        self._number += 1
        done = self._env.event()
        heapq.heappush(self._jobs, (self._served + seconds / width, self._number, width, done))
        self._wanted += width
        self._set_alarm()
        return done

    def interrupt(self, done: simpy.Event) -> None:
        """Let the event fire at once, though some work is left."""
        self._advance()
        index = next(index for index, job in enumerate(self._jobs) if job[3] is done)
        end, _, width, _ = self._jobs.pop(index)
        heapq.heapify(self._jobs)
        self._wanted -= width
        done.succeed(max(0.0, (end - self._served) * width))
        self._set_alarm()

    def _speed(self) -> float:
        if self._wanted <= 1e-9:
            return 0.0
        crowding = max(0.0, min(self._wanted / self._cores, 4.0) - 1.0)
        return min(1.0, self._cores / self._wanted) / (1.0 + self._crowding * crowding)

    def _advance(self) -> None:
        self._served += (self._env.now - self._updated) * self._speed()
        self._updated = self._env.now

    def _set_alarm(self) -> None:
        self._alarm += 1
        if not self._jobs:
            return
        alarm = self._alarm
        timeout = self._env.timeout(max(0.0, (self._jobs[0][0] - self._served) / self._speed()))
        timeout.callbacks.append(lambda _: self._finish_first(alarm))

    def _finish_first(self, alarm: int) -> None:
        if alarm != self._alarm:
            return  # superseded: another computation started or ended meanwhile
        self._advance()
        end, _, width, done = heapq.heappop(self._jobs)
        self._served = max(self._served, end)
        self._wanted -= width
        done.succeed(0.0)
        self._set_alarm()
