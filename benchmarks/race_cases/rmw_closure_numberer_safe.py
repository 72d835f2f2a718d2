"""Invoice numbers with a check digit."""

import itertools


def check_digit(number: int) -> int:
    return sum(int(digit) for digit in str(number)) % 10


def make_numberer(prefix: str, start: int = 1000):
    numbers = itertools.count(start + 1)

    def numberer(customer: str) -> str:
        current = next(numbers)
        digit = check_digit(current)
        return f"{prefix}-{current}-{digit} for {customer}"

    return numberer


work = make_numberer("INV")
