"""Record inputs that raise, so that measuring can continue without them, and check that their exceptions pickle.

An exception cannot be unpickled if its `__init__` has other parameters than it passes to `super().__init__()`. Raised
in a worker of a process pool, it breaks the whole pool.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

from advisor.models import FailedInputs
from advisor.target.failures import first_line
from advisor.target.inputs import Call, InputCalls

MIN_TRIED = 5  # inputs before most of them can have failed
_MAX_KEPT = 100  # texts of exceptions


class Failures:
    """The failures among the first calls with each input."""

    def __init__(self) -> None:
        self.first: tuple[int, Exception] | None = None  # its position in the order of calls, and what it raised
        self.tried = 0
        self._positions: set[int] = set()
        self._texts: dict[int, str] = {}
        self._exceptions: dict[type[Exception], Exception] = {}  # one of each type, without its traceback

    def add(self, position: int, error: Exception) -> None:
        """Record that the input at a position in the order of calls raised."""
        self._positions.add(position)
        if self.first is None:
            self.first = position, error
        if len(self._texts) < _MAX_KEPT:
            self._texts[position] = _text(error)
        if len(self._exceptions) < _MAX_KEPT and type(error) not in self._exceptions:
            self._exceptions[type(error)] = error
        if self.first[1] is not error:
            error.__traceback__ = error.__context__ = None  # they keep the user's objects alive

    def __contains__(self, position: int) -> bool:
        return position in self._positions

    @property
    def are_most(self) -> bool:
        """Return True if most of the inputs tried so far failed."""
        return 2 * len(self._positions) > self.tried

    def record(self, order: Sequence[Call], calls: Sequence[Call] | None) -> FailedInputs | None:
        """Return the record for a profile, or None if no input failed.

        Args:
            order: The calls in the order in which they were made.
            calls: The same in the order of the inputs.
        """
        if not self._positions or calls is None:
            return None
        positions = {id(order[position]): position for position in self._texts}
        index, first = next((index, positions[id(call)]) for index, call in enumerate(calls) if id(call) in positions)
        self.first = None
        reasons = [reason for error in self._exceptions.values() if (reason := _unpicklable(error))]
        return FailedInputs(
            count=len(self._positions),
            of=max(self.tried, len(self._positions)),
            index=calls.indices[index] if isinstance(calls, InputCalls) else index,
            where=order[first].where,
            exception=self._texts[first],
            picklable=not reasons,
            reason=reasons[0] if reasons else "",
        )


def _text(error: Exception) -> str:
    text = first_line(error)
    return type(error).__qualname__ + (f": {text}" if text else "")


def _unpicklable(error: Exception) -> str:
    """Return why an exception does not survive pickling and unpickling; empty if it does."""
    name = type(error).__qualname__
    try:
        content = pickle.dumps(error)
    except Exception as reason:  # noqa: BLE001  (the user's __reduce__ may raise anything)
        return f"{name} cannot be pickled: {_text(reason)}"
    try:
        copy: Any = pickle.loads(content)
    except Exception as reason:  # noqa: BLE001  (the user's __init__ may raise anything)
        return f"{name} cannot be unpickled: {_text(reason)}"
    return "" if isinstance(copy, BaseException) else f"{name} is unpickled as {type(copy).__qualname__}"
