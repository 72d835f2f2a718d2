"""NumPy and SciPy on one core: the GIL released, data too small to release it, objects, and the pace of the memory."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]


def find_median(seed: int) -> float:
    """The median of 200,000 samples by sorting them: one core, the GIL released."""
    samples = np.random.default_rng(seed).normal(size=200_000)
    samples.sort()
    return float(samples[100_000])


def find_median_inputs() -> Iterator[int]:
    """100 seeds."""
    yield from range(100)


def track_target(seed: int) -> float:
    """Follow a moving target with a Kalman filter: matrices of 4 by 4, so Python's part outweighs NumPy's."""
    random = np.random.default_rng(seed)
    motion = np.eye(4) + np.diag([0.1, 0.1], 2)
    sight = np.eye(2, 4)
    state, doubt = np.zeros(4), np.eye(4)
    for _ in range(300):
        state, doubt = motion @ state, motion @ doubt @ motion.T + np.eye(4) * 0.01
        trust = doubt @ sight.T @ np.linalg.inv(sight @ doubt @ sight.T + np.eye(2))
        state = state + trust @ (random.normal(size=2) - sight @ state)
        doubt = (np.eye(4) - trust @ sight) @ doubt
    return float(state @ state)


def track_target_inputs() -> Iterator[int]:
    """100 seeds."""
    yield from range(100)


def total_invoice(lines: list[str]) -> Decimal:
    """Add up an invoice to the cent, with an array of Decimals: NumPy calls Python for each of them."""
    amounts = np.array([Decimal(line) for line in lines], dtype=object)
    net = np.where(amounts > 50, amounts * Decimal("0.97"), amounts)
    return Decimal((net * Decimal("1.19")).sum()).quantize(Decimal("0.01"))


def total_invoice_inputs() -> Iterator[list[str]]:
    """50 invoices of 800 lines."""
    random = np.random.default_rng(9)
    for _ in range(50):
        yield [f"{amount:.2f}" for amount in random.uniform(1, 99, 800)]


def fit_growth(counts: Samples) -> tuple[float, float]:
    """Capacity and rate of a population by a logistic curve: SciPy's solver, in C, calls Python at every step."""
    from scipy.optimize import curve_fit
    from scipy.special import expit

    def grown(hours: Samples, capacity: float, rate: float, half: float) -> Samples:
        return np.asarray(capacity * expit(rate * (hours - half)))

    found, _ = curve_fit(grown, np.arange(len(counts)) / 4, counts, p0=(counts.max(), 0.5, 10.0))
    return float(found[0]), float(found[1])


def fit_growth_inputs() -> Iterator[Samples]:
    """40 populations, counted every quarter of an hour for a day."""
    from scipy.special import expit

    random = np.random.default_rng(6)
    hours = np.arange(96) / 4
    for _ in range(40):
        capacity, rate, half = random.uniform(500, 900), random.uniform(0.4, 0.9), random.uniform(8, 14)
        yield capacity * expit(rate * (hours - half)) + random.normal(scale=8, size=96)


def average_load(window: int) -> tuple[float, float]:
    """Least and most of a moving average over a long series: sums and differences at the pace of the memory."""
    sums = np.cumsum(load())
    averages = (sums[window:] - sums[:-window]) / window
    return float(averages.min()), float(averages.max())


def average_load_inputs() -> Iterator[int]:
    """20 windows, from one minute to 20."""
    load()
    yield from range(60, 1_260, 60)


@functools.cache
def load() -> Samples:
    """A load measured every second for some six weeks: 32 MB."""
    return np.random.default_rng(8).gamma(2.0, size=4_000_000)
