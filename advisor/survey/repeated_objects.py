"""Tell whether the items of a loop of the running program are one object, share a part, or overlap in memory."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import ItemsView, Iterable, Iterator, ValuesView
from itertools import pairwise
from math import prod
from typing import Any

_MOST_ITEMS = 1_000_000
_MOST_KEPT = 20_000  # items of what is no container, which are kept to tell them apart
_SCALARS = (int, float, complex, str, bytes, bool, type(None))
_FRESH = 2  # references to an item that nothing but the loop has: a variable, and the argument of `getrefcount`


class SeenItems:
    """Looks for items that are the same object, or share one of their parts.

    Args:
        parts: Attributes of the items whose objects iterations change.
    """

    def __init__(self, parts: Iterable[str] = ()) -> None:
        self.repeats = False
        self._parts = tuple(parts)

    def watch(self, items: Any, iterator: Iterator[Any]) -> Iterator[Any]:
        """Return the iterator of a loop over the items; those of what is no container are looked at one by one."""
        found = _contents(items)
        if found is None:
            return self._each(iterator)
        self.repeats |= _has_repeats(found) or self._share_parts(found)
        return iterator

    def _each(self, iterator: Iterator[Any]) -> Iterator[Any]:
        seen: dict[int, Any] = {}  # keeps them, so that no other object gets the same number
        for item in iterator:
            if isinstance(item, tuple):
                self._note(seen, item)
            elif self._parts or sys.getrefcount(item) > _FRESH:
                self._note(seen, (item,))
            yield item
        self.repeats |= _overlap(seen.values()) or self._share_parts(seen.values())

    def _note(self, seen: dict[int, Any], objects: Iterable[Any]) -> None:
        for each in objects:
            if isinstance(each, _SCALARS):
                continue
            self.repeats |= id(each) in seen
            if len(seen) < _MOST_KEPT:
                seen[id(each)] = each

    def _share_parts(self, objects: Iterable[Any]) -> bool:
        return share_parts(objects, self._parts)


def is_shared_within(container: Any, parts: Iterable[str]) -> bool:
    """Return True if items of a container that iterations change may be one, overlap, or share their parts.

    Args:
        container: Iterations change its items by number or key.
        parts: Attributes of its items whose objects they change, and "[]" if they change the items themselves.
    """
    if hasattr(type(container), "__array_interface__"):
        return _overlaps_itself(container.__array_interface__)
    found = list(container.values()) if isinstance(container, dict) else _contents(container)
    attributes = set(parts)
    if found is None or not attributes:
        return False
    return _has_repeats(found) or share_parts(found, attributes - {"[]"})


def share_parts(objects: Iterable[Any], parts: Iterable[str]) -> bool:
    """Return True if an object in one of these attributes is there twice, or is one of the objects themselves."""
    names = tuple(parts)
    if not names:
        return False
    owners = {id(each): each for item in objects for each in (item, *(item if isinstance(item, tuple) else ()))}
    found = [part for each in owners.values() for name in names for part in _attribute(each, name)]
    return _has_repeats(found) or any(id(part) in owners for part in found if not isinstance(part, _SCALARS))


def _overlaps_itself(array: dict[str, Any]) -> bool:
    """Return True if two elements of an array may be of the same memory."""
    if array["strides"] is None or 0 in array["shape"]:
        return False
    reach = _item_size(array)
    steps = zip(array["strides"], array["shape"], strict=True)
    for stride, length in sorted((abs(stride), length) for stride, length in steps if length > 1):
        if stride < reach:
            return True
        reach += (length - 1) * stride
    return False


def _item_size(array: dict[str, Any]) -> int:
    return int("".join(each for each in array["typestr"] if each.isdigit()))


def _attribute(owner: Any, name: str) -> Iterator[Any]:
    """Yield the object in an attribute, without running code of the user."""
    values = getattr(owner, "__dict__", {})
    if name in values:
        yield values[name]
        return
    slot = next((vars(each)[name] for each in type(owner).__mro__ if name in vars(each)), None)
    if type(slot).__name__ == "member_descriptor" and hasattr(owner, name):
        yield getattr(owner, name)
    elif slot is not None:
        yield slot  # of the class, which all its objects share


def _has_repeats(found: Iterable[Any]) -> bool:
    """Return True if an object is there twice, or two share memory."""
    objects = [each for each in found if not isinstance(each, _SCALARS)]
    return len({id(each) for each in objects}) < len(objects) or _overlap(objects)


def _contents(items: Any) -> list[Any] | None:
    """Return the objects in a container, without the keys and numbers that come with them; None if it is none."""
    if type(items) is enumerate:
        items = items.__reduce__()[1][0]
    if type(items) is type(iter([])):
        items = items.__reduce__()[1][0]
    if not isinstance(items, (list, tuple, deque, ValuesView, ItemsView)) or len(items) > _MOST_ITEMS:
        return None
    return [each[1] for each in items] if isinstance(items, ItemsView) else list(items)


def _overlap(objects: Iterable[Any]) -> bool:
    """Return True if arrays of numpy or views of memory are of the same stretch of memory."""
    places = []
    buffers: set[int] = set()
    for each in objects:
        if isinstance(each, memoryview):
            if id(each.obj) in buffers:
                return True
            buffers.add(id(each.obj))
        elif hasattr(type(each), "__array_interface__"):
            places.append(_extent(each.__array_interface__))
    places.sort()
    return any(before[1] > after[0] for before, after in pairwise(places))


def _extent(array: dict[str, Any]) -> tuple[int, int]:
    """Return the first address of an array, and the one behind its last."""
    first = last = array["data"][0]
    size = _item_size(array)
    shape = array["shape"]
    if 0 in shape:
        return first, first
    strides = array["strides"]
    if strides is None:  # one after the other
        return first, first + size * prod(shape)
    for length, stride in zip(shape, strides, strict=True):
        reach = (length - 1) * stride
        first, last = first + min(0, reach), last + max(0, reach)
    return first, last + size
