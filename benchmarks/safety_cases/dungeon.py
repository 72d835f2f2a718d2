"""Shortest walks through a dungeon; door costs are looked up once and kept."""
import heapq
import threading

SIZE = 60
WALLS = frozenset((x, y) for x in range(SIZE) for y in range(SIZE) if (x * 7 + y * 13) % 5 == 0 and (x + y) % 3)
_costs = {}
_costs_lock = threading.Lock()


def _cost(cell):
    with _costs_lock:
        if cell not in _costs:
            _costs[cell] = 1 + sum((cell[0] * k + cell[1]) % 7 == 0 for k in range(1, 30))
        return _costs[cell]


def walk(ends):
    start, goal = ends
    queue, seen = [(0, start)], set()
    while queue:
        far, cell = heapq.heappop(queue)
        if cell == goal:
            return start, goal, far
        if cell in seen:
            continue
        seen.add(cell)
        x, y = cell
        for near in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if 0 <= near[0] < SIZE and 0 <= near[1] < SIZE and near not in WALLS and near not in seen:
                heapq.heappush(queue, (far + _cost(near), near))
    return start, goal, None


def journeys():
    free = [(x, y) for x in range(SIZE) for y in range(SIZE) if (x, y) not in WALLS]
    return [(free[n * 5], free[-1 - n * 9]) for n in range(90)]
