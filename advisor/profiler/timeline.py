from __future__ import annotations

from collections import deque
from time import perf_counter


class Timeline:
    """Which window an instant lay in: asked after the event, and in the order of time."""

    def __init__(self) -> None:
        self._events: deque[tuple[float, int | None]] = deque()

    def begin(self, window: int | None) -> None:
        """From now on, instants lie in `window`, or in none."""
        self._events.append((perf_counter(), window))

    def window(self, instant: float) -> int | None:
        """The window of `instant`; what was before it is forgotten."""
        while len(self._events) > 1 and self._events[1][0] <= instant:
            self._events.popleft()
        return self._events[0][1] if self._events and self._events[0][0] <= instant else None
