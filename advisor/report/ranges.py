"""Ranges and shares as people read them: 3.2–4.4 s, 12–16×, percentages that add up."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.models import Range
from advisor.report.formatting import duration, times


def duration_range(seconds: Range) -> str:
    """Both ends, the unit said once where they share it: 3.2–4.4 s, 900 µs–1.1 ms."""
    return _between(duration(seconds.low), duration(seconds.high), " ")


def times_range(factor: Range) -> str:
    """A speed-up's interval: 12–16×, or 14× when the ends read the same."""
    return _between(times(factor.low), times(factor.high), "×")


def percentages(parts: Sequence[float], whole: int = 100) -> list[int]:
    """Integers in proportion to the parts that add up to exactly `whole` (largest remainders are rounded up)."""
    total = sum(parts)
    if total <= 0:
        return [0] * len(parts)
    exact = [part / total * whole for part in parts]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: shares[index] - exact[index])
    for index in by_remainder[: whole - sum(shares)]:
        shares[index] += 1
    return shares


def _between(low: str, high: str, unit_from: str) -> str:
    if low == high:
        return high
    low_number, sign, low_unit = low.partition(unit_from)
    _, _, high_unit = high.partition(unit_from)
    return f"{low_number if low_unit == high_unit else low_number + sign + low_unit}–{high}"
