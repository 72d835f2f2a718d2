"""Cash register: prices come as text from the scanner."""

takings = 0


def to_cents(price: str) -> int:
    euros, _, cents = price.partition(".")
    return int(euros) * 100 + int(cents.ljust(2, "0"))


def work(receipt: list[str]) -> int:
    global takings
    for price in receipt:
        takings = takings + to_cents(price)
    return len(receipt)
