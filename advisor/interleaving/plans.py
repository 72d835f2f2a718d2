"""Decide where threads are switched: at planned steps, or at random by priorities."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_SWITCHES = 250  # that a seed of at most MAX_SEED_DIGITS digits can hold
_MAX_ORDERS, _MAX_PAIRS = 1 << 9, 1 << 6


class _Base(NamedTuple):
    """The limits of the numbers in a seed."""

    steps: int
    threads: int


_SMALL = _Base(1 << 18, 1 << 8)
_LARGE = _Base(1 << 32, 1 << 20)


@dataclass
class Plan:
    """A schedule: threads run in an order, each until it blocks or ends, except for switches at given steps.

    Args:
        order: Threads, by priority.
        switches: The thread to continue with, by the number of the step.
    """

    order: tuple[int, ...]
    switches: Mapping[int, int] = field(default_factory=dict)

    def choose(self, step: int, runnable: Sequence[int], current: int | None, *, usual: int, can_switch: bool) -> int:
        """Return the thread that runs next, `usual` where nothing is planned.

        `current` is None if the running thread cannot continue.
        """
        planned = self.switches.get(step)
        if planned is not None and planned in runnable:
            return planned
        return usual

    def default(self, runnable: Sequence[int], current: int | None) -> int:
        """Return the thread that runs next where no switch is planned: the running one, or the first by the order."""
        if current is not None:
            return current
        ranked = [thread for thread in self.order if thread in runnable]
        return ranked[0] if ranked else runnable[0]

    @property
    def last_step(self) -> int:
        """The step of the last switch; 0 if there is none."""
        return max(self.switches, default=0)


class RandomPlan(Plan):
    """A schedule by random priorities, which change at a few random steps (Burckhardt et al., ASPLOS 2010).

    Args:
        order: Threads, by their priority where nothing is chosen at random.
        seed: Seed of the random choices.
        length: The number of steps among which those of the changes are chosen.
        depth: The number of changes.
        gil_only: Switch only where the interpreter checks whether to.
    """

    def __init__(self, order: tuple[int, ...], seed: int, length: int, *, depth: int, gil_only: bool) -> None:
        super().__init__(order)
        self.gil_only = gil_only
        self._random = random.Random(seed)
        self._changes = {self._random.randint(1, max(1, length)) for _ in range(depth)}
        self._priorities: dict[int, float] = {}
        self._low = 0.0

    def choose(self, step: int, runnable: Sequence[int], current: int | None, *, usual: int, can_switch: bool) -> int:
        """Return the thread of the highest priority; a change lowers that of the running one."""
        due = {change for change in self._changes if change <= step}
        if current is not None and not (can_switch and due):
            return current
        if current is not None:
            self._changes.difference_update(due)
            self._low -= 1.0
            self._priorities[current] = self._low
        for thread in runnable:
            self._priorities.setdefault(thread, self._random.random())
        return max(runnable, key=lambda thread: self._priorities[thread])

    @property
    def last_step(self) -> int:
        """The step of the last switch, which is unknown."""
        return 1 << 62


def encode(pair: int, order: int, switches: Mapping[int, int]) -> int:
    """Return the number that stands for a schedule of a pair of calls."""
    is_large = any(step >= _SMALL.steps or thread + 1 >= _SMALL.threads for step, thread in switches.items())
    base = _LARGE if is_large else _SMALL
    seed = 0
    for step, thread in sorted(switches.items()):
        seed = (seed * base.steps + step) * base.threads + thread + 1
    return ((seed * 2 + is_large) * _MAX_ORDERS + order) * _MAX_PAIRS + pair


def decode(seed: int) -> tuple[int, int, dict[int, int]]:
    """Return the pair, the order and the switches that a number stands for."""
    seed, pair = divmod(seed, _MAX_PAIRS)
    seed, order = divmod(seed, _MAX_ORDERS)
    seed, is_large = divmod(seed, 2)
    base = _LARGE if is_large else _SMALL
    switches: dict[int, int] = {}
    while seed:
        seed, thread = divmod(seed, base.threads)
        seed, step = divmod(seed, base.steps)
        switches[step] = thread - 1
    return pair, order, switches
