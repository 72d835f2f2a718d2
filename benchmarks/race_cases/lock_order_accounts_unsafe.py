"""Transfers between accounts with a lock each."""

import threading


class Account:
    def __init__(self, owner: str, balance: int) -> None:
        self.owner = owner
        self.balance = balance
        self.lock = threading.Lock()


accounts = {name: Account(name, 50) for name in ("anna", "ben")}


def work(order: list) -> None:
    source, target, amount = accounts[order[0]], accounts[order[1]], order[2]
    with source.lock:
        with target.lock:
            source.balance -= amount
            target.balance += amount
