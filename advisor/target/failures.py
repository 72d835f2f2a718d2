"""Turn an exception of the user's code into a TargetError with the user's own frames."""

from __future__ import annotations

import linecache
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from advisor.errors import TargetError

T = TypeVar("T")
_STANDARD_LIBRARY = str(Path(os.__file__).parent) + os.sep
_HIDDEN_FRAMES = (
    str(Path(__file__).parent.parent) + os.sep,  # advisor itself
    # The import machinery, and how an event loop runs a coroutine: both lie between our frames and the user's.
    "<frozen importlib",
    f"{_STANDARD_LIBRARY}importlib{os.sep}",
    f"{_STANDARD_LIBRARY}asyncio{os.sep}runners.py",
    f"{_STANDARD_LIBRARY}asyncio{os.sep}base_events.py",
)
_MAX_MESSAGE = 300  # characters of the user's own message that an error repeats


def run_user_code(function: Callable[[], T], action: str) -> T:
    """Call the user's function and raise TargetError for what it raises; `action` is a phrase: "importing shop"."""
    try:
        return function()
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise target_error(error, action) from error


def target_error(error: BaseException, action: str) -> TargetError:
    """Return the TargetError for an exception that the user's code raised during an action."""
    if isinstance(error, SystemExit):
        return TargetError(f"{action} called sys.exit({'' if error.code is None else repr(error.code)})")
    text = first_line(error)
    message = f"{action} raised {type(error).__qualname__}" + (f": {text}" if text else "")
    return TargetError(message, traceback=user_traceback(error))


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's text; empty if it has none, or if its `__str__` raises."""
    try:
        return next(iter(str(error).strip().splitlines()), "")[:_MAX_MESSAGE]
    except Exception:  # noqa: BLE001  (the user's own __str__)
        return ""


def user_traceback(error: BaseException) -> str:
    """Format the traceback without the frames of advisor, the import machinery and the event loop."""
    report = traceback.TracebackException.from_exception(error)
    pending: list[traceback.TracebackException | None] = [report]
    seen: set[int] = set()
    while pending:
        part = pending.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        frames = [frame for frame in part.stack if not _is_hidden(frame)]
        part.stack = traceback.StackSummary.from_list(frames)
        pending += [part.__cause__, part.__context__]
    return "".join(report.format(chain=True))


def runs_its_program(error: BaseException) -> bool:
    """Return True if importing a module failed because it runs its program without a main guard.

    On import, such a module exits, or reads command-line arguments or standard input that are missing.
    """
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_hidden(frame)]
    top_level = [frame for frame in frames if frame.name == "<module>"]
    if not top_level or _has_main_guard(top_level[-1].filename):
        return False
    lines = [frame.line or "" for frame in frames]
    return (
        isinstance(error, SystemExit)
        or (isinstance(error, EOFError) and any("input(" in line for line in lines))
        or (isinstance(error, (LookupError, ValueError)) and any("argv" in line for line in lines))
    )


def _is_hidden(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(_HIDDEN_FRAMES)


def _has_main_guard(filename: str) -> bool:
    return any(line.startswith("if") and "__main__" in line for line in linecache.getlines(filename))
