"""The tenant's settings live in a thread-local, as the framework's tutorial shows."""
import threading

CURRENT = threading.local()


def activate(name, discount):
    CURRENT.name, CURRENT.discount = name, discount


activate("acme", 0.15)


def invoice(number):
    total = 0.0
    for line in range(6000):
        total += (number * 13 + line) % 97 * (1 - CURRENT.discount)
    return CURRENT.name, round(total, 4)


def make_inputs():
    return range(800)
