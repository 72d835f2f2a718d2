"""Darts are thrown at a circle to estimate pi; all inputs are equal and no seed is set."""

import random

CALLS = 200
DARTS = 60_000


def hits(darts: int) -> int:
    chance = random.random
    return sum(chance() ** 2 + chance() ** 2 <= 1.0 for _ in range(darts))


def inputs() -> list[int]:
    return [DARTS] * CALLS
