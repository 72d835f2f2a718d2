"""Processes with a lock and several threads each, which share the cores of a host.

One process is the network of `stations`, and processes with one thread each need no lock at all. In between, the
state is again the number of calls past the locks: those that want a lock are spread over the processes at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from advisor.predict.queueing.network import interpolate, population_sizes, throughput
from advisor.predict.queueing.stations import HUGE, NEGLIGIBLE, Cores, StationDemands, computing_rates, station_rates


@dataclass(frozen=True)
class LockedHost:
    """A host whose processes have a lock and the same number of threads each.

    `others` further cores are in use by something else.
    """

    demands: StationDemands
    cores: Cores
    processes: int
    threads_each: int
    others: int = 0

    @property
    def threads(self) -> int:
        return self.processes * self.threads_each

    def throughput(self) -> float:
        """Return the calls per second while all threads are busy."""
        demands, threads = self._without_lone_locks(), self.threads
        if demands.delay * 1e9 <= demands.locked + demands.blocked + demands.parallel:
            return self._rate(demands, threads)
        sizes = population_sizes(threads)
        return throughput(interpolate(sizes, self._rates(demands, sizes)), demands.delay, threads)

    def curve(self) -> list[float]:
        """Return the calls per second of 0, 1, … all threads, spread evenly over the processes."""
        demands, sizes = self._without_lone_locks(), population_sizes(self.threads)
        rates = interpolate(sizes, self._rates(demands, sizes))
        return interpolate(sizes, (throughput(rates, demands.delay, n) for n in sizes))

    def _without_lone_locks(self) -> StationDemands:
        """Return the demands, with the locks as plain computing and waiting if no two threads share one."""
        demands = self.demands
        if self.threads_each > 1:
            return demands
        return replace(
            demands,
            locked=0.0,
            blocked=0.0,
            contended=0.0,
            parallel=demands.locked + demands.parallel,
            delay=demands.delay + demands.blocked,
        )

    def _rates(self, demands: StationDemands, sizes: Sequence[int]) -> list[float]:
        if demands.locked + demands.blocked <= NEGLIGIBLE * demands.computing:
            rates = computing_rates(demands, self.cores, sizes[-1], self.others)
            return [rates[n] for n in sizes]
        if self.processes == 1 and not self.others:
            rates = station_rates(demands, self.cores, sizes[-1])
            return [rates[n] for n in sizes]
        return [self._rate(demands, n) for n in sizes]

    def _rate(self, demands: StationDemands, inside: int) -> float:
        """Return the completions per second of locks and cores with so many calls inside."""
        if demands.locked + demands.blocked <= NEGLIGIBLE * demands.computing:
            return computing_rates(demands, self.cores, inside, self.others)[inside]
        each = demands.width / demands.computing / self.cores.speed(demands.width)
        on_core = demands.locked / (demands.locked + demands.blocked)  # of the time that a lock is held
        locks = locks_in_use(self.processes, self.threads_each)
        weight, total, flow, entering = 1.0, 0.0, 0.0, 0.0
        for past in range(inside + 1):
            wanting = inside - past
            busy = locks.busy[wanting]
            share = self.cores.share(max(1.0, busy * on_core + demands.width * past + self.others))
            if past:
                weight = entering / (past * share * each)
            total += weight
            if not wanting:
                break
            contended = locks.contended[wanting] * demands.contended
            entering = weight * busy / (demands.locked / share + demands.blocked + contended)
            flow += entering
            if weight < NEGLIGIBLE * total:
                break
            if total > HUGE:
                entering, total, flow = entering / HUGE, total / HUGE, flow / HUGE
        return flow / total


class LocksInUse(NamedTuple):
    """The locks of several processes, by the number of calls that want one: 0, 1, … all."""

    busy: Sequence[float]  # mean number of locks that are held
    contended: Sequence[float]  # share of these that another call waits for


@lru_cache(maxsize=256)
def locks_in_use(processes: int, threads_each: int) -> LocksInUse:
    """Return how the calls that want a lock spread over the processes, as in a network of product form.

    With i of its m calls at the lock, a process has a weight of 1 / (m - i)!, since the others do not queue.
    """
    weights = [1.0]
    for at_lock in range(1, threads_each + 1):
        weights.append(weights[-1] * (threads_each - at_lock + 1) / threads_each)
    others = [1.0]  # weights of the number of calls at the locks of all processes but one
    for _ in range(processes - 1):
        others = _convolution(others, weights)
    together = _convolution(others, weights)
    busy, contended = [0.0], [0.0]
    for wanting in range(1, processes * threads_each + 1):
        none = others[wanting] / together[wanting] if wanting < len(others) else 0.0
        one = weights[1] * others[wanting - 1] / together[wanting] if wanting <= len(others) else 0.0
        held = max(1e-9, 1.0 - none)
        busy.append(processes * held)
        contended.append(max(0.0, 1.0 - one / held))
    return LocksInUse(busy, contended)


def _convolution(first: Sequence[float], second: Sequence[float]) -> list[float]:
    result = [0.0] * (len(first) + len(second) - 1)
    for i, left in enumerate(first):
        for j, right in enumerate(second, start=i):
            result[j] += left * right
    return result


def fed_throughput(beside_busy: Sequence[float], beside_idle: float, handed_out: Sequence[float], queued: int) -> float:
    """Return the tasks per second of workers to which a single server sends tasks, `queued` of them ahead.

    A birth-death chain over the tasks that are out.

    Args:
        beside_busy: Tasks per second that 0, 1, … all workers complete while the server works.
        beside_idle: The same of all workers while it has nothing to do, since all tasks are out.
        handed_out: Tasks per second that the server sends while 0, 1, … all workers are busy.
        queued: Tasks that are out beyond one for each worker; at least 1.
    """
    workers = len(beside_busy) - 1
    weight = total = 1.0
    flow = handed_out[0]
    for out in range(1, workers + 1):
        weight *= handed_out[out - 1] / beside_busy[out]
        total += weight
        flow += weight * handed_out[out]
        if total > HUGE:
            weight, total, flow = weight / HUGE, total / HUGE, flow / HUGE
    onward = handed_out[workers]
    for _ in range(queued - 1):
        weight *= onward / beside_busy[workers]
        total += weight
        flow += weight * onward
        if total > HUGE:
            weight, total, flow = weight / HUGE, total / HUGE, flow / HUGE
    total += weight * onward / beside_idle
    return flow / total
