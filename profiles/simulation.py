"""Scientific simulations in pure Python: independent calculations that hold the GIL from start to end."""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Iterator
from typing import Any


def price_option(seed: int) -> float:
    """The price of an Asian option, by Monte Carlo over 400 paths of 50 steps."""
    draw = random.Random(seed)
    total = 0.0
    for _ in range(400):
        price, mean = 100.0, 0.0
        for _ in range(50):
            price *= math.exp(0.0002 + 0.02 * draw.gauss(0, 1))
            mean += price / 50
        total += max(mean - 100.0, 0.0)
    return total / 400


def price_option_inputs() -> Iterator[int]:
    """200 seeds."""
    yield from range(200)


def move_planets(steps: int) -> float:
    """The energy of five bodies after so many steps of the leapfrog method."""
    bodies = [[math.cos(n), math.sin(n), n / 10, -math.sin(n), math.cos(n), 0.0, 1 / (n + 1)] for n in range(5)]
    for _ in range(steps):
        for first in range(5):
            for second in range(first + 1, 5):
                pull(bodies[first], bodies[second], 0.001)
        for body in bodies:
            body[0] += 0.001 * body[3]
            body[1] += 0.001 * body[4]
            body[2] += 0.001 * body[5]
    return sum(0.5 * body[6] * (body[3] ** 2 + body[4] ** 2 + body[5] ** 2) for body in bodies)


def pull(first: list[float], second: list[float], seconds: float) -> None:
    x, y, z = first[0] - second[0], first[1] - second[1], first[2] - second[2]
    force = seconds / (x * x + y * y + z * z + 0.01) ** 1.5
    for axis, distance in ((3, x), (4, y), (5, z)):
        first[axis] -= distance * second[6] * force
        second[axis] += distance * first[6] * force


def move_planets_inputs() -> Iterator[int]:
    """60 runs that differ six-fold in length: the slowest decides when the job is done."""
    for index in range(60):
        yield 400 * (1 + index % 6)


def serve_customers(seed: int) -> float:
    """The mean wait of a bank's customers before one of three counters, over a day, by SimPy."""
    import simpy

    draw = random.Random(seed)
    bank = simpy.Environment()
    counters = simpy.Resource(bank, capacity=3)
    waits: list[float] = []

    def visit() -> Generator[Any, Any, None]:
        came = bank.now
        with counters.request() as place:
            yield place
            waits.append(bank.now - came)
            yield bank.timeout(draw.expovariate(1 / 5.5))

    def open_doors() -> Generator[Any, Any, None]:
        while True:
            yield bank.timeout(draw.expovariate(1 / 2))
            bank.process(visit())

    bank.process(open_doors())
    bank.run(until=8 * 60)
    return sum(waits) / len(waits)


def serve_customers_inputs() -> Iterator[int]:
    """200 seeds."""
    yield from range(200)
