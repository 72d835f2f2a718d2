"""Pass news from an engine's thread to the thread that receives them."""

from __future__ import annotations

import queue

from advisor.clusters.engine import News
from advisor.errors import ConnectionLostError


class NewsQueue:
    """News of tasks, in the order in which they came."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[News | None] = queue.SimpleQueue()
        self._failure = ""

    def put(self, news: News) -> None:
        """Add news."""
        self._queue.put(news)

    def wake(self) -> None:
        """Let `receive` return, even without news."""
        self._queue.put(None)

    def fail(self, message: str) -> None:
        """Make `receive` raise ConnectionLostError once it has returned all news."""
        self._failure = message
        self.wake()

    def receive(self, timeout: float | None) -> list[News]:
        """Wait for news, or for `wake`, and return all there is."""
        found: list[News] = []
        wait = timeout
        while True:
            try:
                news = self._queue.get(timeout=wait) if wait is None or wait > 0 else self._queue.get_nowait()
            except queue.Empty:
                break
            if news is not None:
                found.append(news)
            wait = 0
        if self._failure and not found:
            self.wake()  # for the next call
            raise ConnectionLostError(self._failure)
        return found


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
