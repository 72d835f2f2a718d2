"""The lock and the cores as one station: how many calls per second it completes, by the number of calls inside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

NEGLIGIBLE = 1e-13  # states with less weight than this do not change the result
HUGE = 1e200  # weights of a chain are scaled down beyond this, long before a float overflows
_MAX_CROWDING = 4.0  # wanted cores per core; the loss to crowding was not measured beyond that


@dataclass(frozen=True)
class Cores:
    """`count` equal cores; `scaling` is the speed of each while all are busy, relative to one alone."""

    count: int
    scaling: float = 1.0

    def speed(self, busy: float) -> float:
        """Return the relative speed of a core while `busy` cores work: linear between one and all."""
        if busy <= 1 or self.count == 1:
            return 1.0
        if busy >= self.count:
            return self.scaling
        return 1.0 - (1.0 - self.scaling) * (busy - 1) / (self.count - 1)

    def share(self, wanted: float) -> float:
        """Return the speed of each computation while `wanted` cores are wanted; 1 is that of a core alone."""
        speed = self.speed(wanted)
        return speed if wanted <= self.count else speed * self.count / wanted


@dataclass(frozen=True)
class StationDemands:
    """Seconds that one call demands of each station; a call that runs alone takes exactly their sum."""

    locked: float = 0.0  # on a core, holding the lock
    blocked: float = 0.0  # holding the lock without a core
    parallel: float = 0.0  # core seconds without the lock
    delay: float = 0.0
    width: float = 1.0  # cores that the parallel part uses at once
    contended: float = 0.0  # extra seconds of the lock per call while another call wants it
    crowding: float = 0.0  # share lost per wanted core beyond one per core, by calls wider than one core

    @cached_property
    def computing(self) -> float:
        """Return `parallel`, kept far enough above zero to be invertible."""
        return max(self.parallel, NEGLIGIBLE * (self.locked + self.blocked + self.delay), 1e-200)

    def alone(self, cores: Cores) -> float:
        """Return the seconds of a call that has the host to itself."""
        return self.locked + self.blocked + self.delay + self.parallel / min(self.width, cores.count)


def station_rates(demands: StationDemands, cores: Cores, population: int) -> list[float]:
    """Return the completions per second of lock and cores together, with 0, 1, … `population` calls inside.

    The state is the number of calls past the lock, in a birth-death chain. While two or more calls want the lock, its
    rate depends on the state alone, so the weights of the states up to n-2 serve every larger n, and all populations
    together take linear time. Only the last two states differ: with one call at the lock there is no hand-over, and
    with none there the lock's holder takes no core.
    """
    alone = computing_rates(demands, cores, population)
    if demands.locked + demands.blocked <= NEGLIGIBLE * demands.computing:
        return alone
    beside_holder = computing_rates(demands, cores, population, others=1)
    rates = [0.0]
    weight, total, flow = 1.0, 0.0, 0.0  # of state n-1; sums over the states before it
    edge, entering = 1.0, 0.0  # the weight of state n-1 where it is the last but one; the flow into it
    for j, share in enumerate(core_shares(cores, demands.width, population - 1, others=1)):
        on_core = demands.locked / share
        lock_time = on_core + demands.blocked
        contended_time = lock_time + demands.contended
        if j:  # the holder takes a core for a share of the time
            slowdown = beside_holder[j] - alone[j]
            edge = entering / (alone[j] + slowdown * on_core / lock_time)
            weight = entering / (alone[j] + slowdown * on_core / contended_time)
        through = edge / lock_time
        rates.append((flow + through) / (total + edge + through / alone[j + 1]))
        entering = weight / contended_time
        total += weight
        flow += entering
        if weight < NEGLIGIBLE * total:
            return rates + [flow / total] * (population - j - 1)
        if total > HUGE:
            entering, total, flow = entering / HUGE, total / HUGE, flow / HUGE
    return rates


@lru_cache(maxsize=64)
def core_shares(cores: Cores, width: float, population: int, others: int = 0) -> tuple[float, ...]:
    """Return the speed of each of 0 … `population` calls of this width, beside `others` further cores in use."""
    saturated = cores.speed(cores.count) * cores.count
    wanted_cores = [width * calls + others for calls in range(population + 1)]
    return tuple([cores.share(wanted) if wanted < cores.count else saturated / wanted for wanted in wanted_cores])


def computing_rates(demands: StationDemands, cores: Cores, population: int, others: int = 0) -> list[float]:
    """Return the completions per second of 0 … `population` calls that compute without the lock.

    `others` further cores are in use meanwhile.
    """
    # A wide call was measured with that many cores busy, at the speed they then have.
    each = demands.width / demands.computing / cores.speed(demands.width)
    shares = core_shares(cores, demands.width, population, others)
    rates = [calls * share * each for calls, share in enumerate(shares)]
    if demands.width > 1 and demands.crowding:
        rates = [rate / _crowding_factor(demands, cores, calls) for calls, rate in enumerate(rates)]
    return rates


def _crowding_factor(demands: StationDemands, cores: Cores, calls: int) -> float:
    wanted = demands.width * calls
    return 1.0 + demands.crowding * max(0.0, min(wanted / cores.count, _MAX_CROWDING) - 1.0)
