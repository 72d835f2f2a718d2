"""Whether the database is worth asking at the moment."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Lock

RETRY_SECONDS = 5.0

_log = logging.getLogger("advisor.journal")


class Circuit:
    """Open after a failure: then one attempt in `RETRY_SECONDS` goes through, until one succeeds.

    Each change is logged once. Any thread may call.
    """

    def __init__(self, complaint: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._complaint = complaint
        self._clock = clock
        self._lock = Lock()
        self._lost: str | None = None
        self._since = 0.0
        self._next = 0.0

    @property
    def lost(self) -> str | None:
        """What went wrong first, while it is open."""
        return self._lost

    def lets_through(self) -> bool:
        if self._lost is None:
            return True
        with self._lock:
            now = self._clock()
            if self._lost is not None and now < self._next:
                return False
            self._next = now + RETRY_SECONDS
            return True

    def fail(self, what: str) -> None:
        with self._lock:
            now = self._clock()
            self._next = now + RETRY_SECONDS
            if self._lost is not None:
                return
            self._lost, self._since = what, now
        _log.warning("%s, and advice goes on without it: %s", self._complaint, what)

    def succeed(self) -> None:
        if self._lost is None:
            return
        with self._lock:
            if self._lost is None:
                return
            self._lost, seconds = None, self._clock() - self._since
        _log.warning("no longer, after %.0f s: %s", seconds, self._complaint)
