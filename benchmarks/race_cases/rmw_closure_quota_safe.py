"""A metered API: units used against a monthly limit."""

import threading


def metered(limit: int):
    used = 0
    lock = threading.Lock()

    def charge(units: int) -> str:
        nonlocal used
        with lock:
            used += units
            over = used > limit
        return "over quota" if over else "ok"

    return charge


charge = metered(limit=10)


def work(units: int) -> str:
    return charge(units)
