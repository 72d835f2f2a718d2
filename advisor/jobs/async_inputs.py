"""Iterate from another thread over inputs that an event loop produces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Iterator
from concurrent.futures import CancelledError, Future
from typing import Any


class AsyncInputs(Iterator[Any]):
    """Inputs that are produced on an event loop, one at a time."""

    def __init__(self, iterable: AsyncIterable[Any], loop: asyncio.AbstractEventLoop) -> None:
        self._iterator = aiter(iterable)
        self._loop = loop
        self._next: Future[tuple[bool, Any]] | None = None
        self._closed = False

    def __next__(self) -> Any:
        self._next = asyncio.run_coroutine_threadsafe(self._read(), self._loop)
        if self._closed:
            self._next.cancel()
        try:
            more, item = self._next.result()
        except CancelledError:
            if not self._closed:
                raise
            more, item = False, None
        if not more:
            raise StopIteration
        return item

    async def _read(self) -> tuple[bool, Any]:
        try:
            return True, await anext(self._iterator)
        except StopAsyncIteration:
            return False, None

    def cancel(self) -> None:
        """End the inputs; one that is being waited for does not come."""
        self._closed = True
        if self._next is not None:
            self._next.cancel()

    async def aclose(self) -> None:
        """Close the asynchronous generator, if it is one."""
        if (close := getattr(self._iterator, "aclose", None)) is not None:
            await close()
