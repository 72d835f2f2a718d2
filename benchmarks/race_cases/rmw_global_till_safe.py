"""Cash register: prices come as text from the scanner."""

import threading

takings = 0
till = threading.Lock()


def to_cents(price: str) -> int:
    euros, _, cents = price.partition(".")
    return int(euros) * 100 + int(cents.ljust(2, "0"))


def work(receipt: list[str]) -> int:
    global takings
    subtotal = sum(to_cents(price) for price in receipt)
    with till:
        takings += subtotal
    return len(receipt)
