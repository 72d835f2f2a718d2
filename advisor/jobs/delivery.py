"""Results on their way to the reader: in the order of their inputs, or as they come."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from advisor.errors import CallError


class Raised(NamedTuple):
    """In the place of a result: the error to raise when its turn comes."""

    error: CallError
    cause: BaseException


class Delivery:
    """Results that have finished and were not read yet.

    Args:
        ordered: Deliver them in the order of their inputs.
        numbered: Deliver pairs of key and result; what stands in the place of a result stays as it is.

    Attributes:
        next_key: The key of the next result to deliver, in order.
    """

    def __init__(self, *, ordered: bool, numbered: bool = False) -> None:
        self._ordered = ordered
        self._numbered = numbered
        self._waiting: dict[int, Any] = {}
        self._arrived: deque[int] = deque()  # unordered: the keys as they came
        self.next_key = 0

    def __len__(self) -> int:
        """Return how many results wait."""
        return len(self._waiting)

    def put_result(self, key: int, result: Any) -> None:
        """Add the result of an input."""
        self.put(key, (key, result) if self._numbered else result)

    def put(self, key: int, result: Any) -> None:
        """Add what stands in the place of the result of an input."""
        self._waiting[key] = result
        if not self._ordered:
            self._arrived.append(key)

    def put_results(self, results: list[tuple[int, Any]]) -> None:
        """Add the results of several inputs, with their keys."""
        self._waiting.update(((each[0], each) for each in results) if self._numbered else results)
        if not self._ordered:
            self._arrived.extend(key for key, _ in results)

    def pass_by(self, key: int, count: int) -> bool:
        """Return True if so many results from this key on are next, and go on behind them: they need not wait here."""
        if self._numbered or self._waiting or self.next_key != key:
            return False
        self.next_key += count
        return True

    @property
    def is_ready(self) -> bool:
        """True if the next result can be delivered."""
        return bool(self._waiting) and (not self._ordered or self.next_key in self._waiting)

    def take(self, count: int) -> list[Any]:
        """Remove and return at most so many results that can be delivered, up to the first error."""
        results: list[Any] = []
        waiting, arrived = self._waiting, self._arrived
        while len(results) < count and (self.next_key in waiting if self._ordered else arrived):
            result = waiting.pop(self.next_key if self._ordered else arrived.popleft())
            self.next_key += 1
            results.append(result)
            if type(result) is Raised:
                break
        return results

    def first_error(self) -> Raised | None:
        """Return the first error that waits, whatever is missing before it."""
        key = min((key for key, each in self._waiting.items() if type(each) is Raised), default=None)
        return None if key is None else self._waiting[key]

    def rest(self) -> list[tuple[int, Any]]:
        """Remove and return all results that wait, with their keys, whatever is missing before them."""
        rest = sorted(self._waiting.items())
        self._waiting.clear()
        self._arrived.clear()
        return rest
