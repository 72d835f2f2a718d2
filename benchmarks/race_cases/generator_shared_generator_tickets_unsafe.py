"""Queue tickets at the town hall."""


def tickets(prefix: str):
    number = 1
    while True:
        yield f"{prefix}{number:03d}"
        number += 1


dispenser = tickets("A")


def work(name: str) -> str:
    return f"{name}: {next(dispenser)}"
