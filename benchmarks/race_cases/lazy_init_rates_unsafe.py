"""Currency conversion with rates parsed on first use."""

TABLE = """\
USD 0.92
GBP 1.17
JPY 0.0061
"""

_rates: dict[str, float] = {}


def rates() -> dict[str, float]:
    if not _rates:
        for line in TABLE.splitlines():
            code, rate = line.split()
            _rates[code] = float(rate)
    return _rates


def work(order: list) -> float:
    amount, code = order
    return round(amount * rates()[code], 2)
