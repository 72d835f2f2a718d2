"""Log records and warnings of workers, which the parent handles as if they were its own.

Levels and filters of loggers apply in the worker, handlers in the parent.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import logging.handlers
import pickle
import sys
import warnings
from collections import defaultdict
from typing import Any, TextIO

from advisor.jobs.pools.pickles import Dumps

_STANDARD = frozenset(vars(logging.makeLogRecord({})))
_registries: defaultdict[str, dict[Any, Any]] = defaultdict(dict)  # of files that belong to no loaded module


class _Sender(logging.handlers.QueueHandler):
    """Gives records to an outbox, with message and traceback as texts, each in its place."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__(outbox)  # type: ignore[arg-type]  # it calls put_nowait only

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return a copy that can be sent, which the parent's formatters treat as the original."""
        record = copy.copy(record)
        record.msg, record.args = record.getMessage(), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_info = None
        return record


class Outbox:
    """Collects the log records and warnings of a worker."""

    def __init__(self) -> None:
        self._records: list[logging.LogRecord] = []
        self._warnings: list[tuple[str, type[Warning], str, int]] = []

    def put_nowait(self, record: logging.LogRecord) -> None:
        """Take a record from the QueueHandler, which has formatted its message."""
        self._records.append(record)

    def install(self) -> None:
        """Replace the handlers of all loggers, and collect warnings."""
        handler = _Sender(self)
        logging.root.handlers[:] = [handler]
        for logger in _loggers().values():
            logger.handlers[:] = [] if logger.propagate else [handler]
        warnings.showwarning = self._take_warning

    def empty(self, dumps: Dumps) -> bytes | None:
        """Return all that was collected, pickled for `deliver`; None if there is nothing."""
        if not self._records and not self._warnings:
            return None
        records, self._records = self._records, []
        noted, self._warnings = self._warnings, []
        try:
            return dumps((records, noted))
        except Exception:  # noqa: BLE001  (something in a record cannot be pickled)
            for record in records:
                for name in vars(record).keys() - _STANDARD:
                    if not _can_pickle(vars(record)[name], dumps):
                        setattr(record, name, repr(vars(record)[name]))
            return dumps((records, [(text, UserWarning, *place) for text, _, *place in noted]))

    def _take_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        self._warnings.append((str(message), category, filename, lineno))


def levels() -> dict[str, int]:
    """Return the levels of the loggers that have one; that of the root logger under an empty name."""
    found = {name: logger.level for name, logger in _loggers().items() if logger.level}
    return {**found, "": logging.root.level}


def set_levels(levels: dict[str, int]) -> None:
    """Set the levels that `levels` returned in another process."""
    for name, level in levels.items():
        logging.getLogger(name or None).setLevel(level)


def deliver(data: bytes) -> None:
    """Handle the records and issue the warnings of a worker in this process."""
    records, noted = pickle.loads(data)
    for record in records:
        logging.getLogger(record.name).handle(record)
    for text, category, filename, line in noted:
        module, registry = _module_of(filename)
        try:
            warnings.warn_explicit(text, category, filename, line, module, registry)
        except Warning:  # a filter makes it an error, but the call that it belongs to is over
            warnings.showwarning(text, category, filename, line)


def _module_of(filename: str) -> tuple[str | None, dict[Any, Any]]:
    """Return the name of the module of a file and its registry of warnings, which filters refer to."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == filename:
            return name, vars(module).setdefault("__warningregistry__", {})
    return None, _registries[filename]


def _loggers() -> dict[str, logging.Logger]:
    found = list(logging.root.manager.loggerDict.items())
    return {name: logger for name, logger in found if isinstance(logger, logging.Logger)}


def _can_pickle(value: Any, dumps: Dumps) -> bool:
    with contextlib.suppress(Exception):
        dumps(value)
        return True
    return False
