"""Lines of a web server's log are parsed and counted, a part of the log a call."""

import random
import re
from collections import Counter
from datetime import datetime

PARTS = 60
LINES = 4_000
LINE = re.compile(
    r"(?P<host>\S+) \S+ \S+ \[(?P<time>[^\]]+)\] "
    r'"(?P<method>[A-Z]+) (?P<path>\S+) [^"]*" (?P<status>\d{3}) (?P<size>\d+|-)'
)


def summarise(part: str) -> tuple[dict[str, int], int, str]:
    """Return the requests by status, the bytes sent, and the time of the last request."""
    last = ""
    statuses: Counter[str] = Counter()
    sent = 0
    for line in part.splitlines():
        found = LINE.match(line)
        if found is None:
            statuses["unreadable"] += 1
            continue
        statuses[found["status"]] += 1
        last = max(last, datetime.strptime(found["time"], "%d/%b/%Y:%H:%M:%S %z").isoformat())
        sent += int(found["size"]) if found["size"] != "-" else 0
    return dict(statuses), sent, last


def log_line(chooser: random.Random) -> str:
    host = ".".join(str(chooser.randrange(256)) for _ in range(4))
    path = f"/shop/{chooser.choice(('cart', 'item', 'search'))}/{chooser.randrange(10_000)}?page={chooser.randrange(9)}"
    status = chooser.choice((200, 200, 200, 304, 404, 500))
    time = f"12/Mar/2026:10:{chooser.randrange(60):02}:07 +0000"
    return f'{host} - - [{time}] "GET {path} HTTP/1.1" {status} {chooser.randrange(9_000)}'


def inputs() -> list[str]:
    chooser = random.Random(11)
    pool = [log_line(chooser) for _ in range(LINES)] + ["- broken line"]
    return ["\n".join(chooser.choices(pool, k=LINES)) for _ in range(PARTS)]
