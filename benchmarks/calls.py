"""Calls of a chosen duration, that compute in pure Python or wait."""

from __future__ import annotations

import functools
import statistics
import time
from typing import Final

CALIBRATION_ROUNDS: Final = 100_000


def compute(rounds: int) -> int:
    """Compute with the GIL held; every round takes the same time."""
    total = 0
    for number in range(rounds):
        total += number & 7
    return total


def wait(seconds: float) -> float:
    """Wait without computing."""
    time.sleep(seconds)
    return seconds


@functools.cache
def _round_seconds() -> float:
    taken = []
    for _ in range(9):
        began = time.perf_counter()
        compute(CALIBRATION_ROUNDS)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) / CALIBRATION_ROUNDS


def rounds_for(seconds: float) -> int:
    """Return the argument with which `compute` takes so long on this host."""
    return max(1, round(seconds / _round_seconds()))
