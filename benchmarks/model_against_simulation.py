"""Compare the queueing model with an independent simulation in every regime, up to 64 cores and 256 workers.

    python -m benchmarks.model_against_simulation [--calls N]

Each point is simulated with a fixed seed; the model is asked about the mean work actually drawn. The table shows the
mean and the worst error of the calls per second in each regime, and where the worst is. Takes about two minutes.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from advisor.predict.queueing.network import throughput_curve
from advisor.predict.queueing.pool_throughput import ProcessPool
from advisor.predict.queueing.stations import Cores, StationDemands
from benchmarks.simulation.stations import IN_PROCESSES, ON_THREADS, Outcome, Work, simulate_pool, simulate_threads

CORES: Final = (1, 2, 4, 16, 64)
WORKERS: Final = (1, 2, 3, 4, 8, 32, 64, 256)
ACCEPTED: Final = 0.05


@dataclass(frozen=True)
class Point:
    """One simulated host and pool, with the calls per second simulated and predicted."""

    pool: str
    regime: str
    cores: int
    workers: int
    simulated: float
    predicted: float

    @property
    def error(self) -> float:
        """Return the relative error; positive where the model is too fast."""
        return self.predicted / self.simulated - 1


def on_threads(work: Work, cores: int, workers: int, calls: int) -> tuple[Outcome, float]:
    """Simulate threads that share a GIL; return the outcome and the predicted calls per second."""
    outcome = simulate_threads(work, workers=workers, cores=cores, calls=calls, seed=workers)
    drawn = outcome.drawn
    demands = StationDemands(drawn.locked, drawn.blocked, drawn.parallel, drawn.delay, drawn.width)
    return outcome, throughput_curve(demands, Cores(cores), workers)[workers]


def in_processes(work: Work, cores: int, workers: int, calls: int) -> tuple[Outcome, float]:
    """Simulate a process pool; return the outcome and the predicted tasks per second."""
    outcome = simulate_pool(work, workers=workers, cores=cores, calls=calls, seed=workers)
    demands = StationDemands(parallel=outcome.drawn.parallel, delay=outcome.drawn.delay)
    pool = ProcessPool(demands, Cores(cores), outcome.drawn.parent, workers)
    return outcome, pool.throughput(workers, workers + 1)


Compare = Callable[[Work, int, int, int], tuple[Outcome, float]]
POOLS: Final[tuple[tuple[str, dict[str, Work], Compare], ...]] = (
    ("threads", ON_THREADS, on_threads),
    ("processes", IN_PROCESSES, in_processes),
)


def compare_all(calls: int) -> Iterator[Point]:
    """Yield every regime on every host with every number of workers."""
    for pool, regimes, compare in POOLS:
        for regime, work in regimes.items():
            for cores in CORES:
                for workers in WORKERS:
                    outcome, predicted = compare(work, cores, workers, calls + 10 * workers)
                    yield Point(pool, regime, cores, workers, outcome.rate, predicted)


def table(points: list[Point]) -> str:
    """Return the mean and the worst error by regime, as Markdown."""
    lines = ["| pool | regime | points | mean error | worst | at |", "| --- | --- | ---: | ---: | ---: | --- |"]
    for pool, regime in dict.fromkeys((point.pool, point.regime) for point in points):
        group = [point for point in points if (point.pool, point.regime) == (pool, regime)]
        lines.append(f"| {pool} | {regime} | {_row(group)} |")
    return "\n".join([*lines, f"| all | | {_row(points)} |"])


def _row(group: list[Point]) -> str:
    mean = statistics.mean(abs(point.error) for point in group)
    worst = max(group, key=lambda point: abs(point.error))
    where = f"{worst.cores} cores, {worst.workers} workers"
    return f"{len(group)} | {mean:.2%} | {worst.error:+.2%} | {where}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000, help="simulated at each point (default 5000)")
    arguments = parser.parse_args()
    points = list(compare_all(arguments.calls))
    print(table(points))
    if any(abs(point.error) > ACCEPTED for point in points):
        raise SystemExit(f"some points are off by more than {ACCEPTED:.0%}")


if __name__ == "__main__":
    main()
