"""Condense raw sensor readings and keep the summaries as JSON lines."""
import math

import reading_store


def make_inputs():
    return [{"sensor": f"s{n % 17}", "raw": [(n * 37 + k * 11) % 101 for k in range(120)]} for n in range(400)]


def condense(reading):
    values = reading["raw"]
    mean = sum(values) / len(values)
    for _ in range(20):
        spread = math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))
    row = {"sensor": reading["sensor"], "mean": mean, "spread": spread, "peak": max(values), "first": values[:6]}
    reading_store.Store.keep(row)
    return round(mean, 3)


def kept():
    reading_store.Store.OUT.flush()
    with open("readings.jsonl") as source:
        return sorted(source.read().splitlines())
