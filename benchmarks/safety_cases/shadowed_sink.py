"""Rows as CSV text; the sink in the function is its own, whatever the module has under that name."""
import csv
import io

SINK = open("all_rows.csv", "a", newline="")
writer = csv.writer(SINK)


def as_csv(number):
    SINK = io.StringIO()
    writer = csv.writer(SINK)
    for row in range(1500):
        writer.writerow([number, row, number * row % 89])
    return len(SINK.getvalue())


def make_inputs():
    return range(700)
