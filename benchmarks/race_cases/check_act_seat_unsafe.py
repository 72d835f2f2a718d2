"""Seat reservations for a single screening."""

PRICES = {"A": 14, "B": 11, "C": 9}

taken: dict[str, str] = {}
revenue: list[int] = []


def price_of(seat: str) -> int:
    return PRICES[seat[0]]


def work(request: list[str]) -> str:
    customer, seat = request
    if seat in taken:
        return f"{seat} is gone"
    amount = price_of(seat)
    taken[seat] = customer
    revenue.append(amount)
    return f"{customer} sits in {seat} for {amount}"
