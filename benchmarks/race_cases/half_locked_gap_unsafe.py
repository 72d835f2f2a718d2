"""Guest list of a workshop with few places."""

import threading

CAPACITY = 3

guests = ["Mia", "Noah"]
guests_lock = threading.Lock()


def places_left() -> int:
    with guests_lock:
        return CAPACITY - len(guests)


def work(name: str) -> str:
    if places_left() < 1:
        return f"{name} is on the waiting list"
    with guests_lock:
        guests.append(name)
    return f"{name} is in"
