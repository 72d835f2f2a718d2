"""An old converter needs its input in a file; each call has a folder of its own."""
import json
import os
import tempfile


def converter(path):
    with open(path) as source:
        rows = json.load(source)
    return sum(rows) % 1_000_003


def convert(number):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "input.json")
        with open(path, "w") as out:
            json.dump([number * k % 977 for k in range(1500)], out)
        return number, converter(path)


def make_inputs():
    return range(500)
