"""Timed jobs in a heap; callers pass the current second."""

import heapq

agenda = [(90, "rotate logs"), (500, "send report")]
heapq.heapify(agenda)


def is_due(entry: tuple[int, str], now: int) -> bool:
    return entry[0] <= now


def work(now: int) -> str | None:
    if agenda and is_due(agenda[0], now):
        _, job = heapq.heappop(agenda)
        return job
    return None
