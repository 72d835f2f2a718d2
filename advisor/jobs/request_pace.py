"""Find the rate at which a service accepts calls, from the calls that it refuses.

Until the first refusal there is no limit. After one, only single calls are sent until the service accepts again; what
it accepted from the beginning of the cycle until then, divided by the time, is the rate for the next cycle.
"""

from __future__ import annotations

PROBE_SECONDS = 0.05  # between two calls while the service refuses them; the pause grows ...
LONGEST_PROBE = 2.0  # ... to this
PROBE_GROWTH = 1.3
RAISE_AFTER = 2.0  # seconds without a refusal after which a higher rate is tried
RAISE_BY = 1.1


class RequestPace:
    """Tells when the next call may be sent; times are of a clock in seconds.

    Attributes:
        rate: Calls per second; None while there is no limit.
    """

    def __init__(self, now: float) -> None:
        self.rate: float | None = None
        self._cycle_began = now
        self._accepted = 0  # in this cycle
        self._blocked = False
        self._probe = PROBE_SECONDS
        self._next = now  # when the next call may be sent
        self._quiet_since = now

    @property
    def is_limited(self) -> bool:
        """True if the service has refused calls."""
        return self._blocked or self.rate is not None

    def refused(self, now: float, asked_to_wait: float = 0.0) -> None:
        """Note that the service refused a call."""
        self._blocked = True
        self._quiet_since = now
        self._next = max(self._next, now + max(asked_to_wait, PROBE_SECONDS))

    def accepted(self, now: float, calls: int = 1) -> None:
        """Note that the service accepted calls."""
        self._accepted += calls
        if self._blocked:
            self.rate = self._accepted / max(now - self._cycle_began, PROBE_SECONDS)
            self._blocked = False
            self._probe = PROBE_SECONDS
            self._cycle_began = self._quiet_since = self._next = now
            self._accepted = 0
        elif self.rate is not None and now - self._quiet_since > RAISE_AFTER:
            self.rate *= RAISE_BY
            self._quiet_since = now

    def sent(self, now: float) -> None:
        """Note that a call was sent."""
        if self._blocked:
            self._next = max(self._next, now + self._probe)
            self._probe = min(self._probe * PROBE_GROWTH, LONGEST_PROBE)
        elif self.rate is not None:
            self._next = max(self._next, now - 1 / self.rate) + 1 / self.rate

    def delay(self, now: float) -> float:
        """Return the seconds until the next call may be sent."""
        return max(0.0, self._next - now) if self.is_limited else 0.0
