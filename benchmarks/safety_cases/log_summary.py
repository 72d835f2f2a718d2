import collections


def _records(server):
    header = ["minute", "status", "millis"]
    value = server * 2654435761 % 2 ** 32
    yield header
    for minute in range(6000):
        value = (value * 1664525 + 1013904223) % 2 ** 32
        yield [minute, (200, 200, 200, 304, 404, 500)[value % 6], value >> 22]


def summarise(server):
    records = _records(server)
    header = next(records)
    position = header.index("status")
    groups = {}
    for record in records:
        groups.setdefault(record[position], []).append(record[-1])
    Summary = collections.namedtuple("Summary", ["server"] + [f"s{code}" for code in sorted(groups)])
    return Summary(server, *(round(sum(groups[c]) / len(groups[c]), 3) for c in sorted(groups)))


def make_inputs():
    return list(range(1, 201))
