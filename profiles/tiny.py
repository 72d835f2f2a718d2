"""A function of less than a microsecond: any pool costs far more than it could save."""

from __future__ import annotations

from collections.abc import Iterator


def clamp(value: float) -> float:
    """The value, or the nearer end of 0 to 1."""
    return min(max(value, 0.0), 1.0)


def clamp_inputs() -> Iterator[float]:
    """1,000 numbers about the interval."""
    for index in range(1_000):
        yield index / 500 - 0.5
