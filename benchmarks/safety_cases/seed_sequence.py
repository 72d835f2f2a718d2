"""Simulated days, from one root seed and the number of the day."""
import numpy as np

ROOT = 20240517


def simulate(day):
    first, second = np.random.SeedSequence([ROOT, day]).spawn(2)
    demand = np.random.default_rng(first).poisson(30, 8000)
    legacy = np.random.RandomState(day)
    price = legacy.normal(10.0, 2.0, 8000)
    extra = np.random.Generator(np.random.PCG64(second)).random()
    return round(float((demand * price).sum() + extra), 6)


def make_inputs():
    return range(700)
