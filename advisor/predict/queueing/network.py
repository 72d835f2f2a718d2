"""Throughput of workers that circulate between one station and a delay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import mul
from typing import NamedTuple

from advisor.predict.queueing.stations import NEGLIGIBLE, Cores, StationDemands, station_rates

_DENSE = 16  # populations up to here are solved one by one, larger ones in steps


def population_sizes(largest: int, requested: int | None = None) -> list[int]:
    """Return the populations to solve: each up to 16, then in steps of an eighth or less, `largest` included.

    With `requested`, stop at that population, or at its upper neighbour.
    """
    last = largest if requested is None else requested
    sizes: list[int] = []
    population, step = 1, 1
    while population < largest:
        sizes.append(population)
        if population >= last:
            return sizes
        if population >= _DENSE * step:
            step *= 2
        population += step
    return [*sizes, largest]


def throughput(rates: Sequence[float], delay: float, population: int) -> float:
    """Return the calls per second of `population` workers between a station with these rates and a delay."""
    return mean_over(rates, occupancy(rates, delay, population))


class Occupancy(NamedTuple):
    """The distribution of the number of calls at a station: unnormalised weights from the smallest number on."""

    smallest: int
    weights: Sequence[float]


def occupancy(rates: Sequence[float], delay: float, population: int) -> Occupancy:
    """Solve the machine-repairman chain: k calls at the station, arrivals at (population - k) / delay.

    The weights are computed from the mode outwards, so that none can overflow and only those that count are computed.
    """
    if delay * max(rates[population], rates[1]) <= NEGLIGIBLE:
        return Occupancy(population, (1.0,))
    mode = _mode(rates, delay, population)
    above, below = [1.0], []
    weight = total = 1.0
    for k in range(mode + 1, population + 1):
        weight *= (population - k + 1) / (delay * rates[k])
        total += weight
        above.append(weight)
        if weight < NEGLIGIBLE * total:
            break
    weight = 1.0
    for k in range(mode, 0, -1):
        weight *= delay * rates[k] / (population - k + 1)
        total += weight
        below.append(weight)
        if weight < NEGLIGIBLE * total:
            break
    return Occupancy(mode - len(below), below[::-1] + above)


def _mode(rates: Sequence[float], delay: float, population: int) -> int:
    """Find, by bisection, the likeliest number of calls at the station."""
    low, high = 0, population
    while low < high:
        k = (low + high + 1) // 2
        if population - k + 1 >= delay * rates[k]:
            low = k
        else:
            high = k - 1
    return low


def mean_over(values: Sequence[float], distribution: Occupancy) -> float:
    """Return the mean of `values[k]` over the number k of calls at the station."""
    smallest, weights = distribution
    weighted: float = sum(map(mul, weights, values[smallest : smallest + len(weights)]))
    return weighted / sum(weights)


def interpolate(sizes: Sequence[int], values: Iterable[float]) -> list[float]:
    """Return a value for each population from 0 on: linear between the solved sizes, 0 for no calls."""
    curve = [0.0]
    for size, value in zip(sizes, values, strict=True):
        last, known = curve[-1], len(curve) - 1
        if size > known + 1:
            step = (value - last) / (size - known)
            curve += [last + step * i for i in range(1, size - known)]
        curve.append(value)
    return curve


def throughput_curve(demands: StationDemands, cores: Cores, workers: int, requested: int | None = None) -> list[float]:
    """Return the calls per second of 0 … `workers` workers that share a lock, the cores and nothing else.

    With `requested`, the curve need not go further than that.
    """
    sizes = population_sizes(workers, requested)
    rates = station_rates(demands, cores, sizes[-1])
    return interpolate(sizes, (throughput(rates, demands.delay, n) for n in sizes))
