"""Tiles of big raster files. Descriptors stay open in a cache; reads name their offset (pread)."""
import functools
import os

import numpy as np

SIZE = 256
for name in ("red.raw", "green.raw"):
    if not os.path.exists(name):
        rows = np.arange(SIZE * SIZE * 4, dtype=np.uint32) * (2654435761 if name == "red.raw" else 40503)
        rows.astype("<u4").tofile(name)


@functools.lru_cache(maxsize=8)
def band(name):
    return os.open(name, os.O_RDONLY)


def brightness(tile):
    name, row = tile
    fd = band(name)
    lines = [np.frombuffer(os.pread(fd, 4 * SIZE, 4 * SIZE * (row + k)), "<u4") for k in range(160)]
    return name, row, int(np.stack(lines).astype(np.uint64).sum())


def make_inputs():
    return [(("red.raw", "green.raw")[n % 2], n * 7 % 850) for n in range(400)]
