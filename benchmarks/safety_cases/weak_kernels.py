"""Blur rows with Gaussian kernels that are remembered as long as someone uses them."""
import weakref

import numpy as np


class Kernel:
    def __init__(self, sigma):
        x = np.arange(-3 * sigma, 3 * sigma + 1)
        weights = np.exp(-x * x / (2.0 * sigma * sigma))
        self.weights = weights / weights.sum()


KERNELS = weakref.WeakValueDictionary()


def kernel(sigma):
    found = KERNELS.get(sigma)
    if found is None:
        found = KERNELS[sigma] = Kernel(sigma)
    return found


def blur(row):
    sigma, values = row
    used = kernel(sigma)
    for _ in range(9):
        values = np.convolve(values, used.weights, mode="same")
    return sigma, round(float(values.max()), 9)


def make_inputs():
    return [(n % 5 + 8, np.cos(np.arange(2500) * (n + 1) / 300)) for n in range(250)]
