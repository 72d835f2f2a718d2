"""Currency conversion with rates parsed on first use."""

TABLE = """\
USD 0.92
GBP 1.17
JPY 0.0061
"""

_rates: dict[str, float] | None = None


def rates() -> dict[str, float]:
    global _rates
    if _rates is None:
        fresh = {}
        for line in TABLE.splitlines():
            code, rate = line.split()
            fresh[code] = float(rate)
        _rates = fresh
    return _rates


def work(order: list) -> float:
    amount, code = order
    return round(amount * rates()[code], 2)
