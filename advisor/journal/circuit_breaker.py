from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Lock

RETRY_SECONDS = 5.0

_log = logging.getLogger("advisor.journal")


class CircuitBreaker:
    """Blocks calls to a database that fails: after a failure, one attempt per `RETRY_SECONDS`, until one succeeds.

    The first failure and the recovery are logged. Thread-safe.
    """

    def __init__(self, operation: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._operation = operation
        self._clock = clock
        self._lock = Lock()
        self._failed_at = 0.0
        self._retry_at = 0.0
        self.error: str | None = None
        """The first failure since the last success, or None."""

    def allows(self) -> bool:
        """Return True if an attempt may be made now."""
        with self._lock:
            now = self._clock()
            if self.error is None:
                return True
            if now < self._retry_at:
                return False
            self._retry_at = now + RETRY_SECONDS
            return True

    def fail(self, error: str) -> None:
        with self._lock:
            now = self._clock()
            self._retry_at = now + RETRY_SECONDS
            if self.error is not None:
                return
            self.error, self._failed_at = error, now
        _log.warning("cannot %s: %s; advice continues without it", self._operation, error)

    def succeed(self) -> None:
        with self._lock:
            if self.error is None:
                return
            self.error, seconds = None, self._clock() - self._failed_at
        _log.warning("can %s again, after %.0f s", self._operation, seconds)
