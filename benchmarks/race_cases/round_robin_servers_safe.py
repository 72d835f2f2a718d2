"""Pick the next backend in turn."""

from itertools import cycle

SERVERS = ("10.0.0.1", "10.0.0.2", "10.0.0.3")

turns = cycle(SERVERS)


def work(path: str) -> str:
    server = next(turns)
    return f"http://{server}{path}"
