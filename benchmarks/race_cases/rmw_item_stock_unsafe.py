"""Warehouse picks."""

stock = {"pen": 100, "pad": 40}
picks: list[str] = []


def work(line: list) -> str:
    sku, quantity = line
    stock[sku] -= quantity
    picks.append(sku)
    return f"{quantity} x {sku}"
