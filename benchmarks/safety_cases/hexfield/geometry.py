import functools

DIRECTIONS = ((1, 0), (1, -1), (0, -1), (-1, 0), (-1, 1), (0, 1))


@functools.lru_cache(maxsize=None)
def neighbours(q, r, radius):
    near = []
    for dq, dr in DIRECTIONS:
        a, b = q + dq, r + dr
        if max(abs(a), abs(b), abs(a + b)) <= radius:
            near.append((a, b))
    return tuple(near)


@functools.lru_cache(maxsize=8192)
def cost(q, r, seed):
    return 1 + (q * 73856093 ^ r * 19349663 ^ seed * 83492791) % 9
