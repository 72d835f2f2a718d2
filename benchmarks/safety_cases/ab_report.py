import csv
import io
import random


def _resample(rng, values, rounds):
    for _ in range(rounds):
        yield sum(rng.choices(values, k=len(values))) / len(values)


def interval(variant):
    rng = random.Random(variant * 97)
    values = [rng.gauss(10 + variant % 3, 2) for _ in range(60)]
    means = sorted(_resample(rng, values, 400))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["variant", "low", "high"])
    writer.writerow([variant, f"{means[10]:.6f}", f"{means[-11]:.6f}"])
    return text.getvalue()


def make_inputs():
    return list(range(1, 161))
