"""A wallet of exact amounts."""

import threading
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Money:
    value: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(other.currency)
        return Money(self.value + other.value, self.currency)


wallet = Money(Decimal("10.00"), "EUR")
wallet_lock = threading.Lock()


def work(text: str) -> None:
    global wallet
    value, currency = text.split()
    amount = Money(Decimal(value), currency)
    with wallet_lock:
        wallet += amount
