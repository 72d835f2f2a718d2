"""Figures as people read them: `12 ms`, `8.4 MB`, `92 %`, `1.9×`, `4 processes`."""

from __future__ import annotations

from advisor.models import Strategy
from advisor.models.strategies import STRATEGIES

_TIMES = ((3600.0, 7200.0, "h"), (60.0, 120.0, "min"), (1.0, 1.0, "s"), (1e-3, 1e-3, "ms"), (1e-6, 1e-6, "µs"))
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
    """Seconds as text with the unit that suits them, to two digits or more."""
    if seconds is None:
        return "unknown"
    for unit, least, name in _TIMES:
        if seconds >= least:
            return f"{_digits(seconds / unit)} {name}"
    return f"{_digits(seconds * 1e9)} ns" if seconds else "0 s"


def size(count: float | None) -> str:
    """Bytes as text, in powers of 1,000."""
    if count is None:
        return "unknown"
    for unit, name in _SIZES:
        if count >= unit:
            return f"{_digits(count / unit)} {name}"
    return f"{count:.0f} bytes"


def percent(share: float | None) -> str:
    """A share of one as text; 100 % and 0 % only when it is that, to the rounding."""
    return "unknown" if share is None else f"{share * 100:.0f} %"


def times(ratio: float) -> str:
    """A speed-up as text."""
    return f"{ratio:.2g}×" if ratio < 0.95 else f"{_digits(ratio)}×"


def count(number: int) -> str:
    """A count with its thousands set apart."""
    return f"{number:,}"


def workers(strategy: Strategy, number: int) -> str:
    """The workers of a strategy: `2 processes`, `a plain loop`."""
    info = STRATEGIES[strategy]
    return info.one_worker if number == 1 else info.workers.format(number)


def kind(strategy: Strategy) -> str:
    """What a strategy works with: `threads`, `processes`."""
    return STRATEGIES[strategy].kind


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}".removesuffix(".0")
