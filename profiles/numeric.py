"""NumPy: on all cores by itself, on one core with the GIL released, and on arrays too small to release it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def solve_system(seed: int) -> float:
    """Solves 600 linear equations: BLAS uses every core by itself, so workers on top of it get in each other's way."""
    random = np.random.default_rng(seed)
    coefficients = random.normal(size=(600, 600))
    return float(np.abs(np.linalg.solve(coefficients, coefficients @ np.ones(600))).sum())


def solve_system_inputs() -> Iterator[int]:
    """100 seeds."""
    yield from range(100)


def find_median(seed: int) -> float:
    """The median of 200,000 samples by sorting them: one core, the GIL released."""
    samples = np.random.default_rng(seed).normal(size=200_000)
    samples.sort()
    return float(samples[100_000])


def find_median_inputs() -> Iterator[int]:
    """100 seeds."""
    yield from range(100)


def track_target(seed: int) -> float:
    """Follows a moving target with a Kalman filter: matrices of 4 by 4, so Python's part outweighs NumPy's."""
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
