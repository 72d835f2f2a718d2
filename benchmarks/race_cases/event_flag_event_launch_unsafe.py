"""The first request starts the background indexer."""

import threading

started = threading.Event()
launches: list[str] = []


def launch(requested_by: str) -> None:
    launches.append(f"indexer for {requested_by}")


def work(client: str) -> str:
    if not started.is_set():
        started.set()
        launch(client)
    return f"hello {client}"
