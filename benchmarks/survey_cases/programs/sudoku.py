"""Solve sudokus from standard input, one of 81 characters a line, and print the solutions."""

import sys

ROWS = [[row * 9 + column for column in range(9)] for row in range(9)]
COLUMNS = [[row * 9 + column for row in range(9)] for column in range(9)]
BOXES = [
    [(top + row) * 9 + left + column for row in range(3) for column in range(3)]
    for top in (0, 3, 6)
    for left in (0, 3, 6)
]
UNITS = ROWS + COLUMNS + BOXES
PEERS = [sorted({other for unit in UNITS if cell in unit for other in unit} - {cell}) for cell in range(81)]


def candidates(grid, cell):
    taken = {grid[peer] for peer in PEERS[cell]}
    return [digit for digit in "123456789" if digit not in taken]


def solve(grid):
    best = None
    best_digits = None
    for cell in range(81):
        if grid[cell] != ".":
            continue
        digits = candidates(grid, cell)
        if best_digits is None or len(digits) < len(best_digits):
            best, best_digits = cell, digits
            if len(digits) <= 1:
                break
    if best is None:
        return True
    for digit in best_digits:
        grid[best] = digit
        if solve(grid):
            return True
    grid[best] = "."
    return False


def main():
    solved = 0
    for number, line in enumerate(sys.stdin, 1):
        grid = list(line.strip())
        if len(grid) != 81:
            continue
        if solve(grid):
            solved += 1
            print(f"{number:3} {''.join(grid)}")
        else:
            print(f"{number:3} no solution")
    print(f"{solved} solved")


main()
