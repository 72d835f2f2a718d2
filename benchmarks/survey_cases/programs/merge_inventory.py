"""Merge the stock lists of two warehouses into one sorted JSON file."""

import json
import sys
from pathlib import Path

import pandas as pd
from sklearn.preprocessing import minmax_scale


def load(path):
    return json.loads(Path(path).read_text())


def merge(first, second):
    merged = {item["sku"]: item for item in first}
    for item in second:
        known = merged.get(item["sku"])
        if known is None:
            merged[item["sku"]] = item
        elif item["counted"] > known["counted"]:
            known["stock"] = item["stock"]
    return merged


def main():
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    stock = merge(load(folder / "east.json"), load(folder / "west.json"))
    items = sorted(stock.values(), key=lambda item: item["sku"])
    (target / "stock.json").write_text(json.dumps(items, indent=1, sort_keys=True))

    table = pd.DataFrame(items)
    table["turnover"] = minmax_scale(table["stock"].astype(float))
    shelves = table.groupby("shelf")["turnover"].agg(["count", "mean"]).round(4)
    for shelf in shelves.itertuples():
        print(f"{shelf.Index}: {shelf.count} items, turnover {shelf.mean:.4f}")


if __name__ == "__main__":
    main()
