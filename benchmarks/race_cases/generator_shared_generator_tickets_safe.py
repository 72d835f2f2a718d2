"""Queue tickets at the town hall."""

import threading


def tickets(prefix: str):
    number = 1
    while True:
        yield f"{prefix}{number:03d}"
        number += 1


dispenser = tickets("A")
dispenser_lock = threading.Lock()


def work(name: str) -> str:
    with dispenser_lock:
        ticket = next(dispenser)
    return f"{name}: {ticket}"
