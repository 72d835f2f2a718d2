"""Pickle what travels between processes, by value where the other side cannot import it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

Dumps = Callable[[Any], bytes]
_MAIN = b"__main__"


def dumps(value: Any) -> bytes:
    """Pickle by reference; by value what cannot be pickled so, such as a lambda function."""
    try:
        return pickle.dumps(value, 5)
    except Exception:  # noqa: BLE001  (if nothing can pickle it, the second error names the part)
        return dumps_by_value(value)


def dumps_for_other_main(value: Any) -> bytes:
    """Pickle for a process with another `__main__`: what belongs to this one's travels by value."""
    data = dumps(value)
    return dumps_by_value(value) if _MAIN in data else data


def dumps_by_value(value: Any) -> bytes:
    """Pickle functions and classes by value where no import finds them."""
    import cloudpickle  # takes time to import, and is rarely needed

    data: bytes = cloudpickle.dumps(value, 5)
    return data
