"""A trading rule is tested on eight simulated markets; a call takes about half a second."""

import math
import random

MARKETS = 8
STEPS = 850_000
FAST = 0.05
SLOW = 0.005


def backtest(market: int) -> tuple[float, float]:
    """Return the rule's profit and its largest loss on the way."""
    chance = random.Random(market)
    price = fast = slow = 100.0
    cash = peak = deepest = 0.0
    position = 0
    for _ in range(STEPS):
        previous = price
        price *= math.exp(chance.gauss(0.0, 0.002))
        cash += position * (price - previous)
        fast += FAST * (price - fast)
        slow += SLOW * (price - slow)
        position = 1 if fast > slow else -1
        peak = max(peak, cash)
        deepest = min(deepest, cash - peak)
    return round(cash, 6), round(deepest, 6)


def inputs() -> list[int]:
    return list(range(MARKETS))
