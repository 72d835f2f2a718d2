"""Spectra, with a scratch array that is allocated once."""
import numpy as np

SCRATCH = np.empty(250_000)
TABLE = np.linspace(0.0, 1.0, 250_000)


def energy(gain):
    np.multiply(TABLE, float(gain), out=SCRATCH)
    np.sqrt(SCRATCH, out=SCRATCH)
    np.add(SCRATCH, TABLE, out=SCRATCH)
    return round(float(SCRATCH.sum()), 6)


def make_inputs():
    return range(1, 1500)
