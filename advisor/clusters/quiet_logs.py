"""Keep what distributed logs about workers that come and go away from standard error."""

from __future__ import annotations

import logging
import sys

# Their handler is distributed's own: it writes tracebacks of connections that end.
_LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application")


class QuietLogs:
    """Silences the handlers that write to standard error; those that write elsewhere still get everything."""

    def __init__(self) -> None:
        self._handlers = [
            handler
            for name in _LOGGERS
            for handler in logging.getLogger(name).handlers
            if isinstance(handler, logging.StreamHandler) and handler.stream in (sys.stderr, sys.__stderr__)
        ]
        for handler in self._handlers:
            handler.addFilter(self._refuse)

    def restore(self) -> None:
        """Let the handlers write again."""
        for handler in self._handlers:
            handler.removeFilter(self._refuse)

    def _refuse(self, record: logging.LogRecord) -> bool:
        return False
