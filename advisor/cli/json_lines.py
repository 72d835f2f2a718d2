"""Results as JSON Lines: `{"index": 0, "result": …}`, or `{"index": 3, "error": {…}}` for a failed call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from advisor.errors import TargetError

if TYPE_CHECKING:
    from advisor.models import Failure

_SCALARS = frozenset({type(None), bool, int, str})


def as_line(outcome: tuple[int, Any] | Failure) -> bytes:
    """Return the line for a result with its index, or for a failed call.

    Raises:
        TargetError: JSON cannot hold the result.
    """
    if isinstance(outcome, tuple):
        index, result = outcome
        document: dict[str, Any] = {"index": index, "result": result}
        if not _has_text_keys(result):
            raise _not_json(index, result, "")
    else:
        result = None
        error = {"type": outcome.type, "message": outcome.message, "attempts": outcome.attempts}
        document = {"index": outcome.index, "error": error}
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as problem:
        raise _not_json(document["index"], result, str(problem)) from problem
    try:
        return f"{text}\n".encode()
    except UnicodeEncodeError:  # lone surrogates
        return f"{json.dumps(document, allow_nan=False)}\n".encode()


def _has_text_keys(value: Any) -> bool:
    """Return True if all keys are strings; `json` would turn others into strings, or refuse them."""
    if type(value) in _SCALARS:
        return True
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_has_text_keys, value.values()))
    return not isinstance(value, (list, tuple)) or all(map(_has_text_keys, value))


def _not_json(index: int, result: Any, problem: str) -> TargetError:
    found = _first_obstacle(result, "the result", 0)
    what = f"{found[0]} is {found[1]}" if found else f"the result is not ({problem})"
    return TargetError(
        f"call {index} returned what JSON cannot hold: {what}. Return plain data (dict with text keys, list, str, "
        "numbers, bool, None), use advisor.map in Python, or keep no results with --discard"
    )


def _first_obstacle(value: Any, place: str, depth: int) -> tuple[str, str] | None:
    """Return the place and the kind of the first part that JSON cannot hold."""
    if type(value) in _SCALARS or depth > 100:
        return None
    if isinstance(value, float):
        return None if value - value == 0 else (place, f"{value}, and JSON has only finite numbers")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                return f"the key {_shown(key)} in {place}", f"of type {type(key).__qualname__}"
            if found := _first_obstacle(item, f"{place}[{_shown(key)}]", depth + 1):
                return found
        return None
    if isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            if found := _first_obstacle(item, f"{place}[{number}]", depth + 1):
                return found
        return None
    if isinstance(value, (int, str)):
        return None
    return place, f"of type {type(value).__qualname__}"


def _shown(key: Any) -> str:
    text = repr(key)
    return text if len(text) <= 40 else f"{text[:39]}…"
