"""Hand results to the reader, as many at once as it reads between two looks at the workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from advisor.jobs.delivery import Delivery, Raised

READ_SECONDS = 1e-3  # of the reader between two looks at the workers
MAX_READ = 1_000
PROGRESS_SECONDS = 0.1  # between two calls of `on_progress`


class Reader:
    """The reader's side of a delivery.

    Args:
        delivery: The results.
        on_progress: Called now and then, and at the end.
    """

    def __init__(self, delivery: Delivery, on_progress: Callable[[], None] | None = None) -> None:
        self._delivery = delivery
        self._on_progress = on_progress
        self._size = 1
        self._told = 0.0

    def read(self) -> Iterator[list[Any]]:
        """Yield the results that can be read; raise an error when its turn comes."""
        while self._delivery.is_ready:
            results = self._delivery.take(self._size)
            if type(results[-1]) is Raised:
                raised: Raised = results.pop()
                yield results
                raise raised.error from raised.cause
            began = time.perf_counter()
            yield results
            now = time.perf_counter()
            self._size = max(1, min(MAX_READ, int(READ_SECONDS / max((now - began) / len(results), 1e-7))))
        self.tell_progress()

    def tell_progress(self, *, always: bool = False) -> None:
        """Call `on_progress`, unless it was called a moment ago."""
        if self._on_progress is not None:
            now = time.perf_counter()
            if always or now - self._told > PROGRESS_SECONDS:
                self._told = now
                self._on_progress()
