"""Smooth signals with an array that is made once, given to the function by functools.partial."""
import functools

import numpy as np


def _smooth(seed, passes, buffer):
    signal = np.sin(np.arange(buffer.size) * (seed % 29 + 1) / 500.0)
    np.copyto(buffer, signal)
    for _ in range(passes):
        np.add(buffer[1:-1], buffer[2:], out=buffer[1:-1])
        np.multiply(buffer[1:-1], 0.5, out=buffer[1:-1])
    return round(float(np.abs(buffer).sum()), 6)


smooth = functools.partial(_smooth, passes=60, buffer=np.empty(6000))


def make_inputs():
    return list(range(300))
