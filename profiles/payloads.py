"""Calls whose arguments or results decide: what can't be sent to a process, and what is dear to send."""

from __future__ import annotations

from collections.abc import Callable, Iterator


def apply_rule(rule: Callable[[int], int]) -> int:
    """Applies a rule to 40,000 numbers. A rule made on the spot can't be pickled, so no process pool can have it."""
    return sum(rule(number) for number in range(40_000))


def apply_rule_inputs() -> Iterator[Callable[[int], int]]:
    """20 rules, each a closure."""
    for index in range(20):
        yield make_rule(index + 3)


def make_rule(divisor: int) -> Callable[[int], int]:
    def rule(number: int) -> int:
        return number % divisor

    return rule


def make_tile(seed: int) -> bytes:
    """A map tile of 8 MB, out of a pattern: making it is quick, sending it to another process is not."""
    pattern = bytes((seed + index * index) % 256 for index in range(40_000))
    return pattern * 200


def make_tile_inputs() -> Iterator[int]:
    """100 seeds."""
    yield from range(100)
