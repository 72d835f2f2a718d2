"""Page view counter of a small static server."""

import threading

views = 0
views_lock = threading.Lock()
last_seen: dict[str, bool] = {}


def work(path: str) -> str:
    global views
    title = path.removesuffix(".html").title()
    with views_lock:
        views += 1
    last_seen[path] = True
    return f"<h1>{title}</h1>"
