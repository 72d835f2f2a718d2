"""Politeness: at most three questions to the service at a time."""
import threading
import time

GATE = threading.BoundedSemaphore(3)


def ask(number):
    with GATE:
        time.sleep(0.003)
        return f"answer {number * number}"


def make_inputs():
    return range(300)
