"""Find the rate at which a service accepts calls, from the calls that it refuses.

Until the first refusal there is no limit. Then calls are sent at a rate that grows while none is refused, quickly at
first. A refusal lowers it, but not below what the service has accepted in the last second. Refusals of calls that were
sent before the last change say nothing about the present rate.
"""

from __future__ import annotations

from collections import deque

WINDOW = 1.0  # seconds over which accepted calls are counted
FIRST_RATE = 10.0  # calls per second after the first refusal, at least
LOWEST_RATE = 0.5
LOWERED = 0.85  # after a refusal, but to no less than ...
JUST_BELOW = 0.97  # ... of the calls that were accepted in the last second
SEARCHING = 0.5  # growth of the rate at each step while its size is not known, or after an outage
FINDING = 0.1  # ... once the service accepts more than the rate allows
PROBING = 0.02  # ... around the rate that was found
SEARCH_STEP, PROBE_STEP = 0.1, 0.25  # seconds without a refusal between two steps


class RequestPace:
    """Tells when the next call may be sent; times are of a clock in seconds.

    Attributes:
        rate: Calls per second; None while there is no limit.
    """

    def __init__(self) -> None:
        self.rate: float | None = None
        self._growth = SEARCHING
        self._accepted: deque[tuple[float, int]] = deque()  # times and numbers
        self._changed = 0.0  # when the rate was lowered
        self._stepped = 0.0  # when it was changed
        self._next = 0.0  # when the next call may be sent

    def refused(self, now: float, sent: float, asked_to_wait: float = 0.0) -> None:
        """Note that the service refused a call that was sent at that time, and may have asked to wait.

        That call waits in any case. All others do if the service accepts nothing; else a lower rate is enough.
        """
        if self.rate is not None and sent < self._changed:
            return
        accepted = self._lately_accepted(now)
        if self.rate is None:
            self.rate = max(FIRST_RATE, JUST_BELOW * accepted)
        elif not accepted:  # an outage, or a long period that is used up
            self.rate, self._growth = max(LOWEST_RATE, self.rate / 2), SEARCHING
            self._next = max(self._next, now + asked_to_wait)
        elif accepted >= self.rate:
            self.rate, self._growth = JUST_BELOW * accepted, min(self._growth, FINDING)
        else:
            self.rate, self._growth = max(LOWERED * self.rate, JUST_BELOW * accepted), max(PROBING, self._growth / 3)
        self._changed = self._stepped = now
        self._next = max(self._next, now + 1 / self.rate)

    def accepted(self, now: float, sent: float, calls: int = 1) -> None:
        """Note that the service accepted calls that were sent at that time."""
        self._accepted.append((now, calls))
        if self.rate is None or sent < self._changed:
            self._lately_accepted(now)
            return
        if now - self._stepped > (SEARCH_STEP if self._growth > FINDING else PROBE_STEP):
            self.rate *= 1 + self._growth
            self._stepped = now

    def sent(self, now: float) -> None:
        """Note that a call was sent."""
        if self.rate is not None:
            self._next = max(self._next, now - 1 / self.rate) + 1 / self.rate

    def delay(self, now: float) -> float:
        """Return the seconds until the next call may be sent."""
        return max(0.0, self._next - now) if self.rate is not None else 0.0

    def _lately_accepted(self, now: float) -> int:
        while self._accepted and self._accepted[0][0] < now - WINDOW:
            self._accepted.popleft()
        return sum(calls for _, calls in self._accepted)
