"""Throughput of a process pool, whose parent hands out tasks ahead of the workers."""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

from advisor.predict.queueing.network import (
    Occupancy,
    interpolate,
    mean_over,
    occupancy,
    population_sizes,
    throughput,
)
from advisor.predict.queueing.stations import HUGE, NEGLIGIBLE, Cores, StationDemands, computing_rates, core_shares

EXACT_WORKERS = 4  # the chain is solved without an approximation up to here


class ProcessPool:
    """A pool of up to `workers` processes, whose parent spends `parent` seconds on each task.

    With `requested`, no larger number of workers will be asked for.
    """

    def __init__(
        self, demands: StationDemands, cores: Cores, parent: float, workers: int, requested: int | None = None
    ) -> None:
        self._demands, self._cores, self._parent = demands, cores, parent
        self._sizes = population_sizes(workers, requested)
        self._largest = self._sizes[-1]

    @cached_property
    def beside_idle_parent(self) -> list[float]:
        """Return the tasks per second of 0 … all busy workers while the parent is idle."""
        rates, delay = self._rates_beside_idle_parent, self._demands.delay
        return interpolate(self._sizes, (throughput(rates, delay, n) for n in self._sizes))

    def throughput(self, workers: int, queued: int) -> float:
        """Return the tasks per second of `workers` processes, whose parent runs ahead by `queued` tasks.

        A birth-death chain over the outstanding tasks, with the workers as a flow-equivalent server. The parent stops
        at workers + queued, and needs a core like any worker. A returning task makes the parent and a worker compute
        at the same time, which that server averages away: 5 % too fast with two workers on one core. The chain of a
        few workers is small enough to be solved exactly.
        """
        if self._parent * self.beside_idle_parent[workers] <= NEGLIGIBLE:
            return self.beside_idle_parent[workers]
        if workers <= EXACT_WORKERS and self._demands.delay:
            return self._exact_throughput(workers, workers + queued)
        return self._aggregated_throughput(workers, queued)

    def _aggregated_throughput(self, workers: int, queued: int) -> float:
        """Solve the chain up to one task per worker; beyond, with all workers busy, every step is the same."""
        handed_out, returned = self._handed_out[workers], self._beside_busy_parent[workers]
        last = handed_out / self.beside_idle_parent[workers]  # with all tasks out, the parent is idle
        lower = self._lower_states[workers]
        ratio = handed_out / returned
        if ratio <= 1.0:  # weights relative to that of the state in which all workers are busy
            total, before = _geometric_sum(ratio, queued), lower.weight
            last *= ratio ** (queued - 1)
        else:  # or relative to that of the last task being handed out
            total, before = _geometric_sum(1.0 / ratio, queued), lower.weight * ratio ** (1 - queued)
        return (before * lower.throughput + total * handed_out) / (before + total + last)

    @cached_property
    def _lower_states(self) -> list[StatesBelow]:
        """Summarise, for 0 … all tasks out with a worker for each, the states with fewer tasks out."""
        summaries = [StatesBelow(0.0, 0.0)]
        weight = mean = 0.0
        for out, returned in zip(self._handed_out, self._beside_busy_parent[1:], strict=False):
            mean = (weight * mean + out) / (weight + 1.0)
            weight = min((weight + 1.0) * returned / out, HUGE)
            summaries.append(StatesBelow(weight, mean))
        return summaries

    @cached_property
    def _handed_out(self) -> list[float]:
        """Return the tasks that the parent hands out per second beside 0 … all busy workers."""
        shares = interpolate(self._sizes, (mean_over(self._parent_shares, tasks) for tasks in self._computing_tasks))
        return [1.0 / self._parent, *(share / self._parent for share in shares[1:])]

    @cached_property
    def _beside_busy_parent(self) -> list[float]:
        """Return the tasks per second of 0 … all busy workers while the parent takes a core."""
        rates = self._rates_beside_busy_parent
        return interpolate(self._sizes, (mean_over(rates, tasks) for tasks in self._computing_tasks))

    @cached_property
    def _computing_tasks(self) -> list[Occupancy]:
        """Return, for each solved size, how many tasks compute while the parent takes a core."""
        return [occupancy(self._rates_beside_busy_parent, self._demands.delay, n) for n in self._sizes]

    @cached_property
    def _parent_shares(self) -> tuple[float, ...]:
        """Return the relative speed of the parent beside 0 … all computing tasks."""
        return core_shares(self._cores, self._demands.width, self._largest, others=1)

    @cached_property
    def _rates_beside_idle_parent(self) -> list[float]:
        return computing_rates(self._demands, self._cores, self._largest)

    @cached_property
    def _rates_beside_busy_parent(self) -> list[float]:
        return computing_rates(self._demands, self._cores, self._largest, others=1)

    def _exact_throughput(self, workers: int, max_tasks: int) -> float:
        """Solve the chain of pairs (tasks out, tasks computing); the other tasks out wait, or queue for a worker."""
        delay = self._demands.delay
        handed_out = [share / self._parent for share in self._parent_shares[: workers + 1]]
        states = [(tasks, computing) for tasks in range(max_tasks + 1) for computing in range(min(tasks, workers) + 1)]
        index = {state: number for number, state in enumerate(states)}
        flows = [[0.0] * len(states) for _ in states]
        for flow, (tasks, computing) in zip(flows, states, strict=True):
            busy = min(tasks, workers)
            if tasks < max_tasks:
                flow[index[tasks + 1, computing + (tasks < workers)]] = handed_out[computing]
            if computing:
                rates = self._rates_beside_busy_parent if tasks < max_tasks else self._rates_beside_idle_parent
                flow[index[tasks, computing - 1]] = rates[computing]
            if computing < busy:
                flow[index[tasks - 1, computing + (tasks > workers)]] = (busy - computing) / delay
        probabilities = _stationary(flows, reach=workers + 2)
        return sum(
            probability * handed_out[computing]
            for probability, (tasks, computing) in zip(probabilities, states, strict=True)
            if tasks < max_tasks
        )


class StatesBelow(NamedTuple):
    """The states of a chain below a given one: their weight relative to it, and their mean throughput."""

    weight: float
    throughput: float


def _geometric_sum(base: float, terms: int) -> float:
    """Return 1 + base + base² + …, accurate for a `base` close to 1 too."""
    return float(terms) if base == 1.0 else math.expm1(terms * math.log(base)) / (base - 1.0)


def _stationary(flows: list[list[float]], reach: int) -> list[float]:
    """Return the stationary probabilities of a Markov chain with these rates from state to state; alters `flows`.

    No state leads to one further away than `reach`. Grassmann, Taksar and Heyman, Operations Research 33 (1985):
    elimination without subtraction, and so without loss of digits, however different the rates are.
    """
    for state in range(len(flows) - 1, 0, -1):
        near = range(max(0, state - reach), state)
        onward = flows[state][near.start : state]
        leaving = sum(onward)
        for flow in flows[near.start : state]:
            visits = flow[state] = flow[state] / leaving
            if visits:
                flow[near.start : state] = [
                    a + visits * b for a, b in zip(flow[near.start : state], onward, strict=True)
                ]
    weights = [1.0]
    for state in range(1, len(flows)):
        near = range(max(0, state - reach), state)
        weights.append(sum(weights[origin] * flows[origin][state] for origin in near))
    total = sum(weights)
    return [weight / total for weight in weights]
