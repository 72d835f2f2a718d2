"""Log lines are collected and shipped in batches."""

import threading

pending = ["service started"]
pending_lock = threading.Lock()
shipped: list[list[str]] = []


def ship(batch: list[str]) -> int:
    shipped.append(batch)
    return len(batch)


def work(command: dict) -> int:
    with pending_lock:
        if not command.get("flush"):
            pending.append(command["line"])
            return 0
        batch = pending[:]
        pending.clear()
    return ship(batch)
