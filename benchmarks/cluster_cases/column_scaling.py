"""Sensor matrices are standardised and clipped; a call gets and returns an array of 3 MB."""

import numpy as np
from numpy.typing import NDArray

MATRICES = 100
ROWS = 12_000
COLUMNS = 32

Matrix = NDArray[np.float64]


def standardise(matrix: Matrix) -> Matrix:
    median = np.median(matrix, axis=0)
    spread = np.quantile(matrix, 0.75, axis=0) - np.quantile(matrix, 0.25, axis=0)
    return np.clip((matrix - median) / spread, -3.0, 3.0)


def inputs() -> list[Matrix]:
    generator = np.random.default_rng(21)
    distinct = [generator.normal(size=(ROWS, COLUMNS)) for _ in range(10)]
    return [distinct[index % len(distinct)] for index in range(MATRICES)]
