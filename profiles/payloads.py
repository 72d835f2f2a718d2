"""Calls that are dear to send to another process: by their arguments, their results, or the object they belong to."""

from __future__ import annotations

import csv
import functools
import math
import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from profiles import scratch

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def make_tile(seed: int) -> bytes:
    """A map tile of 8 MB, out of a pattern: making it is quick, sending it to another process is not."""
    pattern = bytes((seed + index * index) % 256 for index in range(40_000))
    return pattern * 200


def make_tile_inputs() -> Iterator[int]:
    """100 seeds."""
    yield from range(100)


def measure_level(samples: npt.NDArray[np.int16]) -> tuple[float, int]:
    """How loud a recording is and how many samples are clipped: NumPy needs less time for it than sending it takes."""
    import numpy as np

    level = np.abs(samples)
    return float(level.mean(dtype=np.float64)), int(np.count_nonzero(level >= 32_000))


def measure_level_inputs() -> Iterator[npt.NDArray[np.int16]]:
    """8 recordings of 4 million samples, 8 MB each."""
    import numpy as np

    for index in range(8):
        yield np.random.default_rng(index).integers(-32_767, 32_767, 4_000_000, dtype=np.int16)


@dataclass
class Delivery:
    """A row of the file, as an object."""

    number: int
    customer: str
    article: str
    amount: int
    price: float


def read_deliveries(path: str) -> list[Delivery]:
    """A CSV file's rows as objects: 4,000 of them take about as long to pickle and unpickle as to read."""
    with Path(path).open(encoding="utf-8", newline="") as lines:
        return [
            Delivery(int(row["number"]), row["customer"], row["article"], int(row["amount"]), float(row["price"]))
            for row in csv.DictReader(lines)
        ]


def read_deliveries_inputs() -> Iterator[str]:
    """5 files of 4,000 rows, four times over."""
    for index in range(20):
        yield scratch.file(f"deliveries-{index % 5}.csv", functools.partial(deliveries_text, 4_000, index % 5))


def deliveries_text(rows: int, seed: int) -> str:
    draw = random.Random(seed)
    names = [f"Customer {draw.getrandbits(9)},AB-{draw.getrandbits(12)}" for _ in range(rows)]
    lines = (f"{number},{name},{draw.randint(1, 9)},{draw.random() * 90:.2f}\n" for number, name in enumerate(names))
    return "number,customer,article,amount,price\n" + "".join(lines)


class Terrain:
    """Heights in metres, a thousand points each way: 4 MB that go along whenever a method of it is sent."""

    side: Final = 1_000

    def __init__(self) -> None:
        slope = array("f", (400 + 300 * math.sin(x / 90) + 40 * math.sin(x / 7) for x in range(2 * self.side)))
        self.heights = array("f")
        for row in range(self.side):
            start = row * row // 3 % self.side
            self.heights.extend(slope[start : start + self.side])

    def height(self, x: float, y: float) -> float:
        """The height between four points of the grid."""
        column, row = int(x), int(y)
        right, down = x - column, y - row
        first = row * self.side + column
        second = first + self.side
        heights = self.heights
        above = heights[first] * (1 - right) + heights[first + 1] * right
        below = heights[second] * (1 - right) + heights[second + 1] * right
        return above * (1 - down) + below * down

    def climb(self, hike: tuple[float, float, float, float]) -> float:
        """The metres that a straight hike from one place to another goes up."""
        x, y, to_x, to_y = hike
        steps = 10_000
        total, before = 0.0, self.height(x, y)
        for step in range(1, steps + 1):
            here = self.height(x + (to_x - x) * step / steps, y + (to_y - y) * step / steps)
            total += max(here - before, 0.0)
            before = here
        return total

    def climb_inputs(self) -> Iterator[tuple[float, float, float, float]]:
        """100 hikes."""
        for index in range(100):
            yield 10.0 + index, 20.0, 980.0 - index, 700.0 + index


TERRAIN: Final = Terrain()
