"""Data that tasks on a Dask cluster share."""

from __future__ import annotations

import asyncio
from typing import Any

PLACED_BYTES = 256 * 1024  # up to which data goes to each worker by itself, so that it needs no other one for it


class Placed:
    """Data for any number of tasks, sent when the first of them needs it; the cluster drops it when this is deleted.

    Small data goes to each worker that needs it. Large data leaves the client once, and workers fetch it from one
    another; it is sent again if all who have it are lost.
    """

    def __init__(self, value: Any, size: int = 0) -> None:
        self._value = value
        self._size = size
        self._sent: dict[tuple[str, str], asyncio.Future[Any]] = {}

    async def future(self, client: Any, worker: str, address: str) -> Any:
        """Return the future of the data for a worker; send it if need be."""
        small = self._size <= PLACED_BYTES
        place = (client.id, worker if small else "")
        if not self._is_there(place):
            workers = [address] if small else None
            sending = client.scatter(self._value, workers=workers, broadcast=False, hash=False)
            self._sent[place] = asyncio.ensure_future(sending)
        return await asyncio.shield(self._sent[place])

    def forget(self, worker: str) -> None:
        """Drop what was sent to a worker that is lost."""
        for place in [place for place in self._sent if place[1] == worker]:
            _consume(self._sent.pop(place))

    def _is_there(self, place: tuple[str, str]) -> bool:
        sent = self._sent.get(place)
        if sent is None or not sent.done():
            return sent is not None
        return not sent.cancelled() and sent.exception() is None and sent.result().status == "finished"


def _consume(sent: asyncio.Future[Any]) -> None:
    """Leave no exception that nobody has asked for: asyncio would log it."""
    sent.add_done_callback(lambda done: done.cancelled() or done.exception())
