"""Numbers as text: `12 ms`, `3.2–4.4 s`, `8.4 MB`, `92 %`, `1.9×`, `4 processes`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.models import Range, Strategy
from advisor.models.strategies import STRATEGIES

_TIMES = ((3600.0, 7200.0, "h"), (60.0, 120.0, "min"), (1.0, 1.0, "s"), (1e-3, 1e-3, "ms"), (1e-6, 1e-6, "µs"))
_SPACE_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:ns|µs|ms|s|min|h|days|bytes|kB|MB|GB|TB)\b|%)")
_SIZES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))

WHERE_IN_WORDS = {
    "network": "waits for the network",
    "disk": "waits for the disk",
    "database": "waits for a database",
    "device": "waits for a device",
    "child": "another program works",
    "releases": "computes, GIL released",
    "holds": "computes, GIL held",
    "mixed": "some of each",
    "tiny": "too short to share out",
    "serial": "one after the other",
    "none": "",
}


def duration(seconds: float | None) -> str:
    """Format seconds with a suitable unit, to two digits or more."""
    if seconds is None:
        return "unknown"
    for unit, least, name in _TIMES:
        if seconds >= least:
            return f"{_digits(seconds / unit)} {name}"
    return f"{_digits(seconds * 1e9)} ns" if seconds else "0 s"


def size(count: float | None) -> str:
    """Format bytes, in powers of 1,000."""
    if count is None:
        return "unknown"
    for unit, name in _SIZES:
        if count >= unit:
            return f"{_digits(count / unit)} {name}"
    return f"{count:.0f} bytes"


def percent(share: float | None) -> str:
    """Format a share between 0 and 1, rounded to whole percents."""
    return "unknown" if share is None else f"{share * 100:.0f} %"


def times(ratio: float) -> str:
    """Format a speed-up."""
    return f"{ratio:.2g}×" if ratio < 0.95 else f"{_digits(ratio)}×"


def count(number: int) -> str:
    """Format an integer with thousands separators."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """Format an integer with its noun: `1 call`, `2,000 calls`."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def workers(strategy: Strategy, number: int) -> str:
    """Name the workers of a strategy: `2 processes`, `a plain loop`."""
    info = STRATEGIES[strategy]
    return info.one_worker if number == 1 else info.workers.format(number)


def kind(strategy: Strategy) -> str:
    """Name the kind of worker of a strategy: `threads`, `processes`."""
    return STRATEGIES[strategy].kind


def duration_range(seconds: Range) -> str:
    """Format both ends, with a common unit once: `3.2–4.4 s`, `900 µs–1.1 ms`."""
    return _range(duration(seconds.low), duration(seconds.high), " ")


def times_range(factor: Range) -> str:
    """Format the interval of a speed-up: `12–16×`, or `14×` when both ends read the same."""
    return _range(times(factor.low), times(factor.high), "×")


def percentages(parts: Sequence[float], whole: int = 100) -> list[int]:
    """Return integers in proportion to `parts` whose sum is exactly `whole`, by the largest-remainder method."""
    total = sum(parts)
    if total <= 0:
        return [0] * len(parts)
    exact = [part / total * whole for part in parts]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: shares[index] - exact[index])
    for index in by_remainder[: whole - sum(shares)]:
        shares[index] += 1
    return shares


def without_break(text: str) -> str:
    """Return the text with no-break spaces between numbers and units."""
    return _SPACE_BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", text)


def _range(low: str, high: str, separator: str) -> str:
    if low == high:
        return high
    number, sign, unit = low.partition(separator)
    _, _, high_unit = high.partition(separator)
    return f"{number if unit == high_unit else number + sign + unit}–{high}"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}".removesuffix(".0")
