"""Two accounts of one customer and the nightly audit."""

import threading
from dataclasses import dataclass


@dataclass
class Account:
    name: str
    balance: int

    def withdraw(self, amount: int) -> None:
        self.balance -= amount

    def deposit(self, amount: int) -> None:
        self.balance += amount


checking = Account("checking", 300)
savings = Account("savings", 1200)
books = threading.Lock()


def work(command: dict) -> int:
    with books:
        if command.get("audit"):
            return sum(account.balance for account in (checking, savings))
        checking.withdraw(command["move"])
        savings.deposit(command["move"])
    return command["move"]
