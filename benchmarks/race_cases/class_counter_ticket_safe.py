"""Help desk tickets, numbered as they are opened."""

import itertools


class Ticket:
    _numbers = itertools.count(1)

    def __init__(self, title: str) -> None:
        self.number = next(Ticket._numbers)
        self.title = title

    def __str__(self) -> str:
        return f"#{self.number} {self.title}"


def work(title: str) -> str:
    return str(Ticket(title))
