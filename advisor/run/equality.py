"""Compare two results of a call: equal, different, or not comparable, and where.

Floats are equal up to rounding, NaN is equal to NaN, and containers are compared part by part, so that a part that
varies by itself, such as a time stamp, can be distinguished from the rest. Arrays and data frames are compared with
their own methods; no library is imported that the target has not loaded. Objects without `__eq__` are compared by
their pickled state, mostly their attributes.
"""

from __future__ import annotations

import cmath
import copyreg
import math
import pickle
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import count
from operator import methodcaller
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

RELATIVE = 1e-9  # floats closer than this are equal: threads may add up in another order
ABSOLUTE = 1e-15
ROUNDINGS = 100.0  # the same for arrays of a lower precision, as a multiple of their rounding error
MAX_PATHS = 200  # recorded separately
_MAX_DEPTH = 50
_MAX_PARTS = 200_000  # of a result, except parts that compare equal directly; with more, it is not comparable
_MANY = 16  # elements: with more, all positions of a sequence count as one part
_MANY_KEYS = 64  # the same for a dictionary: with fewer it may be a record
_REPR_LENGTH = 60

_NUMBERS = (int, float, complex, Fraction, Decimal)
_BY_IDENTITY = (Enum, type, FunctionType, BuiltinFunctionType, ModuleType)  # unpickled by name
_BUILT_IN = (*_NUMBERS, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, type(None))


@dataclass
class Comparison:
    """Findings of a comparison of results; a part is named by its path within a result, the whole result by ''.

    Attributes:
        calls: The number of results that were compared.
        parts: The first `MAX_PATHS` parts that were compared.
        differing: An example for each part that differs; if there are too many, one for the whole result.
        uncomparable: Parts with neither `__eq__` nor a pickle, and results that are too large or nested too deeply.
    """

    calls: int = 0
    parts: set[str] = field(default_factory=set)
    differing: dict[str, str] = field(default_factory=dict)
    uncomparable: set[str] = field(default_factory=set)
    _pairs: dict[tuple[int, int], tuple[Any, Any]] = field(default_factory=dict)  # for cycles

    def add(self, expected: Any, actual: Any, label: str, deadline: float = math.inf) -> None:
        """Compare one more result.

        Args:
            expected: The result of the plain loop.
            actual: The result to compare with it.
            label: Names the result in examples.
            deadline: The time by `time.perf_counter()` at which the rest of the result is left out. If it is the
                first one, it is then not comparable.
        """
        self.calls += 1
        self._pairs.clear()
        parts = deque([("", expected, actual)])
        allowed = _MAX_PARTS
        is_late = False
        for _level in range(_MAX_DEPTH):
            for _ in range(min(len(parts), allowed)):
                is_late = time.perf_counter() > deadline
                if is_late:
                    break
                allowed -= 1
                parts += self._compare(*parts.popleft(), label)
        if parts and (self.calls == 1 or not is_late):
            self.uncomparable.add("")

    def _compare(self, path: str, expected: Any, actual: Any, label: str) -> list[tuple[str, Any, Any]]:
        """Compare a part of a result, or return the parts that it consists of."""
        if expected is actual or (isinstance(expected, _BUILT_IN) and _is_same_built_in(expected, actual)):
            self._add_part(path)
            return []
        pair = id(expected), id(actual)
        if pair in self._pairs:
            return []
        equal = None
        try:
            parts = _parts(expected, actual, path)
            if parts is None:
                with suppress(Exception):  # the objects' own comparison may raise anything
                    equal = _equal(expected, actual)
                if equal is None:
                    parts = _saved_parts(expected, actual, path)
        except Exception:  # noqa: BLE001  (attributes and pickling may raise anything, too)
            parts = None
        if parts is not None:
            self._pairs[pair] = expected, actual
            return parts
        if equal is None:
            self.uncomparable.add(path if len(self.uncomparable) < MAX_PATHS else "")
        else:
            self._add_part(path)
        if equal is False:
            where = f" at {path}" if path else ""
            known = path in self.differing or len(self.differing) < MAX_PATHS
            example = f"{label} returned {_short(actual)} instead of {_short(expected)}{where}"
            self.differing.setdefault(path if known else "", example)
        return []

    def _add_part(self, path: str) -> None:
        if len(self.parts) < MAX_PATHS:
            self.parts.add(path)


def is_within(path: str, ancestors: set[str]) -> bool:
    """Return True if a part is one of the ancestors, or within one of them."""
    return any(path.startswith(ancestor) and path[len(ancestor) :][:1] in ("", "[", ".") for ancestor in ancestors)


def _is_same_built_in(expected: Any, actual: Any) -> bool:
    """Return True if a comparison at the speed of C finds both equal; False tells nothing."""
    try:
        return type(expected) is type(actual) and (expected == actual) is True
    except Exception:  # noqa: BLE001  (an array within a list raises ValueError, a cycle RecursionError)
        return False


def _parts(expected: Any, actual: Any, path: str) -> list[tuple[str, Any, Any]] | None:
    """Return the parts of two containers of the same shape, each with its path; None for anything else."""
    if type(expected) is not type(actual):
        return None
    if isinstance(expected, dict):
        if expected.keys() != actual.keys():
            return None
        named = len(expected) <= _MANY_KEYS
        return [(f"{path}[{_short(key) if named else '…'}]", value, actual[key]) for key, value in expected.items()]
    if isinstance(expected, (list, tuple, deque)):
        if len(expected) != len(actual):
            return None
        names = count() if len(expected) <= _MANY else iter(["…"] * len(expected))
        return [(f"{path}[{name}]", *pair) for name, *pair in zip(names, expected, actual, strict=False)]
    if is_dataclass(expected) and not isinstance(expected, type):
        names_ = [each.name for each in fields(expected) if each.compare]
        return [(f"{path}.{name}", getattr(expected, name), getattr(actual, name)) for name in names_]
    return None


def _equal(expected: Any, actual: Any) -> bool | None:
    """Return True if two values are equal, False if they differ, None if their type cannot tell."""
    if isinstance(expected, _NUMBERS) and isinstance(actual, _NUMBERS):
        return _numbers_equal(expected, actual)
    if isinstance(expected, _BUILT_IN) and type(actual).__module__ == "builtins":
        return bool(expected == actual)
    if hasattr(type(expected), "equals"):
        return _frames_equal(expected, actual)
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(type(expected), "__array__"):
        return type(expected) is type(actual) and _arrays_equal(numpy, expected, actual)
    if type(expected) is not type(actual):
        return False
    if isinstance(expected, _BY_IDENTITY):
        return False  # they would be the same object
    if not _defines_equality(expected):
        return None
    if hasattr(type(expected), "tocoo"):
        return _sparse_matrices_equal(expected, actual)
    equal = expected == actual
    if equal is NotImplemented:
        return None
    if hasattr(equal, "all"):
        equal = equal.all()
    return bool(equal) or bool(expected != expected and actual != actual)


def _defines_equality(value: object) -> bool:
    method: Any = type(value).__eq__
    return method is not object.__eq__


def _numbers_equal(expected: Any, actual: Any) -> bool:
    if expected == actual:
        return True
    if isinstance(expected, int) and isinstance(actual, int):
        return False
    if expected != expected or actual != actual:
        return bool(expected != expected and actual != actual)
    return cmath.isclose(complex(expected), complex(actual), rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def _frames_equal(expected: Any, actual: Any) -> bool:
    """Compare data frames, series and the like by their own `equals`, then their columns with rounding."""
    if type(expected) is not type(actual):
        return False
    if expected.equals(actual):
        return True
    numpy, names = sys.modules.get("numpy"), _column_names(expected)
    if numpy is None or names != _column_names(actual):
        return False
    index = getattr(expected, "index", None)
    if index is not None and hasattr(index, "equals") and not index.equals(actual.index):
        return False
    if names is None:
        return hasattr(type(expected), "__array__") and _arrays_equal(numpy, expected, actual)
    return all(_arrays_equal(numpy, expected[name], actual[name]) for name in names)


def _sparse_matrices_equal(expected: Any, actual: Any) -> bool:
    if expected.shape != actual.shape:
        return False
    return bool(abs(expected - actual).max() <= RELATIVE * abs(expected).max())


def _column_names(frame: Any) -> list[Any] | None:
    names = getattr(frame, "column_names", None) or getattr(frame, "columns", None)
    return None if names is None else list(names)


def _arrays_equal(numpy: Any, expected: Any, actual: Any) -> bool:
    if isinstance(expected, numpy.ma.MaskedArray):
        masks = numpy.ma.getmaskarray(expected), numpy.ma.getmaskarray(actual)
        return numpy.array_equal(*masks) and _arrays_equal(numpy, expected.filled(), actual.filled())
    one, other = numpy.asarray(expected), numpy.asarray(actual)
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.dtype.names:
        return all(_arrays_equal(numpy, one[name], other[name]) for name in one.dtype.names)
    if one.dtype.kind in "fc":
        relative = max(RELATIVE, ROUNDINGS * float(numpy.finfo(one.dtype).eps))
        sizes = numpy.abs(one[numpy.isfinite(one)])
        largest = float(sizes.max()) if sizes.size else 0.0
        return bool(numpy.allclose(one, other, rtol=relative, atol=ABSOLUTE * largest, equal_nan=True))
    if one.dtype.kind == "O":
        comparison = Comparison()
        comparison.add(one.tolist(), other.tolist(), "")
        if comparison.uncomparable and not comparison.differing:
            raise TypeError("elements of the array cannot be compared")
        return not comparison.differing
    same = one == other
    if one.dtype.kind in "mM":
        same |= numpy.isnat(one) & numpy.isnat(other)
    return bool(numpy.all(same))


def _saved_parts(expected: Any, actual: Any, path: str) -> list[tuple[str, Any, Any]]:
    """Return the pickled parts of two objects; an empty part stands for objects without state."""
    one, other = _saved(expected), _saved(actual)
    if not one or one.keys() != other.keys():
        return [(path, one, other)]
    return [(path + name, value, other[name]) for name, value in one.items()]


def _saved(value: Any) -> dict[str, Any]:
    """Return the pickled state of an object, by name: constructor arguments, attributes and items."""
    reduce = copyreg.dispatch_table.get(type(value), methodcaller("__reduce_ex__", pickle.HIGHEST_PROTOCOL))
    reduced: Any = reduce(value)
    if isinstance(reduced, str):
        return {"": reduced}
    state, *contents = (*reduced, None, None, None)[2:5]
    saved: dict[str, Any] = {}
    if arguments := tuple(each for each in reduced[1] if each is not type(value)):
        saved[".args"] = arguments
    in_slots = isinstance(state, tuple) and all(each is None or isinstance(each, dict) for each in state)
    for part in state if in_slots else (state,):
        if isinstance(part, dict):
            saved |= {f".{name}": each for name, each in part.items()}
        elif part is not None:
            saved[".state"] = part
    if items := [list(each) for each in contents if each is not None]:
        saved["[…]"] = items
    return saved


def _short(value: Any) -> str:
    """Return the beginning of a value's representation, on one line."""
    if isinstance(value, (str, bytes, bytearray)):
        value = value[:_REPR_LENGTH]
    elif isinstance(value, (list, tuple, dict, set, frozenset)) and len(value) > _MANY:
        return f"a {type(value).__name__} of {len(value)}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001  (a user's __repr__)
        text = f"a {type(value).__name__}"
    return text if len(text) <= _REPR_LENGTH else f"{text[: _REPR_LENGTH - 1]}…"
