"""Closed queueing networks: how many calls a second get through when a fixed number of workers circle.

A worker's call visits three kinds of station:

- the *lock*, a single server (the GIL, an event loop): its holder needs a core too, unless it is blocked there;
- the *cores*, a multi-server shared by all who compute, the lock's holder among them;
- the *delay*, where nobody queues: waiting for a network, a disk, a timer.

The lock's holder occupies two resources at once, so the network has no product form. Lock and cores together are
therefore solved as one small Markov chain for every number of calls inside (`station_rates`), and take part in the rest
of the network as one station with load-dependent rates: the flow-equivalent server of Chandy, Herzog and Woo,
"Parametric analysis of queuing networks", IBM J. Res. Dev. 19 (1975). What remains is a birth-death chain, solved
exactly (`throughput`). Mean demands suffice: shared cores and delays do not care for the shape of the distribution
(Baskett, Chandy, Muntz, Palacios 1975).

A process pool differs: its parent hands out tasks ahead of the workers, up to the length of the pool's queue, and is no
part of a call's own path (`Pool`).

Times are seconds, rates are calls per second. Nothing here knows a Profile.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from operator import mul
from typing import NamedTuple

_HUGE = 1e200  # a chain's weights are scaled down beyond this, long before a float overflows
_NEGLIGIBLE = 1e-13  # states that weigh less than this do not change the result
_DENSE = 16  # populations up to here are solved one by one, beyond it in steps
FEW_WORKERS = 4  # up to here a process pool's chain is solved without an approximation
_DRAIN_POWER = 1.6  # of the spread, in the drain of tasks of unequal length
_MOST_CROWDED = 4.0  # beyond this many wanted cores a core the loss to crowding was never measured


@dataclass(frozen=True)
class Cores:
    """`count` equal cores; `scaling` is the speed of one while all are busy, against one alone."""

    count: int
    scaling: float = 1.0

    def speed(self, busy: float) -> float:
        """Of a core while `busy` of them work: linear between one alone and all."""
        if busy <= 1 or self.count == 1:
            return 1.0
        if busy >= self.count:
            return self.scaling
        return 1.0 - (1.0 - self.scaling) * (busy - 1) / (self.count - 1)

    def share(self, wanted: float) -> float:
        """How fast each computes while together they want this many cores; 1 is alone on a core."""
        speed = self.speed(wanted)
        return speed if wanted <= self.count else speed * self.count / wanted


@dataclass(frozen=True)
class Visit:
    """What one call asks of the stations, in seconds; `alone` it takes exactly their sum."""

    locked: float = 0.0  # on a core, holding the lock
    blocked: float = 0.0  # holding the lock without a core
    parallel: float = 0.0  # core seconds without the lock
    delay: float = 0.0
    width: float = 1.0  # cores that the parallel part uses at once
    contended: float = 0.0  # further seconds of the lock per call, when another call wants it
    crowding: float = 0.0  # share lost for each wanted core beyond one a core, by calls wider than one core

    @cached_property
    def computing(self) -> float:
        """`parallel`, kept far enough above zero that its inverse is a number."""
        return max(self.parallel, _NEGLIGIBLE * (self.locked + self.blocked + self.delay), 1e-200)

    def alone(self, cores: Cores) -> float:
        """Seconds of a call that has the host to itself."""
        return self.locked + self.blocked + self.delay + self.parallel / min(self.width, cores.count)


def sizes(most: int, upto: int | None = None) -> list[int]:
    """Populations worth solving: each up to 16, then in steps of an eighth or less, `most` included.

    With `upto`, no more of them than it takes to have that one, or both of its neighbours.
    """
    enough = most if upto is None else upto
    chosen: list[int] = []
    population, step = 1, 1
    while population < most:
        chosen.append(population)
        if population >= enough:
            return chosen
        if population >= _DENSE * step:
            step *= 2
        population += step
    return [*chosen, most]


def station_rates(visit: Visit, cores: Cores, most: int) -> list[float]:
    """Completions per second of lock and cores together, with 0, 1, … `most` calls inside.

    With j of n calls beyond the lock the state is j: a birth-death chain. The lock lets one through at a rate that
    depends on j alone while two or more want it, so the weights of the states up to n-2 serve every larger n, and all
    populations together take linear time. Only the last two states differ: with one call at the lock there is nobody to
    hand it to, and with none the holder takes no core.
    """
    alone = _computing_rates(visit, cores, most)
    if visit.locked + visit.blocked <= _NEGLIGIBLE * visit.computing:
        return alone
    beside_holder = _computing_rates(visit, cores, most, beside=1)
    rates = [0.0]
    weight, total, flow = 1.0, 0.0, 0.0  # of state n-1; sums over the states before it
    edge, entering = 1.0, 0.0  # the weight that state n-1 has where it is the last but one; what flows into it
    for j, share in enumerate(_shares(cores, visit.width, most - 1, beside=1)):
        on_core = visit.locked / share
        held = on_core + visit.blocked
        contended = held + visit.contended
        if j:  # the holder takes a core for a share of the time
            taken = beside_holder[j] - alone[j]
            edge = entering / (alone[j] + taken * on_core / held)
            weight = entering / (alone[j] + taken * on_core / contended)
        through = edge / held
        rates.append((flow + through) / (total + edge + through / alone[j + 1]))
        entering = weight / contended
        total += weight
        flow += entering
        if weight < _NEGLIGIBLE * total:
            return rates + [flow / total] * (most - j - 1)
        if total > _HUGE:
            entering, total, flow = entering / _HUGE, total / _HUGE, flow / _HUGE
    return rates


@lru_cache(maxsize=64)
def _shares(cores: Cores, width: float, most: int, beside: int = 0) -> tuple[float, ...]:
    """How fast each computes of 0 … `most` calls of this width, beside so many further cores in use."""
    crowded = cores.speed(cores.count) * cores.count
    every_wanted = [width * calls + beside for calls in range(most + 1)]
    return tuple([cores.share(wanted) if wanted < cores.count else crowded / wanted for wanted in every_wanted])


def _computing_rates(visit: Visit, cores: Cores, most: int, beside: int = 0) -> list[float]:
    """Completions per second of 0 … `most` calls that compute without the lock, beside so many further cores in use."""
    # A wide call was measured with that many cores busy, at the speed they then have.
    each = visit.width / visit.computing / cores.speed(visit.width)
    rates = [calls * share * each for calls, share in enumerate(_shares(cores, visit.width, most, beside))]
    if visit.width > 1 and visit.crowding:
        rates = [rate / _crowding(visit, cores, calls) for calls, rate in enumerate(rates)]
    return rates


def _crowding(visit: Visit, cores: Cores, calls: int) -> float:
    wanted = visit.width * calls
    return 1.0 + visit.crowding * max(0.0, min(wanted / cores.count, _MOST_CROWDED) - 1.0)


def throughput(rates: Sequence[float], delay: float, population: int) -> float:
    """Calls per second when `population` circle between a station with these rates and a delay."""
    return _mean_while_circling(rates, _inside(rates, delay, population))


class Inside(NamedTuple):
    """How likely each number of calls at a station is: the least that ever is, and weights from there on."""

    least: int
    weights: Sequence[float]


def _inside(rates: Sequence[float], delay: float, population: int) -> Inside:
    """The machine-repairman chain: k calls at the station, arrivals at (population - k) / delay.

    From the likeliest number outwards, so that no weight can overflow and only those that count are looked at.
    """
    if delay * max(rates[population], rates[1]) <= _NEGLIGIBLE:
        return Inside(population, (1.0,))
    likeliest = _likeliest_inside(rates, delay, population)
    rising, falling = [1.0], []
    weight = total = 1.0
    for k in range(likeliest + 1, population + 1):
        weight *= (population - k + 1) / (delay * rates[k])
        total += weight
        rising.append(weight)
        if weight < _NEGLIGIBLE * total:
            break
    weight = 1.0
    for k in range(likeliest, 0, -1):
        weight *= delay * rates[k] / (population - k + 1)
        total += weight
        falling.append(weight)
        if weight < _NEGLIGIBLE * total:
            break
    return Inside(likeliest - len(falling), falling[::-1] + rising)


def _likeliest_inside(rates: Sequence[float], delay: float, population: int) -> int:
    """The number of calls at the station up to which each is likelier than the one before."""
    least, most = 0, population
    while least < most:
        k = (least + most + 1) // 2
        if population - k + 1 >= delay * rates[k]:
            least = k
        else:
            most = k - 1
    return least


def _mean_while_circling(values: Sequence[float], inside: Inside) -> float:
    """Mean of `values[k]` over the number k of calls at the station."""
    least, weights = inside
    weighted: float = sum(map(mul, weights, values[least : least + len(weights)]))
    return weighted / sum(weights)


def curve(solved: Sequence[int], values: Iterable[float]) -> list[float]:
    """A value for 0, 1, 2, …: those of the populations that were solved, linear between; 0 calls bring 0."""
    found = [0.0]
    for size, value in zip(solved, values, strict=True):
        last, known = found[-1], len(found) - 1
        if size > known + 1:
            step = (value - last) / (size - known)
            found += [last + step * i for i in range(1, size - known)]
        found.append(value)
    return found


def lock_curve(visit: Visit, cores: Cores, most: int, upto: int | None = None) -> list[float]:
    """Calls per second of 0 … `most` workers that share a lock, the cores and nothing else; with `upto`, no further."""
    solved = sizes(most, upto)
    rates = station_rates(visit, cores, solved[-1])
    return curve(solved, (throughput(rates, visit.delay, n) for n in solved))


class Pool:
    """What up to `most` workers of a process pool achieve, whose parent spends `parent` seconds on each task.

    With `upto`, no more workers than these will be asked for.
    """

    def __init__(self, visit: Visit, cores: Cores, parent: float, most: int, upto: int | None = None) -> None:
        self._visit, self._cores, self._parent = visit, cores, parent
        self._solved = sizes(most, upto)
        self._most = self._solved[-1]

    @cached_property
    def beside_idle_parent(self) -> list[float]:
        """Tasks per second of 0 … most busy workers."""
        rates, delay = self._computing_alone, self._visit.delay
        return curve(self._solved, (throughput(rates, delay, n) for n in self._solved))

    def throughput(self, workers: int, queued: int) -> float:
        """Tasks per second of these workers, with a parent that runs ahead by `queued` tasks.

        A birth-death chain over the tasks handed out and not yet back, with the workers as a flow-equivalent server.
        The parent stops at workers + queued; it needs a core like everybody else. A return sets parent and worker
        computing at the same time, which that server averages away: 5 % too fast with two workers on one core. With few
        workers the whole chain is small enough to be solved as it is.
        """
        if self._parent * self.beside_idle_parent[workers] <= _NEGLIGIBLE:
            return self.beside_idle_parent[workers]
        if workers <= FEW_WORKERS and self._visit.delay:
            return self._exactly(workers, workers + queued)
        return self._aggregated(workers, queued)

    def _aggregated(self, workers: int, queued: int) -> float:
        """From the chain up to as many tasks as workers, then ever the same step with all workers busy."""
        handed_out, returned = self._handed_out[workers], self._beside_parent[workers]
        last = handed_out / self.beside_idle_parent[workers]  # with all tasks out, the parent is idle
        filling = self._filling[workers]
        ahead = handed_out / returned
        if ahead <= 1.0:  # weights against that of all workers being busy
            total, before = _powers(ahead, queued), filling.rarity
            last *= ahead ** (queued - 1)
        else:  # or against that of the last task being handed out
            total, before = _powers(1.0 / ahead, queued), filling.rarity * ahead ** (1 - queued)
        return (before * filling.pace + total * handed_out) / (before + total + last)

    @cached_property
    def _filling(self) -> list[Filling]:
        """For 0 … most tasks out, with a worker for each: what the states with fewer amount to."""
        found = [Filling(0.0, 0.0)]
        rarity = pace = 0.0
        for out, returned in zip(self._handed_out, self._beside_parent[1:], strict=False):
            pace = (rarity * pace + out) / (rarity + 1.0)
            rarity = min((rarity + 1.0) * returned / out, _HUGE)
            found.append(Filling(rarity, pace))
        return found

    @cached_property
    def _handed_out(self) -> list[float]:
        """Tasks that the parent hands out in a second beside 0 … most busy workers."""
        shares, inside = self._parent_shares, self._tasks_computing
        left = curve(self._solved, (_mean_while_circling(shares, one) for one in inside))
        return [1.0 / self._parent, *(share / self._parent for share in left[1:])]

    @cached_property
    def _beside_parent(self) -> list[float]:
        """Tasks per second of 0 … most busy workers while the parent takes a core."""
        rates = self._computing_beside_parent
        return curve(self._solved, (_mean_while_circling(rates, one) for one in self._tasks_computing))

    @cached_property
    def _tasks_computing(self) -> list[Inside]:
        """How many of the tasks compute while the parent takes a core, for each number that is solved."""
        return [_inside(self._computing_beside_parent, self._visit.delay, n) for n in self._solved]

    @cached_property
    def _parent_shares(self) -> tuple[float, ...]:
        """How fast the parent computes beside 0 … most tasks that compute."""
        return _shares(self._cores, self._visit.width, self._most, beside=1)

    @cached_property
    def _computing_alone(self) -> list[float]:
        """Tasks per second that end computing, of 0 … most."""
        return _computing_rates(self._visit, self._cores, self._most)

    @cached_property
    def _computing_beside_parent(self) -> list[float]:
        return _computing_rates(self._visit, self._cores, self._most, beside=1)

    def _exactly(self, workers: int, most: int) -> float:
        """The same over pairs (tasks out, tasks computing): the others out wait, or are queued beyond the workers."""
        delay = self._visit.delay
        handed_out = [share / self._parent for share in self._parent_shares[: workers + 1]]
        states = [(tasks, computing) for tasks in range(most + 1) for computing in range(min(tasks, workers) + 1)]
        place = {state: number for number, state in enumerate(states)}
        flows = [[0.0] * len(states) for _ in states]
        for flow, (tasks, computing) in zip(flows, states, strict=True):
            busy = min(tasks, workers)
            if tasks < most:
                flow[place[tasks + 1, computing + (tasks < workers)]] = handed_out[computing]
            if computing:
                rates = self._computing_beside_parent if tasks < most else self._computing_alone
                flow[place[tasks, computing - 1]] = rates[computing]
            if computing < busy:
                flow[place[tasks - 1, computing + (tasks > workers)]] = (busy - computing) / delay
        likely = _stationary(flows, reach=workers + 2)
        return sum(
            p * handed_out[computing] for p, (tasks, computing) in zip(likely, states, strict=True) if tasks < most
        )


class Filling(NamedTuple):
    """The states before one in a chain: what they weigh against it, and the mean pace at which they move on."""

    rarity: float
    pace: float


def _powers(base: float, count: int) -> float:
    """1 + base + base² + … of so many terms; accurate for a `base` close to 1, too."""
    return float(count) if base == 1.0 else math.expm1(count * math.log(base)) / (base - 1.0)


def _stationary(flows: list[list[float]], reach: int) -> list[float]:
    """Long-run probabilities of a Markov chain, given the rates from each state to each; alters them.

    No state leads to one further away than `reach`. Grassmann, Taksar and Heyman, Operations Research 33 (1985):
    elimination without a subtraction, thus exact in every digit however far the rates are apart.
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


def draining(rate: Sequence[float]) -> list[float]:
    """Seconds in which 0, 1, 2, … busy workers end, none of whom takes another task, when n do `rate[n]` a second."""
    return list(accumulate([1.0 / one for one in rate[1:]], initial=0.0))


def job_seconds(
    tasks: int,
    workers: int,
    rate: Sequence[float],
    spread: float,
    serial: float = 0.0,
    drained: Sequence[float] | None = None,
) -> float:
    """Seconds until `tasks` are done by `workers`, when n of them busy do `rate[n]` a second.

    Equal tasks (spread 0) go in rounds: a round of n takes n / rate[n], and the last one may be a small one. Unequal
    ones lose step after a few rounds; then the end is a drain, as fewer and fewer workers are busy. For exponential
    lengths (coefficient of variation 1) the drain takes the sum of 1 / rate[n]; for other spreads it is scaled
    between workers that merely end at random within one task (half a task) and that.

    Of each task, `serial` seconds need what only one can have. All workers start at once, so they get it one after
    another, and the last to start is the last to end: as far as a queue for it does not hide that.

    `drained` is `draining(rate)`, where that is known.
    """
    last = (tasks - 1) % workers + 1
    busy = min(1.0, serial * rate[workers])
    staggered = 1.0 / rate[1] + (last - 1) * serial * (1.0 - busy**2)
    rounds = (tasks - last) / rate[workers] + max(last / rate[last], staggered)
    steady = tasks / rate[workers]
    lost_step = min(1.0, spread * math.sqrt(tasks / workers))
    ended = drained[workers] if drained else sum([1.0 / one for one in rate[1 : workers + 1]])
    drain = max(0.0, ended - workers / rate[workers])
    return (1.0 - lost_step) * rounds + lost_step * (steady + _drain_share(tasks, workers, spread) * drain)


def _drain_share(tasks: int, workers: int, spread: float) -> float:
    """The drain of tasks with this coefficient of variation, against that of exponential ones.

    The power is that of gamma distributed tasks, whose longest of 4 to 128 residual lives was simulated for spreads of
    0.1 to 2: within 0.06 from 32 workers on, 0.15 below.
    """
    if workers == 1:
        return 0.0
    least = 0.5 * (1.0 - 1.0 / workers) / (_harmonic(workers) - 1.0)
    power = math.pow(spread, _DRAIN_POWER)
    share = least + (1.0 - least) * power if spread < 1 else power
    return min(share, 3.0, tasks / workers)


@lru_cache(maxsize=1024)
def _harmonic(count: int) -> float:
    """The sum of 1 / n for n = 1 … count."""
    return sum(1.0 / n for n in range(1, count + 1))
