"""Coordinates are matched to the nearest town, in a table of 200,000 towns that every call gets."""

import random
from typing import TypeAlias

CALLS = 400
POINTS = 600
TOWNS = 200_000
CELL = 0.25  # degrees

Point: TypeAlias = tuple[float, float]
Table: TypeAlias = dict[tuple[int, int], list[tuple[float, float, str]]]


def cell(point: Point) -> tuple[int, int]:
    return int(point[0] // CELL), int(point[1] // CELL)


def locate(table: Table, points: list[Point]) -> list[str | None]:
    """Return the nearest town of each point, or None where there is none in its cell."""
    names: list[str | None] = []
    for latitude, longitude in points:
        towns = table.get(cell((latitude, longitude)), [])
        nearest = min(towns, key=lambda town: (town[0] - latitude) ** 2 + (town[1] - longitude) ** 2, default=None)
        names.append(None if nearest is None else nearest[2])
    return names


def random_point(chooser: random.Random) -> Point:
    return chooser.uniform(36, 60), chooser.uniform(-10, 30)


def inputs() -> list[tuple[Table, list[Point]]]:
    chooser = random.Random(13)
    table: Table = {}
    for number in range(TOWNS):
        town = random_point(chooser)
        table.setdefault(cell(town), []).append((*town, f"town {number}"))
    return [(table, [random_point(chooser) for _ in range(POINTS)]) for _ in range(CALLS)]
