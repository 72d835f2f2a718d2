"""Detect which globals of its module a function writes: rebinds, or changes in place."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from types import CodeType, FunctionType
from typing import Any

from advisor.measure.attribute_chains import names_in
from advisor.measure.mutations import CACHE_WORDS

_MAX_COMPARED_BYTES = 1 << 20  # pickled; of a larger global only the length is compared
_MAX_COMPARED_LENGTH = 10_000
_CALL_DEPTH = 3  # of functions of the same module whose globals count too


def written(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    """Return the names of the globals whose `states` differ."""
    return {
        name for name, state in after.items() if (before.get(name),) != (state,)
    }  # within tuples, the same NaN is equal


def states(function: FunctionType | None) -> dict[str, object]:
    """Return a state for each global that the function uses, which differs after the global has been written."""
    return {name: _state_or_identity(value) for name, value in used_globals(function).items()}


def accumulated(function: FunctionType | None, before: Mapping[str, object], written: Iterable[str]) -> dict[str, bool]:
    """Return the written globals that count or collect results, with True for numbers.

    A dictionary may be a cache, and is included only if it numbers its keys. A global that was None is set once.
    """
    namespace = function.__globals__ if function else {}
    found: dict[str, bool] = {}
    for name in sorted(written):
        value, state = namespace.get(name), before.get(name)
        is_number = _is_number(value) and _is_number(state)
        is_collection = issubclass(type(value), (list, set, bytearray)) and isinstance(state, tuple)
        is_numbering = type(value) is dict and _numbers_in_turn(value)
        if (is_number or is_collection or is_numbering) and not any(word in name.lower() for word in CACHE_WORDS):
            found[name] = is_number or is_numbering
    return found


def _is_number(value: object) -> bool:
    return issubclass(type(value), (int, float)) and type(value) is not bool


def _numbers_in_turn(value: dict[Any, Any]) -> bool:
    """Return True if keys are numbered in turn, so that a key's number depends on all keys before it."""
    numbers = list(value.values())
    return (
        len(numbers) > 2
        and all(type(number) is int for number in numbers)
        and (numbers == list(range(numbers[0], numbers[0] + len(numbers))))
    )


def used_globals(function: FunctionType | None) -> dict[str, Any]:
    """Return the globals that a function, and those of its module that it calls, use; none without a function."""
    if function is None:
        return {}
    namespace = function.__globals__
    names = sorted(_global_names(function.__code__, namespace))
    return {name: namespace[name] for name in names if name in namespace}


def _global_names(code: CodeType, namespace: dict[str, Any], depth: int = _CALL_DEPTH) -> set[str]:
    """Return the globals that a code object, and the functions of the same module that it calls, may change."""
    names = set(names_in(code).globals)
    for value in [namespace.get(name) for name in names] if depth else []:
        if type(value) is FunctionType and value.__globals__ is namespace and value.__code__ is not code:
            names |= _global_names(value.__code__, namespace, depth - 1)
    return names


def _state_or_identity(value: Any) -> object:
    try:
        return _state(value)
    except Exception:  # noqa: BLE001  (comparing or pickling may run the user's code)
        return _identity(value)


def _identity(value: Any) -> str:
    return f"object {id(value)}"  # a number would look like a count


def _state(value: Any) -> object:
    """Return a value that differs after a change; for opaque objects, the identity."""
    kind = type(value)  # a user's proxy may compute `__class__`
    if issubclass(kind, (int, float, complex, str, bytes, bool, type(None))):
        return value
    if issubclass(kind, (list, dict, set, bytearray)):
        if len(value) > _MAX_COMPARED_LENGTH:
            return len(value)
        try:
            content = pickle.dumps(value)
        except Exception:  # noqa: BLE001  (an element may raise anything)
            return len(value)
        return len(value), hash(content) if len(content) <= _MAX_COMPARED_BYTES else None
    return _identity(value)
