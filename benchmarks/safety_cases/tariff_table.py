"""Prices by a table that is made at import and only read."""
from collections import defaultdict
from types import MappingProxyType

_RATES = defaultdict(lambda: 0.2)
for zone in range(400):
    _RATES[zone] = zone % 17 / 100
RATES = MappingProxyType(_RATES)
NAMES = []
NAMES.extend(f"zone {zone}" for zone in range(400))


def price(parcel):
    total = 0.0
    for step in range(5000):
        total += RATES.get((parcel + step) % 500, 0.2) * step
    return NAMES[parcel % 400], round(total, 4)


def make_inputs():
    return range(700)
