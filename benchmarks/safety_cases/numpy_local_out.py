"""Spectra, with a scratch array in each call."""
import numpy as np

TABLE = np.linspace(0.0, 1.0, 250_000)
TABLE.setflags(write=False)


def energy(gain):
    scratch = np.empty_like(TABLE)
    np.multiply(TABLE, float(gain), out=scratch)
    np.sqrt(scratch, out=scratch)
    np.add(scratch, TABLE, out=scratch)
    return round(float(scratch.sum()), 6)


def make_inputs():
    return range(1, 1500)
