import pandas as pd

from .market import prices


def exposure(account):
    """Exposure by sector; the account's frame is the call's own."""
    frame = pd.DataFrame(account["lots"], columns=["symbol", "sector", "quantity"])
    frame["price"] = frame["symbol"].map(prices())
    frame["value"] = frame["quantity"] * frame["price"]
    table = frame.groupby("sector")["value"].agg(["sum", "max", "count"]).sort_values("sum")
    table["share"] = table["sum"] / table["sum"].sum()
    return account["id"], table.round(4).reset_index().values.tolist()


def accounts():
    return [{"id": n, "lots": [(f"S{(n * 3 + k * 7) % 200:03}", "ABCDE"[k % 5], 1 + (n + k) % 30) for k in range(400)]} for n in range(150)]
