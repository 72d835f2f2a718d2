"""Ranks in lists; `sort` is done on the call's own copy of a shared table."""
SCALE = [(k * 7919) % 4001 for k in range(4000)]


def rank(value):
    table = list(SCALE)
    table.append(value)
    table.sort()
    low = table.index(value)
    table[:] = [entry - value for entry in table]
    return low, sum(1 for entry in table if entry > 0)


def make_inputs():
    return [n * 31 % 4000 for n in range(600)]


def scale():
    return sum(SCALE), len(SCALE)
