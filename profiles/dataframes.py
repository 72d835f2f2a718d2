"""Data analysis with pandas and pyarrow: from files, of frames handed over as the argument, and row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from profiles import scratch


def analyse_region(path: str) -> dict[str, float]:
    """Read a region's sales and find the best articles, the monthly trend and what goes together."""
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


def rate_orders(frame: pd.DataFrame) -> float:
    """What orders bring in, by a Python function for each row, as written without vectorisation."""
    dues = frame.apply(
        lambda row: row["amount"] * row["price"] * (0.9 if row["channel"] == "web" and row["amount"] > 5 else 1.0),
        axis=1,
    )
    return float(dues.sum())


def rate_orders_inputs() -> Iterator[pd.DataFrame]:
    """20 frames of 1,000 orders."""
    random = np.random.default_rng(5)
    for _ in range(20):
        yield pd.DataFrame(
            {
                "channel": random.choice(["shop", "web", "phone"], 1_000),
                "amount": random.integers(1, 9, 1_000),
                "price": random.uniform(1, 99, 1_000).round(2),
            }
        )


def count_visits(path: str) -> dict[str, int]:
    """Visits that failed, by page, from two of a Parquet file's columns: pyarrow has threads of its own."""
    import pyarrow.parquet as pq

    failed = pq.read_table(path, columns=["page", "status"], filters=[("status", ">=", 500)])
    counts = failed.group_by("page").aggregate([("status", "count")])
    return dict(sorted(zip(counts["page"].to_pylist(), counts["status_count"].to_pylist(), strict=True)))


def count_visits_inputs() -> Iterator[str]:
    """5 files of 200,000 visits each, four times over."""
    for index in range(20):
        yield visits_file(index % 5)


def visits_file(seed: int) -> str:
    path = scratch.folder() / f"visits-{seed}.parquet"
    if not path.exists():
        import pyarrow as pa
        import pyarrow.parquet as pq

        random = np.random.default_rng(seed)
        rows = 200_000
        pages = np.array([f"/articles/{number:03}" for number in range(300)])
        columns = {
            "second": np.cumsum(random.integers(0, 3, rows)),
            "page": pages[random.integers(0, 300, rows)],
            "status": random.choice([200, 304, 404, 500, 503], rows, p=[0.6, 0.2, 0.1, 0.06, 0.04]),
            "bytes": random.integers(200, 90_000, rows),
        }
        pq.write_table(pa.table(columns), path, row_group_size=50_000)
    return str(path)


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
