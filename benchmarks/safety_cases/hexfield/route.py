import heapq

from . import geometry


def cheapest(mission):
    """Dijkstra over the hexes; returns the cost and the number of hexes looked at."""
    start, goal, seed, radius = mission
    queue, best = [(0, start)], {start: 0}
    looked = 0
    while queue:
        spent, here = heapq.heappop(queue)
        looked += 1
        if here == goal:
            return spent, looked
        if spent > best[here]:
            continue
        for there in geometry.neighbours(*here, radius):
            total = spent + geometry.cost(*there, seed)
            if total < best.get(there, 1 << 30):
                best[there] = total
                heapq.heappush(queue, (total, there))
    return None, looked


def missions():
    return [((-18, 9), (18 - n % 5, -9), n % 6, 18) for n in range(220)]
