"""Sales of each branch are grouped by month and product with pandas."""

import numpy as np
import pandas as pd

BRANCHES = 80
SALES = 40_000


def totals(branch: int) -> dict[str, float]:
    """Return the turnover of each month's best product."""
    generator = np.random.default_rng(branch)
    days = pd.to_datetime("2025-01-01") + pd.to_timedelta(generator.integers(0, 365, SALES), unit="D")
    product = generator.integers(0, 200, SALES)
    sales = pd.DataFrame({"day": days, "product": product, "amount": generator.gamma(2.0, 20.0, SALES)})
    sales["month"] = sales["day"].dt.strftime("%Y-%m")
    by_product = sales.groupby(["month", "product"])["amount"].sum()
    return {str(month): float(amount) for month, amount in by_product.groupby("month").max().items()}


def inputs() -> list[int]:
    return list(range(BRANCHES))
