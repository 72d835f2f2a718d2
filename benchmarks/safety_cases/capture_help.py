"""A report function prints; its text is captured and returned."""
import contextlib
import io
import time


def report(number):
    print("report", number)
    for row in range(3):
        time.sleep(0.001)  # asks the service for the row
        print(f"{number}: row {row} = {number * row}")


def rendered(number):
    buffer = io.StringIO()
    with contextlib.redirect_stdout(buffer):
        report(number)
    return buffer.getvalue()


def make_inputs():
    return range(300)
