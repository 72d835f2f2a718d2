"""An old converter needs its input in a file; the file is always the same."""
import json
import os
import tempfile

SCRATCH = os.path.join(tempfile.mkdtemp(prefix="convert-"), "input.json")


def converter(path):
    with open(path) as source:
        rows = json.load(source)
    return sum(rows) % 1_000_003


def convert(number):
    with open(SCRATCH, "w") as out:
        json.dump([number * k % 977 for k in range(1500)], out)
    total = converter(SCRATCH)
    os.remove(SCRATCH)
    return number, total


def make_inputs():
    return range(500)
