"""Detect results that depend on earlier calls."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any


def depends_on_earlier_calls(result: Any, call_again: Callable[[], Any]) -> bool:
    """Return True if repeating the call that gave `result` gives another result, twice the same.

    Random results differ each time, and a cache returns the earlier result. That leaves calls that look up data from
    earlier calls, such as a list of visited pages.
    """
    with suppress(Exception):  # an input may be used up, and values may not be comparable
        second = call_again()
        if not _is_equal(second, result):
            return _is_equal(second, call_again()) and _is_equal(result, result)
    return False


def _is_equal(one: Any, other: Any) -> bool:
    return bool(one == other)
