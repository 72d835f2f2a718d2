"""Tell whether a container of the running program has an object more than once, or arrays that overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import ItemsView, Iterable, ValuesView
from itertools import pairwise
from typing import Any

_MOST_ITEMS = 1_000_000
_SCALARS = (int, float, complex, str, bytes, bool, type(None))


def has_repeats(items: Any) -> bool:
    """Return True if two items are the same object or share memory; False for what is no container, such as a file."""
    found = _contents(items)
    objects = [each for each in found if not isinstance(each, _SCALARS)] if found is not None else []
    if len({id(each) for each in objects}) < len(objects):
        return True
    return _overlap(objects)


def _contents(items: Any) -> list[Any] | None:
    """Return the objects in a container, without the keys and numbers that come with them."""
    if type(items) is enumerate:
        items = items.__reduce__()[1][0]
    if type(items) is type(iter([])):
        items = items.__reduce__()[1][0]
    if not isinstance(items, (list, tuple, deque, ValuesView, ItemsView)) or len(items) > _MOST_ITEMS:
        return None
    return [each[1] for each in items] if isinstance(items, ItemsView) else list(items)


def _overlap(objects: Iterable[Any]) -> bool:
    """Return True if arrays of numpy are views of the same stretch of memory."""
    places = []
    for each in objects:
        if getattr(each, "base", None) is None or not hasattr(each, "__array_interface__"):
            continue
        start = each.__array_interface__["data"][0]
        places.append((start, start + each.nbytes))
    places.sort()
    return any(before[1] > after[0] for before, after in pairwise(places))
