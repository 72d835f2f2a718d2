"""Compare two versions of a gene line by line: length of the longest common subsequence and the edits."""

import sys
from pathlib import Path


def table(first, second):
    lengths = [[0] * (len(second) + 1)]
    for left in first:
        above = lengths[-1]
        row = [0]
        for column, right in enumerate(second):
            if left == right:
                row.append(above[column] + 1)
            else:
                row.append(max(row[column], above[column + 1]))
        lengths.append(row)
    return lengths


def edits(first, second, lengths):
    i, j = len(first), len(second)
    removed = added = 0
    while i and j:
        if first[i - 1] == second[j - 1]:
            i -= 1
            j -= 1
        elif lengths[i - 1][j] >= lengths[i][j - 1]:
            removed += 1
            i -= 1
        else:
            added += 1
            j -= 1
    return removed + i, added + j


def main():
    first, second = (Path(name).read_text().strip() for name in sys.argv[1:3])
    lengths = table(first, second)
    removed, added = edits(first, second, lengths)
    print(f"common {lengths[-1][-1]}, removed {removed}, added {added}")


if __name__ == "__main__":
    main()
