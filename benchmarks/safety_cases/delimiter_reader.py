"""Feeds with different delimiters, which the reader is told."""
import csv
import io

MARKS = ",;|\t"


def columns(number):
    mark = MARKS[number % 4]
    text = "\n".join(mark.join(str(number * k % 97) for k in range(column, column + 8)) for column in range(300))
    rows = list(csv.reader(io.StringIO(text), delimiter=mark))
    return len(rows), sum(int(row[3]) for row in rows)


def make_inputs():
    return range(600)
