"""Digest the arguments of a call: the same in every process for equal arguments.

Neither `hash()` nor the bytes of a pickle serve: the one differs with the hash seed, the others with the order of sets
and with which equal objects are one object. So values are walked as pickle takes them apart (`__reduce_ex__`), and the
elements of sets and the items of dicts are sorted by their digests. Classes and functions count by name; of what pickle
cannot take apart, such as a lock or a generator, only the type counts.
"""

from __future__ import annotations

import copyreg
import marshal
from hashlib import blake2b
from pickle import PickleBuffer
from types import FunctionType, ModuleType
from typing import Any

from advisor.jobs.pools.pool import Arguments

UNKNOWN = b""  # the digest of arguments that are nested too deeply
_DIGEST_SIZE = 16
_PROTOCOL = 5  # large arrays hand out their buffers, uncopied
_MARSHAL_FORMAT = 2  # the last without references to earlier objects, so that equal scalars have equal bytes
_SCALARS = frozenset({type(None), bool, int, float, complex, str})


def digest_arguments(arguments: Arguments) -> bytes:
    """Return the digest of a call's arguments, or UNKNOWN."""
    positional, keyword = arguments
    return digest((*positional, keyword) if keyword else tuple(positional))


def digest(value: Any) -> bytes:
    """Return the digest of a value, or UNKNOWN."""
    try:
        return _hash([_Walk().encode(value)])
    except RecursionError:
        return UNKNOWN


def _hash(parts: list[bytes]) -> bytes:
    return _hash_buffer(marshal.dumps(parts, _MARSHAL_FORMAT))  # with the length of each part


def _hash_buffer(buffer: bytes | bytearray | memoryview) -> bytes:
    return blake2b(buffer, digest_size=_DIGEST_SIZE).digest()


class _Walk:
    """Encodes a value; objects that occur several times in it are encoded once."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[Any, bytes]] = {}  # with the objects, so that no id is used again

    def encode(self, value: Any) -> bytes:
        kind = type(value)
        if kind in _SCALARS or (kind in (tuple, list) and _SCALARS.issuperset(map(type, value))):
            return marshal.dumps(value, _MARSHAL_FORMAT)
        if kind is bytes:
            return _hash_buffer(value)
        if issubclass(kind, (type, FunctionType)):
            return str(value.__qualname__).encode()
        known = self._seen.get(id(value))
        if known is None:
            self._seen[id(value)] = value, b"cycle"
            known = value, _hash([kind.__qualname__.encode(), *self._parts(value, kind)])
            self._seen[id(value)] = known
        return known[1]

    def _parts(self, value: Any, kind: type) -> list[bytes]:
        if kind is tuple or kind is list:
            return [self.encode(element) for element in value]
        if kind is set or kind is frozenset:
            return sorted(self.encode(element) for element in value)
        if kind is dict:
            return self._items(value.items())
        if kind is bytearray:
            return [_hash_buffer(value)]
        if kind is PickleBuffer:
            return [_hash_buffer(value.raw())]
        if issubclass(kind, ModuleType):
            return [value.__name__.encode()]
        return self._object(value, kind)

    def _items(self, pairs: Any) -> list[bytes]:
        return sorted(_hash([self.encode(key), self.encode(value)]) for key, value in pairs)

    def _object(self, value: Any, kind: type) -> list[bytes]:
        try:
            special = copyreg.dispatch_table.get(kind)
            reduced: Any = special(value) if special else value.__reduce_ex__(_PROTOCOL)
        except RecursionError:
            raise
        except Exception:  # noqa: BLE001  (the object's own code may raise anything)
            return []
        if isinstance(reduced, str):
            return [reduced.encode()]
        elements, items = (*reduced, None, None, None)[3:5]
        parts = [*reduced[:3], *(elements or ())]
        return [*map(self.encode, parts), *self._items(items or ())]
