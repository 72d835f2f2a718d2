"""How close the queueing model is to an independent simulation, over every regime, up to 64 cores and 256 workers.

    python -m benchmarks.model_against_simulation [--calls N]

Each point is simulated with a fixed seed; the model is asked about the mean work that was really drawn. The table shows
the mean and the worst error of the calls per second in each regime, and where it was. Takes about two minutes.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from advisor.predict.queueing import Cores, Pool, Visit, lock_curve
from tests.simulation import IN_PROCESSES, ON_THREADS, Outcome, Work, simulate_pool, simulate_threads

CORES: Final = (1, 2, 4, 16, 64)
WORKERS: Final = (1, 2, 3, 4, 8, 32, 64, 256)
ACCEPTED: Final = 0.05


@dataclass(frozen=True)
class Point:
    """One simulated host and pool, and how far off the model was there."""

    pool: str
    regime: str
    cores: int
    workers: int
    simulated: float
    predicted: float

    @property
    def error(self) -> float:
        """Relative; positive where the model is too fast."""
        return self.predicted / self.simulated - 1


def on_threads(work: Work, cores: int, workers: int, calls: int) -> tuple[Outcome, float]:
    """Simulated and predicted calls per second of threads that share a GIL."""
    seen = simulate_threads(work, workers=workers, cores=cores, calls=calls, seed=workers)
    drawn = seen.drawn
    visit = Visit(drawn.locked, drawn.blocked, drawn.parallel, drawn.delay, drawn.width)
    return seen, lock_curve(visit, Cores(cores), workers)[workers]


def in_processes(work: Work, cores: int, workers: int, calls: int) -> tuple[Outcome, float]:
    """Simulated and predicted tasks per second of a process pool."""
    seen = simulate_pool(work, workers=workers, cores=cores, calls=calls, seed=workers)
    visit = Visit(parallel=seen.drawn.parallel, delay=seen.drawn.delay)
    return seen, Pool(visit, Cores(cores), seen.drawn.parent, workers).throughput(workers, workers + 1)


Compare = Callable[[Work, int, int, int], tuple[Outcome, float]]
POOLS: Final[tuple[tuple[str, dict[str, Work], Compare], ...]] = (
    ("threads", ON_THREADS, on_threads),
    ("processes", IN_PROCESSES, in_processes),
)


def points(calls: int) -> Iterator[Point]:
    """Every regime on every host with every number of workers."""
    for pool, regimes, compare in POOLS:
        for regime, work in regimes.items():
            for cores in CORES:
                for workers in WORKERS:
                    seen, predicted = compare(work, cores, workers, calls + 10 * workers)
                    yield Point(pool, regime, cores, workers, seen.rate, predicted)


def table(found: list[Point]) -> str:
    """Mean and worst error by regime, as Markdown."""
    lines = ["| pool | regime | points | mean error | worst | at |", "| --- | --- | ---: | ---: | ---: | --- |"]
    for pool, regime in dict.fromkeys((point.pool, point.regime) for point in found):
        group = [point for point in found if (point.pool, point.regime) == (pool, regime)]
        lines.append(f"| {pool} | {regime} | {_row(group)} |")
    return "\n".join([*lines, f"| all | | {_row(found)} |"])


def _row(group: list[Point]) -> str:
    mean = statistics.mean(abs(point.error) for point in group)
    worst = max(group, key=lambda point: abs(point.error))
    where = f"{worst.cores} cores, {worst.workers} workers"
    return f"{len(group)} | {mean:.2%} | {worst.error:+.2%} | {where}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000, help="simulated at each point (default 5000)")
    arguments = parser.parse_args()
    found = list(points(arguments.calls))
    print(table(found))
    if any(abs(point.error) > ACCEPTED for point in found):
        raise SystemExit(f"some points are off by more than {ACCEPTED:.0%}")


if __name__ == "__main__":
    main()
