"""Play Conway's game of life from a glider gun and count what is alive."""

import sys
from collections import Counter

GUN = """
........................O...........
......................O.O...........
............OO......OO............OO
...........O...O....OO............OO
OO........O.....O...OO..............
OO........O...O.OO....O.O...........
..........O.....O.......O...........
...........O...O....................
............OO......................
"""
AROUND = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]


def parse(text):
    rows = text.split()
    return {(x, y) for y, row in enumerate(rows) for x, mark in enumerate(row) if mark == "O"}


def step(alive, width, height):
    neighbours = Counter()
    for x, y in alive:
        for dx, dy in AROUND:
            neighbours[(x + dx) % width, (y + dy) % height] += 1
    return {cell for cell, count in neighbours.items() if count == 3 or (count == 2 and cell in alive)}


def main():
    generations = int(sys.argv[1])
    alive = parse(GUN)
    most = len(alive)
    for generation in range(generations):
        alive = step(alive, 80, 60)
        most = max(most, len(alive))
        if generation % 500 == 499:
            print(f"generation {generation + 1}: {len(alive)} alive")
    print(f"at most {most} alive")


if __name__ == "__main__":
    main()
