"""The longest Collatz chain within ranges of very different lengths is found."""

import random

RANGES = 120


def chain_length(number: int) -> int:
    steps = 1
    while number != 1:
        number = number // 2 if number % 2 == 0 else 3 * number + 1
        steps += 1
    return steps


def longest_chain(bounds: tuple[int, int]) -> tuple[int, int]:
    """Return the length of the longest chain, and the number that starts it."""
    first, last = bounds
    return max((chain_length(number), number) for number in range(first, last))


def inputs() -> list[tuple[int, int]]:
    chooser = random.Random(5)
    ranges = []
    for _ in range(RANGES):
        first = chooser.randrange(1, 1_000_000)
        ranges.append((first, first + max(1, int(chooser.paretovariate(0.9) * 400) % 60_000)))
    return ranges
