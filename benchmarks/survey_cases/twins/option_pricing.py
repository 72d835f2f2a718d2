"""Price a book of Asian options by Monte Carlo, one seed per option."""

import math
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    name: str
    spot: float
    strike: float
    volatility: float
    days: int
    seed: int


def make_book(size):
    random_terms = random.Random(2024)
    return [
        Option(
            name=f"OPT-{number:03}",
            spot=100.0,
            strike=random_terms.uniform(85, 115),
            volatility=random_terms.uniform(0.1, 0.5),
            days=random_terms.choice((20, 30, 40)),
            seed=number,
        )
        for number in range(size)
    ]


class Pricer:
    def __init__(self, rate, paths):
        self.rate = rate
        self.paths = paths

    def price(self, option):
        draw = random.Random(option.seed)
        step = 1 / 365
        drift = (self.rate - option.volatility**2 / 2) * step
        spread = option.volatility * math.sqrt(step)
        payoff = 0.0
        for _ in range(self.paths):
            level = option.spot
            total = 0.0
            for _ in range(option.days):
                level *= math.exp(drift + spread * draw.gauss(0.0, 1.0))
                total += level
            payoff += max(total / option.days - option.strike, 0.0)
        return math.exp(-self.rate * option.days * step) * payoff / self.paths

    def price_book(self, book):
        prices = {}
        worth = 0.0
        with ProcessPoolExecutor() as pool:
            for position, (option, price) in enumerate(zip(book, pool.map(self.price, book)), 1):
                prices[option.name] = price
                worth += price
                bar = "#" * (40 * position // len(book))
                print(f"\r[{bar:40}] {position}/{len(book)}", end="", file=sys.stderr)
        print(file=sys.stderr)
        return prices, worth


def main():
    prices, worth = Pricer(rate=0.02, paths=3200).price_book(make_book(60))
    for name, price in prices.items():
        print(f"{name} {price:8.4f}")
    print(f"book: {worth:.4f}")


if __name__ == "__main__":
    main()
