"""A journal of simulation steps: a key and the state after it, pickled one after the other."""
import pickle
from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass
class Journal:
    path: str
    stream: BinaryIO = field(init=False, repr=False)

    def __post_init__(self):
        self.stream = open(self.path, "wb")

    def record(self, step):
        x, y = step / 100, 0.5
        orbit = []
        for _ in range(3000):
            x, y = 1 - 1.4 * x * x % 1.7 + y, 0.3 * x
            orbit.append(x)
        pickle.dump(("step", step), self.stream)
        pickle.dump([round(v, 6) for v in orbit[-20:]], self.stream)
        return round(x, 9)


JOURNAL = Journal("orbits.pickle")


def make_inputs():
    return list(range(300))


def entries():
    JOURNAL.stream.flush()
    found = []
    with open(JOURNAL.path, "rb") as source:
        while True:
            try:
                found.append((pickle.load(source), pickle.load(source)))
            except EOFError:
                return sorted(map(repr, found))
