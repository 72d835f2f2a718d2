"""Prepaid cards: one balance, credited and debited."""

import threading

card_lock = threading.Lock()
card = {"balance": 100}


def rounded(amount: float) -> int:
    return int(amount + 0.5)


def credit(amount: int) -> None:
    with card_lock:
        card["balance"] = rounded(card["balance"] + amount)


def debit(amount: int) -> None:
    with card_lock:
        card["balance"] = rounded(card["balance"] - amount)


def work(booking: list) -> str:
    kind, amount = booking
    (credit if kind == "credit" else debit)(amount)
    return kind
