"""Ratios of two channels; a division by zero is an error here, and handled."""
import numpy as np

np.seterr(divide="raise", invalid="raise")


def ratio(number):
    above = np.arange(1.0, 4001.0)
    below = np.arange(4000.0) - (number % 3 - 1) * 1.0  # sometimes there is a zero in it
    total = 0.0
    for start in range(0, 4000, 25):
        try:
            total += float(np.sum(above[start : start + 25] / below[start : start + 25]))
        except FloatingPointError:
            total -= 1.0
    return round(total, 6)


def make_inputs():
    return range(900)
