"""Revenue by country; a lock guards the totals."""
import threading
from dataclasses import dataclass, field


@dataclass
class Revenue:
    lock: threading.Lock = field(default_factory=threading.Lock)
    by_country: dict = field(default_factory=dict)

    def add(self, country, cents):
        with self.lock:
            self.by_country[country] = self.by_country.get(country, 0) + cents


REVENUE = Revenue()


def settle(sale):
    cents = sale
    for _ in range(8000):
        cents = (cents * 31 + 3) % 100_003
    REVENUE.add("pt" if sale % 2 else "de", cents)


def make_inputs():
    return range(700)


def totals():
    return sorted(REVENUE.by_country.items())
