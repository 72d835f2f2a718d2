"""Calls to make again: after a failure, with growing pauses, or after a service refused them."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from advisor.jobs.pools.pool import Arguments

FIRST_PAUSE = 0.1  # seconds
LONGEST_PAUSE = 30.0


@dataclass(order=True)
class Attempt:
    """A call that is made again at a certain time; `made` counts the times it has been made."""

    due: float
    key: int
    arguments: Arguments = field(compare=False)
    made: int = field(compare=False)


class Retries:
    """Calls that wait for their next attempt.

    Args:
        allowed: Further attempts after a failure.
        clock: The time, in seconds.
    """

    def __init__(self, allowed: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowed = allowed
        self._clock = clock
        self._waiting: list[Attempt] = []

    def __len__(self) -> int:
        """Return how many calls wait."""
        return len(self._waiting)

    def are_left(self, made: int) -> bool:
        """Return True if a call that was made so often may be made again after a failure."""
        return made <= self._allowed

    def add(self, key: int, arguments: Arguments, made: int, pause: float | None = None) -> float:
        """Make a call again after a pause, by default one that grows with the attempts; return its seconds."""
        seconds = _pauses()(made) if pause is None else pause
        heapq.heappush(self._waiting, Attempt(self._clock() + seconds, key, arguments, made))
        return seconds

    def take_due(self) -> Attempt | None:
        """Remove and return a call that is due."""
        if self._waiting and self._waiting[0].due <= self._clock():
            return heapq.heappop(self._waiting)
        return None

    def seconds_to_next(self) -> float | None:
        """Return the seconds until a call is due; None if none waits."""
        return max(0.0, self._waiting[0].due - self._clock()) if self._waiting else None


@cache
def _pauses() -> Callable[[int], float]:
    """Return a function from the number of attempts to the seconds to wait."""
    import tenacity  # only when something fails

    growing = tenacity.wait_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE)
    wait = growing + tenacity.wait_random(0, FIRST_PAUSE)

    def seconds(made: int) -> float:
        state = tenacity.RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]
        state.attempt_number = made
        return wait(state)

    return seconds
