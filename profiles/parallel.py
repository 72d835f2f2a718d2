"""Libraries that use every core by themselves, so that workers on top of them get in each other's way."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from profiles import scratch

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

Vectors = npt.NDArray[np.float32]


def solve_system(seed: int) -> float:
    """Solve 600 linear equations, by BLAS on all cores."""
    random = np.random.default_rng(seed)
    coefficients = random.normal(size=(600, 600))
    return float(np.abs(np.linalg.solve(coefficients, coefficients @ np.ones(600))).sum())


def solve_system_inputs() -> Iterator[int]:
    """100 seeds."""
    yield from range(100)


def find_similar(questions: Vectors) -> list[int]:
    """The text of the catalogue that is most like each question, by their embeddings: a product of large matrices."""
    likeness = questions @ catalogue().T
    return [int(place) for place in likeness.argmax(axis=1)]


def find_similar_inputs() -> Iterator[Vectors]:
    """20 batches of 64 questions, each a text of the catalogue with something else in it."""
    random = np.random.default_rng(2)
    texts = catalogue()
    for _ in range(20):
        chosen = texts[random.integers(0, len(texts), 64)]
        yield (chosen + random.normal(scale=0.3, size=chosen.shape)).astype(np.float32)


def total_sales(path: str) -> dict[str, int]:
    """The cents that each shop's large sales brought in: a lazy query of polars over a CSV file."""
    import polars as pl

    query = (
        pl.scan_csv(path)
        .filter(pl.col("amount") > 2)
        .with_columns(revenue=pl.col("amount") * pl.col("cents"))
        .group_by("shop")
        .agg(pl.col("revenue").sum())
        .sort("shop")
    )
    return dict(query.collect().iter_rows())


def total_sales_inputs() -> Iterator[str]:
    """2 files of 300,000 sales each, ten times over."""
    for index in range(20):
        yield scratch.file(f"sales-{index % 2}.csv", functools.partial(sales_text, index % 2))


def evaluate_model(candidate: HistGradientBoostingRegressor) -> float:
    """Fit a candidate of a grid search to one half of the data and score it on the other: OpenMP on all cores."""
    from sklearn.base import clone

    rows, values = measurements()
    half = len(rows) // 2
    fitted = clone(candidate).fit(rows[:half], values[:half])
    return round(float(fitted.score(rows[half:], values[half:])), 6)


def evaluate_model_inputs() -> Iterator[HistGradientBoostingRegressor]:
    """20 candidates with alike work to do."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    measurements()
    for rate in (0.05, 0.07, 0.1, 0.14, 0.2):
        for penalty in (0.0, 0.1, 1.0, 10.0):
            yield HistGradientBoostingRegressor(
                learning_rate=rate, l2_regularization=penalty, max_iter=30, early_stopping=False, random_state=1
            )


@functools.cache
def catalogue() -> Vectors:
    """Embeddings of 20,000 texts, 256 numbers of 4 bytes each."""
    vectors = np.random.default_rng(1).normal(size=(20_000, 256)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


@functools.cache
def measurements() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """10,000 rows of ten sensors, and what depends on half of them."""
    random = np.random.default_rng(4)
    rows = random.uniform(size=(10_000, 10))
    values = (
        10 * np.sin(np.pi * rows[:, 0] * rows[:, 1]) + 20 * (rows[:, 2] - 0.5) ** 2 + 10 * rows[:, 3] + 5 * rows[:, 4]
    )
    return rows, values + random.normal(size=len(rows))


def sales_text(seed: int) -> str:
    random = np.random.default_rng(seed)
    columns = (random.integers(0, 40, 300_000), random.integers(1, 9, 300_000), random.integers(99, 9_999, 300_000))
    lines = (f"S{shop:02},{amount},{cents}" for shop, amount, cents in zip(*columns, strict=True))
    return "shop,amount,cents\n" + "\n".join(lines) + "\n"
