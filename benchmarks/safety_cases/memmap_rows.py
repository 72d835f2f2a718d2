"""Rows of a big array on disk, mapped for reading."""
import os

import numpy as np

PATH = "rows.npy"
if not os.path.exists(PATH):
    np.save(PATH, np.arange(300 * 20_000, dtype=np.float32).reshape(300, 20_000) % 977)
ROWS = np.load(PATH, mmap_mode="r")


def energy(number):
    row = ROWS[number].astype(np.float64)
    return number, round(float(np.sqrt(row).sum() + np.sort(row)[:10].sum()), 4)


def make_inputs():
    return [n * 7 % 300 for n in range(300)]
