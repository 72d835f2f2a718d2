"""Data analysis with pandas: from a file, and of a frame handed over as the argument."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from profiles import scratch


def analyse_region(path: str) -> dict[str, float]:
    """Reads a region's sales and finds the best articles, the monthly trend and what goes together."""
    sales = pd.read_csv(path, parse_dates=["day"])
    sales["revenue"] = sales["amount"] * sales["price"]
    by_article = sales.groupby("article")["revenue"].agg(["sum", "mean", "count"])
    by_month = sales.pivot_table(index=sales["day"].dt.month, columns="channel", values="revenue", aggfunc="sum")
    best = sales.merge(by_article.nlargest(20, "sum"), left_on="article", right_index=True)
    return {
        "revenue": float(sales["revenue"].sum()),
        "trend": float(by_month.sum(axis=1).diff().mean()),
        "share_of_best": float(best["revenue"].sum() / sales["revenue"].sum()),
    }


def analyse_region_inputs() -> Iterator[str]:
    """5 regions with 10,000 sales each, six times over."""
    for index in range(30):
        yield region_file(index % 5)


def summarise(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean, spread and extremes of each group: quick work on a large argument."""
    return frame.groupby("group").agg(["mean", "std", "min", "max"])


def summarise_inputs() -> Iterator[pd.DataFrame]:
    """10 frames of 6 MB."""
    random = np.random.default_rng(7)
    for _ in range(10):
        values = {f"sensor_{index}": random.normal(size=150_000) for index in range(4)}
        yield pd.DataFrame({"group": random.integers(0, 300, 150_000), **values})


def region_file(seed: int) -> str:
    path = scratch.folder() / f"region-{seed}.csv"
    if not Path(path).exists():
        random = np.random.default_rng(seed)
        rows = 10_000
        pd.DataFrame(
            {
                "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 366, rows), unit="D"),
                "article": [f"A{number:04}" for number in random.integers(0, 500, rows)],
                "channel": random.choice(["shop", "web", "phone"], rows),
                "amount": random.integers(1, 9, rows),
                "price": random.uniform(1, 99, rows).round(2),
            }
        ).to_csv(path, index=False)
    return str(path)
