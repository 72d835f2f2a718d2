"""Warehouse picks."""

import threading

stock = {"pen": 100, "pad": 40}
picks: list[str] = []
shelf = threading.Lock()


def work(line: list) -> str:
    sku, quantity = line
    with shelf:
        stock[sku] -= quantity
        picks.append(sku)
    return f"{quantity} x {sku}"
