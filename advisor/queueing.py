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
part of a call's own path (`WorkerStage`, `pool_throughput`).

Times are seconds, rates are calls per second. Nothing here knows a Profile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

_HUGE = 1e200  # a chain's weights are scaled down beyond this, long before a float overflows
_NEGLIGIBLE = 1e-13  # states that weigh less than this do not change the result
_DENSE = 16  # populations up to here are solved one by one, beyond it in steps
_FEW_WORKERS = 4  # up to here a process pool's chain is solved without an approximation
_DRAIN_POWER = 1.6  # of the spread, in the drain of tasks of unequal length
_MOST_CROWDED = 4.0  # beyond this many wanted cores a core the loss to crowding was never measured

State = tuple[int, int]


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


def sizes(most: int) -> list[int]:
    """Populations worth solving: each up to 16, then in steps of an eighth or less, `most` included."""
    chosen: list[int] = []
    population, step = 1, 1
    while population < most:
        chosen.append(population)
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
    if visit.locked + visit.blocked <= _NEGLIGIBLE * visit.computing:
        return [0.0, *(n * _parallel_rate(visit, cores, n, holder=0.0) for n in range(1, most + 1))]
    rates = [0.0]
    weight, total, flow = 1.0, 0.0, 0.0  # of state n-1; sums over the states before it
    before, pass_before = 0.0, 0.0  # weight of state n-2 and the lock's rate there
    for n in range(1, most + 1):
        j = n - 1
        last_pass, on_core = _lock_rate(visit, cores, j, contended=False)
        edge = 1.0 if n == 1 else before * pass_before / (j * _parallel_rate(visit, cores, j, on_core))
        everything = n * _parallel_rate(visit, cores, n, holder=0.0)
        beyond = edge * last_pass / everything
        rates.append((flow + edge * last_pass) / (total + edge + beyond))

        contended_pass, on_core = _lock_rate(visit, cores, j, contended=True)
        if n > 1:
            weight = before * pass_before / (j * _parallel_rate(visit, cores, j, on_core))
        total += weight
        flow += weight * contended_pass
        before, pass_before = weight, contended_pass
        if total > _HUGE:
            before, total, flow = before / _HUGE, total / _HUGE, flow / _HUGE
    return rates


def _lock_rate(visit: Visit, cores: Cores, others: int, *, contended: bool) -> tuple[float, float]:
    """How often the lock lets a call through while `others` compute beyond it; the share of it spent on a core."""
    computing = visit.locked / cores.share(1 + visit.width * others)
    held = computing + visit.blocked + (visit.contended if contended else 0.0)
    return 1.0 / held, computing / held


def _parallel_rate(visit: Visit, cores: Cores, calls: int, holder: float) -> float:
    """Completions per second of each of `calls` beyond the lock; `holder`: share of time its holder is on a core."""
    wanted = visit.width * calls
    share = cores.share(wanted)
    if holder:
        share += holder * (cores.share(wanted + 1) - share)
    if visit.width > 1:  # measured with that many cores busy, at the speed they then have
        share /= cores.speed(visit.width) * _crowding(visit, cores, wanted)
    return visit.width * share / visit.computing


def _crowding(visit: Visit, cores: Cores, wanted: float) -> float:
    return 1.0 + visit.crowding * max(0.0, min(wanted / cores.count, _MOST_CROWDED) - 1.0)


def throughput(rates: Sequence[float], delay: float, population: int) -> float:
    """Calls per second when `population` circle between a station with these rates and a delay.

    The machine-repairman chain: k calls at the station, arrivals at (population - k) / delay.
    """
    return _mean_while_circling(rates, rates, delay, population)


def _mean_while_circling(values: Sequence[float], rates: Sequence[float], delay: float, population: int) -> float:
    """Mean of `values[k]` over the number k of calls at the station."""
    if delay * max(rates[population], rates[1]) <= _NEGLIGIBLE:
        return values[population]
    weight = total = 1.0
    mean = values[0]
    for k in range(1, population + 1):
        weight *= (population - k + 1) / (delay * rates[k])
        total += weight
        mean += weight * values[k]
        if total > _HUGE:
            weight, total, mean = weight / _HUGE, total / _HUGE, mean / _HUGE
        elif weight < _NEGLIGIBLE * total:
            break
    return mean / total


def curve(at: Callable[[int], float], most: int) -> list[float]:
    """`at(n)` for n = 0 … most: solved at `sizes(most)`, linear between; 0 calls bring 0."""
    values = [0.0]
    for size in sizes(most):
        value, known = at(size), len(values) - 1
        step = (value - values[known]) / (size - known)
        values.extend(values[known] + step * i for i in range(1, size - known))
        values.append(value)
    return values


def lock_curve(visit: Visit, cores: Cores, most: int) -> list[float]:
    """Calls per second of 0 … `most` workers that share a lock, the cores and nothing else."""
    rates = station_rates(visit, cores, most)
    return curve(lambda n: throughput(rates, visit.delay, n), most)


class WorkerStage:
    """What up to `most` workers of a process pool achieve, with the parent idle and with it on a core."""

    def __init__(self, visit: Visit, cores: Cores, most: int) -> None:
        self._visit, self._cores, self._most = visit, cores, most

    @property
    def delay(self) -> float:
        """Seconds a task waits in a worker."""
        return self._visit.delay

    def share_of_parent(self, computing: int) -> float:
        """How fast the parent computes beside this many tasks that compute."""
        return self._cores.share(1 + self._visit.width * computing)

    def computing_rate(self, computing: int, *, parent: bool) -> float:
        """Tasks per second that end computing, of this many, beside the parent or without it."""
        return computing * _parallel_rate(self._visit, self._cores, computing, holder=float(parent))

    @cached_property
    def beside_idle_parent(self) -> list[float]:
        """Tasks per second of 0 … most busy workers."""
        rates = self._rates(parent=False)
        return curve(lambda n: throughput(rates, self._visit.delay, n), self._most)

    @cached_property
    def beside_parent(self) -> list[float]:
        """The same while the parent takes a core."""
        rates = self._rates(parent=True)
        return curve(lambda n: throughput(rates, self._visit.delay, n), self._most)

    @cached_property
    def left_to_parent(self) -> list[float]:
        """How fast the parent computes beside 0 … most busy workers."""
        shares = [self.share_of_parent(k) for k in range(self._most + 1)]
        rates = self._rates(parent=True)
        shared = curve(lambda n: _mean_while_circling(shares, rates, self._visit.delay, n), self._most)
        return [1.0, *shared[1:]]

    def _rates(self, *, parent: bool) -> list[float]:
        return [0.0, *(self.computing_rate(k, parent=parent) for k in range(1, self._most + 1))]


def pool_throughput(stage: WorkerStage, parent: float, workers: int, queued: int) -> float:
    """Tasks per second of a pool whose parent spends `parent` seconds on each and runs ahead by `queued` tasks.

    A birth-death chain over the tasks handed out and not yet back, with the workers as a flow-equivalent server. The
    parent stops at workers + queued; it needs a core like everybody else. A return sets parent and worker computing at
    the same time, which that server averages away: 5 % too fast with two workers on one core. With few workers the
    whole chain is small enough to be solved as it is.
    """
    if parent * stage.beside_idle_parent[workers] <= _NEGLIGIBLE:
        return stage.beside_idle_parent[workers]
    if workers <= _FEW_WORKERS and stage.delay:
        return _exact_pool_throughput(stage, parent, workers, workers + queued)
    return _aggregated_pool_throughput(stage, parent, workers, workers + queued)


def _aggregated_pool_throughput(stage: WorkerStage, parent: float, workers: int, most: int) -> float:
    weight, total, done = 1.0, 0.0, 0.0
    for tasks in range(most):
        active = min(tasks, workers)
        handed_out = stage.left_to_parent[active] / parent
        total += weight
        done += weight * handed_out
        last = tasks + 1 == most
        next_active = min(tasks + 1, workers)
        returned = (stage.beside_idle_parent if last else stage.beside_parent)[next_active]
        weight *= handed_out / returned
        if weight > _HUGE:
            weight, total, done = weight / _HUGE, total / _HUGE, done / _HUGE
    return done / (total + weight)


def _exact_pool_throughput(stage: WorkerStage, parent: float, workers: int, most: int) -> float:
    """The same over pairs (tasks out, tasks computing): the others out wait, or are queued beyond the workers."""
    flows: dict[State, dict[State, float]] = {}
    for tasks in range(most + 1):
        busy = min(tasks, workers)
        for computing in range(busy + 1):
            flow = flows.setdefault((tasks, computing), {})
            if tasks < most:
                flow[tasks + 1, computing + (tasks < workers)] = stage.share_of_parent(computing) / parent
            if computing:
                flow[tasks, computing - 1] = stage.computing_rate(computing, parent=tasks < most)
            if computing < busy:
                flow[tasks - 1, computing + (tasks > workers)] = (busy - computing) / stage.delay
    return sum(
        probability * stage.share_of_parent(computing) / parent
        for (tasks, computing), probability in _stationary(flows).items()
        if tasks < most
    )


def _stationary(flows: dict[State, dict[State, float]]) -> dict[State, float]:
    """Long-run probabilities of a Markov chain given its rates; alters them.

    Grassmann, Taksar and Heyman, Operations Research 33 (1985): elimination without a subtraction, thus exact in every
    digit however far the rates are apart.
    """
    states = list(flows)
    arrivals: dict[State, dict[State, float]] = {}
    for state in reversed(states[1:]):
        onward = flows.pop(state)
        leaving = sum(onward.values())
        arrivals[state] = {origin: flow[state] / leaving for origin, flow in flows.items() if state in flow}
        for origin, visits in arrivals[state].items():
            flow = flows[origin]
            for target, rate in onward.items():
                if target != origin:
                    flow[target] = flow.get(target, 0.0) + visits * rate
            del flow[state]
    weights = {states[0]: 1.0}
    for state in states[1:]:
        weights[state] = sum(weights[origin] * visits for origin, visits in arrivals[state].items())
    total = sum(weights.values())
    return {state: weight / total for state, weight in weights.items()}


def job_seconds(tasks: int, workers: int, rate: Sequence[float], spread: float, serial: float = 0.0) -> float:
    """Seconds until `tasks` are done by `workers`, when n of them busy do `rate[n]` a second.

    Equal tasks (spread 0) go in rounds: a round of n takes n / rate[n], and the last one may be a small one. Unequal
    ones lose step after a few rounds; then the end is a drain, as fewer and fewer workers are busy. For exponential
    lengths (coefficient of variation 1) the drain takes the sum of 1 / rate[n]; for other spreads it is scaled
    between workers that merely end at random within one task (half a task) and that.

    Of each task, `serial` seconds need what only one can have. All workers start at once, so they get it one after
    another, and the last to start is the last to end: as far as a queue for it does not hide that.
    """
    last = (tasks - 1) % workers + 1
    busy = min(1.0, serial * rate[workers])
    staggered = 1.0 / rate[1] + (last - 1) * serial * (1.0 - busy**2)
    rounds = (tasks - last) / rate[workers] + max(last / rate[last], staggered)
    steady = tasks / rate[workers]
    lost_step = min(1.0, spread * math.sqrt(tasks / workers))
    drain = max(0.0, sum(1.0 / rate[n] for n in range(1, workers + 1)) - workers / rate[workers])
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
