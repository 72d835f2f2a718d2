"""Shortest paths. A counter of the module breaks ties in the heap; only the order of its numbers in a call matters."""
import heapq
import itertools

TIE = itertools.count()
GRAPH = {n: [((n * 7 + k * 13) % 120, {"cost": (n * k) % 19 + 1}) for k in range(1, 6)] for n in range(120)}


def make_inputs():
    return [(n % 120, n * 31 % 120) for n in range(300)]


def distance(pair):
    start, goal = pair
    heap, done = [(0, next(TIE), {"node": start})], {}
    while heap:
        cost, _, state = heapq.heappop(heap)
        if state["node"] in done:
            continue
        done[state["node"]] = cost
        for other, road in GRAPH[state["node"]]:
            heapq.heappush(heap, (cost + road["cost"], next(TIE), {"node": other}))
    return start, goal, done.get(goal), sum(done.values())
