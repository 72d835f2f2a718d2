"""Page view counter of a small static server."""

views = 0
last_seen: dict[str, bool] = {}


def work(path: str) -> str:
    global views
    title = path.removesuffix(".html").title()
    views += 1
    last_seen[path] = True
    return f"<h1>{title}</h1>"
