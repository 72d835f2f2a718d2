import dataclasses

from .paths import terminal
from .seeding import seed_everything


@dataclasses.dataclass(frozen=True)
class Option:
    ident: int
    spot: float
    strike: float
    vol: float


def price(option, runs=150):
    seed_everything(1000 + option.ident)
    payoffs = []
    for _ in range(runs):
        payoffs.append(max(terminal(option.spot, option.vol, 1.0, 24) - option.strike, 0.0))
    return option.ident, round(sum(payoffs) / runs, 6)


def book():
    return [Option(n, 100.0, 80.0 + n % 40, 0.15 + n % 7 / 50) for n in range(240)]
