"""The first request starts the background indexer."""

import threading

start_once = threading.Lock()
launches: list[str] = []


def launch(requested_by: str) -> None:
    launches.append(f"indexer for {requested_by}")


def work(client: str) -> str:
    if start_once.acquire(blocking=False):
        launch(client)
    return f"hello {client}"
