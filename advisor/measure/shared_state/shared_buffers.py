"""Detect buffers that calls share and write: scratch space that each call overwrites, or an array of results."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from advisor.measure.introspection import module_origin

MAX_BYTES = 8 << 20  # that are copied of all buffers together
_MAX_OBJECTS = 50
_NON_ZERO = bytes([0, *[255] * 255])  # translation of a byte to its mask: non-zero becomes 255
_BUFFERS = frozenset({"numpy.ndarray", "builtins.bytearray", "array.array"})
_Key = tuple[str, int]  # a buffer's name, which the elements of a container share, and its id


class SharedBufferWatch:
    """Compares the buffers that two calls write; what both change is scratch space."""

    def __init__(self) -> None:
        self._changes: list[dict[_Key, tuple[int, int]]] = []  # per call: mask and length by buffer

    @contextlib.contextmanager
    def inspect_call(self, shared: Mapping[str, Any]) -> Iterator[None]:
        """Compare the buffers among the shared objects before and after one call."""
        watched = {(name, id(buffer)): buffer for name, buffer in _find_buffers(shared)}
        before = {key: _content(buffer) for key, buffer in watched.items()}
        yield
        changes: dict[_Key, tuple[int, int]] = {}
        for key, buffer in watched.items():
            if changed := _changed_bytes(before[key], _content(buffer)):
                changes[key] = changed, len(before[key])
        self._changes.append(changes)

    def written(self) -> dict[str, bool]:
        """Return the names of the buffers that the second call wrote; True if both calls wrote the same part."""
        if len(self._changes) < 2:
            return {}
        first, second = self._changes[0], self._changes[1]
        found: dict[str, bool] = {}
        for key, (changed, length) in second.items():
            changed_before, length_before = first.get(key, (0, length))
            is_scratch = length != length_before or bool(changed & changed_before)
            found[key[0]] = found.get(key[0], False) or is_scratch
        return found


def _find_buffers(shared: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the buffers among objects and their attributes, up to a total size that may be copied."""
    room = MAX_BYTES
    for name, value in list(shared.items())[:_MAX_OBJECTS]:
        for path, part in ((name, value), *_parts(name, value)):
            kind = type(part)
            if f"{kind.__module__}.{kind.__qualname__}" not in _BUFFERS:
                continue
            if getattr(getattr(part, "dtype", None), "hasobject", False):
                continue
            size = part.nbytes if hasattr(part, "nbytes") else len(part) * getattr(part, "itemsize", 1)
            if size <= room:
                room -= size
                yield path, part


def _parts(name: str, value: Any) -> list[tuple[str, Any]]:
    """Return the attributes of an object of a user's class, or the first elements of a container."""
    kind = type(value)  # a user's proxy may raise when it is asked for its class
    if kind is dict:
        return [(name, part) for part in list(islice(value.values(), _MAX_OBJECTS))]
    if kind in (list, tuple):
        return [(name, part) for part in value[:_MAX_OBJECTS]]
    if module_origin(kind.__module__) == "user":
        with contextlib.suppress(Exception):
            own = object.__getattribute__(value, "__dict__")  # without running the user's code
            return [(f"{name}.{attribute}", part) for attribute, part in list(islice(own.items(), _MAX_OBJECTS))]
    return []


def _content(buffer: Any) -> bytes:
    return bytes(buffer.tobytes()) if hasattr(buffer, "tobytes") else bytes(buffer)


def _changed_bytes(before: bytes, after: bytes) -> int:
    """Return a mask of the bytes that differ; if the lengths differ, all bytes do."""
    if before == after:
        return 0
    if len(before) != len(after):
        return -1
    difference = int.from_bytes(before, "little") ^ int.from_bytes(after, "little")
    mask = difference.to_bytes(len(before), "little").translate(_NON_ZERO)
    return int.from_bytes(mask, "little")
