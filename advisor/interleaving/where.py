"""Find the user's line that is running, and the name by which the user knows a lock."""

from __future__ import annotations

import sys
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from advisor.interleaving.callables import carried
from advisor.interleaving.primitives import Lock
from advisor.interleaving.state import user_globals
from advisor.interleaving.user_code import UserCode, is_advisor

if TYPE_CHECKING:
    from advisor.interleaving.schedule import World

UNNAMED = "a lock"
_MAX_CALLERS = 50
Place = tuple[str, int, str]  # file, line, function


def locate(user_code: UserCode) -> Place | None:
    """Return the innermost line of the user's code that the calling thread runs."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if user_code.includes(code.co_filename):
            return code.co_filename, frame.f_lineno, code.co_name
        frame = frame.f_back  # type: ignore[assignment]
    return None


def callers(frame: FrameType | None, user_code: UserCode) -> tuple[tuple[str, int], ...]:
    """Return the user's lines that called the function of a frame, the innermost first."""
    found: list[tuple[str, int]] = []
    while frame is not None and len(found) < _MAX_CALLERS:
        frame = frame.f_back
        if frame is not None and user_code.includes(frame.f_code.co_filename):
            found.append((frame.f_code.co_filename, frame.f_lineno))
    return tuple(found)


def is_in_library(user_code: UserCode) -> bool:
    """Return True if a function of a library in Python called this package's."""
    frame = sys._getframe(1)
    while frame is not None and is_advisor(frame.f_code.co_filename):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and not user_code.includes(frame.f_code.co_filename)


def lock_name(resource: Any, world: World) -> str:
    """Return the name of a global, an attribute of a global or an item of one that is this lock."""
    if isinstance(resource, str):
        return resource
    if not isinstance(resource, Lock):
        return "the end of a thread"
    for name, value in user_globals(world.book.user_code, world.main):
        if (found := _name_in(name, value, resource, 3)) is not None:
            return found
    names = (_name_in(name, value, resource, 3) for name, value in carried(world.function))
    return next((name for name in names if name is not None), UNNAMED)


def _name_in(name: str, value: Any, lock: Lock, depth: int) -> str | None:
    if value is lock:
        return name
    if depth == 0 or isinstance(value, (str, bytes, int, float, ModuleType)):
        return None
    if isinstance(value, dict):
        parts = [(f"{name}[{key!r}]", item) for key, item in list(value.items())[:50] if isinstance(key, (str, int))]
    elif isinstance(value, (list, tuple)):
        parts = [(f"{name}[{number}]", item) for number, item in enumerate(value[:50])]
    else:
        own = getattr(value, "__dict__", None)
        if own is None or not hasattr(own, "items"):
            return None
        parts = [
            (f"{name}.{key}" if not _is_hidden(value, key) else name, item) for key, item in list(own.items())[:50]
        ]
    for part, item in parts:
        if (found := _name_in(part, item, lock, depth - 1)) is not None:
            return found
    return None


def _is_hidden(owner: Any, attribute: str) -> bool:
    """Return True for the lock inside a Condition, a Semaphore or a queue, which goes by its owner's name."""
    return type(owner).__module__ in ("threading", "queue")
