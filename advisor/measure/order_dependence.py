"""Detect results that depend on the calls before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any


def depends_on_earlier_calls(result: Any, call_again: Callable[[], Any]) -> bool:
    """Return True if the call that gave `result` gives another one now, and that one twice.

    Random results differ each time, and a cache gives the result that it gave before. What remains are calls that look
    up what earlier calls left behind, such as the pages that were visited.
    """
    with suppress(Exception):  # of the user's: an input may be used up, and values may not be comparable
        second = call_again()
        if not _is_equal(second, result):
            return _is_equal(second, call_again()) and _is_equal(result, result)
    return False


def _is_equal(one: Any, other: Any) -> bool:
    return bool(one == other)
