"""The lines of a trace after a position, as slices of a memory map."""
import mmap
import os

PATH = "slices.txt"
if not os.path.exists(PATH):
    with open(PATH, "w") as out:
        for n in range(20_000):
            out.write(f"{n:06d} request took {n * 37 % 911:03d} ms\n")
with open(PATH, "rb") as source:
    TRACE = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
WIDTH = len("000000 request took 000 ms\n")


def slowest(first_line, lines=1000):
    worst = 0
    for line in range(first_line, first_line + lines):
        worst = max(worst, int(TRACE[line * WIDTH + 20 : line * WIDTH + 23]))
    return first_line, worst


def make_inputs():
    return [n * 379 % 19_000 for n in range(1500)]
