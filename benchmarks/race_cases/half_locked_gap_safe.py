"""Guest list of a workshop with few places."""

import threading

CAPACITY = 3

guests = ["Mia", "Noah"]
guests_lock = threading.Lock()


def work(name: str) -> str:
    with guests_lock:
        full = len(guests) >= CAPACITY
        if not full:
            guests.append(name)
    if full:
        return f"{name} is on the waiting list"
    return f"{name} is in"
