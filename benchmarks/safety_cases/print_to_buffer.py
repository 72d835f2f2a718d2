"""A report function prints to the stream it is given."""
import io
import sys
import time


def report(number, out=None):
    out = sys.stdout if out is None else out
    print("report", number, file=out)
    for row in range(3):
        time.sleep(0.001)  # asks the service for the row
        print(f"{number}: row {row} = {number * row}", file=out)


def rendered(number):
    buffer = io.StringIO()
    report(number, buffer)
    return buffer.getvalue()


def make_inputs():
    return range(300)
