"""A timing decorator without functools.wraps."""
import time


def timed(function):
    def inner(*args):
        start = time.perf_counter()
        result = function(*args)
        return result if time.perf_counter() - start >= 0 else None

    return inner


@timed
def grind(number):
    value = number
    for _ in range(10_000):
        value = (value * 37 + 11) % 65_537
    return value


def make_inputs():
    return range(500)
