"""Tell exceptions that end the program from those that a call raises."""

from __future__ import annotations

import signal
from traceback import walk_tb
from types import CodeType


def ends_program(error: BaseException) -> bool:
    """Return True for Ctrl-C, and for a SystemExit that a signal handler has raised while a call was running."""
    if isinstance(error, KeyboardInterrupt):
        return True
    if not isinstance(error, SystemExit):
        return False
    handlers = _codes_of_handlers()
    return any(frame.f_code in handlers for frame, _ in walk_tb(error.__traceback__))


def _codes_of_handlers() -> set[CodeType]:
    """Return the code of the signal handlers that are written in Python."""
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = [getattr(getattr(each, "__func__", each), "__code__", None) for each in handlers]
    return {code for code in codes if code is not None}
