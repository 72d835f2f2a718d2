import random

from .engine import registry


def identity(pair):
    first, second, scheme = pair
    aligner = registry[scheme]
    return round(aligner.score(first, second) / max(aligner.score(first, first), 1), 6)


def pairs():
    rng = random.Random(21)
    made = []
    for n in range(200):
        first = rng.choices("ACGT", k=70)
        second = [rng.choice("ACGT") if rng.random() < 0.2 else c for c in first]
        made.append(("".join(first), "".join(second), "dna" if n % 3 else "strict"))
    return made
