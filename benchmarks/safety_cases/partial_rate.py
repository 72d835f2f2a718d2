"""A rate function with its table filled in by functools.partial."""
import functools

TABLE = {zone: zone % 23 for zone in range(300)}


def _rate(table, weight, number):
    total = 0
    for k in range(7000):
        total += table[(number + k) % 300] * weight
    return total


rate = functools.partial(_rate, TABLE, 3)


def make_inputs():
    return range(600)
