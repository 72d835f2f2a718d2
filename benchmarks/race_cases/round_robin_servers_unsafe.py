"""Pick the next backend in turn."""

SERVERS = ("10.0.0.1", "10.0.0.2", "10.0.0.3")

position = 0


def work(path: str) -> str:
    global position
    server = SERVERS[position]
    position = (position + 1) % 3
    return f"http://{server}{path}"
