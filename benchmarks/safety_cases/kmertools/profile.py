import random

from .hashing import CanonicalKmers
from .spectrum import entropy_rank, spectrum

FORMS = CanonicalKmers(k=5)


def profile(read):
    name, sequence = read
    counts = spectrum(sequence, FORMS)
    return name, len(counts), entropy_rank(counts)


def reads():
    rng = random.Random(31)
    return [(f"read{n}", "".join(rng.choices("ACGT", k=6000))) for n in range(240)]
