"""What gunicorn logs, without what a client sent: it quotes a request that it cannot read."""

from __future__ import annotations

import logging
import sys

_WITH_ITS_ADDRESS = "Error handling request"


class Discretion(logging.Filter):
    """For the logger of gunicorn, which tells of an error while it handles it."""

    def filter(self, record: logging.LogRecord) -> bool:
        error, told = sys.exc_info()[1], record.getMessage()
        if error is not None and type(error).__module__ == "gunicorn.http.errors":
            told = told.replace(str(error), type(error).__name__)
            record.exc_info = None  # whose last line is the error's own text
        if told.startswith(_WITH_ITS_ADDRESS):
            told, _, _ = told.partition("?")  # the query
        record.msg, record.args = told, None
        return True
