"""Pickle a function and its calls for the process that searches, with locks, which are made anew there."""

from __future__ import annotations

import threading
from collections import ChainMap
from collections.abc import Callable
from io import BytesIO
from typing import Any, ClassVar

from advisor.errors import UsageError


def new_lock() -> Any:
    return threading.Lock()


def new_rlock() -> Any:
    return threading.RLock()


_LOCKS: dict[type, Callable[[Any], tuple[Callable[[], Any], tuple[()]]]] = {
    type(threading.Lock()): lambda lock: (new_lock, ()),
    type(threading.RLock()): lambda lock: (new_rlock, ()),
}


def pickle_by_value(function: Callable[..., Any], inputs: list[Any] | None, star: bool) -> bytes:
    """Return the pickled function, by value where it cannot be imported, with its inputs.

    Raises:
        UsageError: Something cannot be pickled.
    """
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        dispatch_table: ClassVar[Any] = ChainMap(_LOCKS, cloudpickle.Pickler.dispatch_table)

    buffer = BytesIO()
    try:
        Pickler(buffer).dump((function, inputs, star))
    except Exception as error:
        name = getattr(function, "__qualname__", repr(function))
        raise UsageError(f"{name} cannot be sent to the process that searches: {error}") from error
    return buffer.getvalue()
