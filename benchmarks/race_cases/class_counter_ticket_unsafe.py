"""Help desk tickets, numbered as they are opened."""


class Ticket:
    issued = 0

    def __init__(self, title: str) -> None:
        Ticket.issued += 1
        self.number = Ticket.issued
        self.title = title

    def __str__(self) -> str:
        return f"#{self.number} {self.title}"


def work(title: str) -> str:
    return str(Ticket(title))
