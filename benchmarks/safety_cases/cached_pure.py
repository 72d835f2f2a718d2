"""Steps of the Collatz walk, remembered."""
import functools


@functools.lru_cache(maxsize=None)
def steps(value):
    count = 0
    while value != 1:
        value = value // 2 if value % 2 == 0 else 3 * value + 1
        count += 1
    return count


def longest(start):
    return max(range(start, start + 60), key=steps)


def make_inputs():
    return range(100_000, 100_000 + 60 * 500, 60)
