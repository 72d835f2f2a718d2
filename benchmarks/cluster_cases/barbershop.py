"""A shop with one queue is simulated over a season; arrivals and haircuts are random."""

import heapq
import random

SEASONS = 300
WEEKS = 52
MINUTES = 720.0
BARBERS = 3
CHAIRS = 8


def simulate(seed: int) -> tuple[int, int, float]:
    """Return the customers served and turned away, and the mean wait in minutes."""
    chance = random.Random(seed)
    served = turned_away = 0
    waited = 0.0
    for _ in range(WEEKS):
        free_at = [0.0] * BARBERS
        starts: list[float] = []
        now = 0.0
        while now < MINUTES:
            now += chance.expovariate(1 / 6.0)
            while starts and starts[0] <= now:
                heapq.heappop(starts)
            if len(starts) >= CHAIRS:
                turned_away += 1
                continue
            start = max(now, free_at[0])
            heapq.heapreplace(free_at, start + chance.lognormvariate(2.8, 0.4))
            if start > now:
                heapq.heappush(starts, start)
            served += 1
            waited += start - now
    return served, turned_away, waited / served


def inputs() -> list[int]:
    return list(range(SEASONS))
