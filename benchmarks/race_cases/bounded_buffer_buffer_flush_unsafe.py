"""Log lines are collected and shipped in batches."""

pending = ["service started"]
shipped: list[list[str]] = []


def ship(batch: list[str]) -> int:
    shipped.append(batch)
    return len(batch)


def work(command: dict) -> int:
    if not command.get("flush"):
        pending.append(command["line"])
        return 0
    count = ship(pending[:])
    pending.clear()
    return count
