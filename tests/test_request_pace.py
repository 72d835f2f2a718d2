"""The rate at which a service accepts calls, found from its refusals: simulated services and a simulated clock."""

from __future__ import annotations

from collections.abc import Callable

from advisor.jobs.request_pace import LONGEST_PROBE, PROBE_SECONDS, RAISE_AFTER, RAISE_BY, RequestPace


class FixedWindow:
    """A service that accepts so many calls in each period."""

    def __init__(self, calls: int, period: float) -> None:
        self._calls, self._period = calls, period
        self._window, self._accepted = -1, 0

    def accepts(self, now: float) -> bool:
        window = int(now / self._period)
        if window != self._window:
            self._window, self._accepted = window, 0
        self._accepted += 1
        return self._accepted <= self._calls


class TokenBucket:
    """A service that accepts a burst of calls, and then so many per second."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, 0.0

    def accepts(self, now: float) -> bool:
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def use(pace: RequestPace, accepts: Callable[[float], bool], until: float, call: float = 0.001) -> tuple[int, int]:
    """Make calls of `call` seconds, one after the other, as the pace allows; return how many were accepted, refused."""
    now, accepted, refused = 0.0, 0, 0
    while now < until:
        now += pace.delay(now)
        if pace.is_limited:
            pace.sent(now)
        now += call
        if accepts(now):
            accepted += 1
            pace.accepted(now)
        else:
            refused += 1
            pace.refused(now)
    return accepted, refused


def test_without_refusals_there_is_no_limit() -> None:
    """Calls that are accepted never have to wait."""
    pace = RequestPace(0.0)
    accepted, refused = use(pace, lambda _: True, 10.0)
    assert not pace.is_limited
    assert pace.rate is None
    assert (round(accepted, -2), refused) == (10_000, 0)


def test_a_fixed_window_is_nearly_used_up() -> None:
    """A service of 50 calls a second gets nearly as many, and refuses few."""
    accepted, refused = use(RequestPace(0.0), FixedWindow(50, 1.0).accepts, 60.0)
    assert 0.9 * 3_000 <= accepted <= 3_000
    assert refused < 0.2 * accepted


def test_a_token_bucket_is_nearly_used_up() -> None:
    """After the burst, calls come at about the rate of the bucket."""
    accepted, refused = use(RequestPace(0.0), TokenBucket(20.0, 20.0).accepts, 60.0)
    assert 0.9 * 1_200 <= accepted <= 1_220
    assert refused < 0.2 * accepted


def test_a_long_window_costs_few_refusals() -> None:
    """While a service refuses everything for a minute, single calls try it, at intervals that grow to two seconds."""
    accepted, refused = use(RequestPace(0.0), FixedWindow(100, 60.0).accepts, 57.0)
    assert accepted == 100
    assert refused < 60


def test_while_calls_are_refused_the_pauses_grow() -> None:
    """Each call that is sent meanwhile waits longer than the one before, up to a limit."""
    pace = RequestPace(0.0)
    pace.refused(0.0)
    now, pauses = 0.0, []
    for _ in range(30):
        pauses.append(pace.delay(now))
        now += pauses[-1]
        pace.sent(now)
        pace.refused(now)
    assert pauses[0] == PROBE_SECONDS
    pauses = [round(pause, 6) for pause in pauses]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PROBE


def test_the_time_that_a_service_asks_for_is_waited() -> None:
    """Refusals of calls that were on their way do not shorten it."""
    pace = RequestPace(0.0)
    pace.refused(1.0, asked_to_wait=5.0)
    pace.refused(1.1)
    assert pace.delay(1.5) == 4.5
    assert pace.delay(7.0) == 0.0


def test_the_rate_is_what_was_accepted_in_a_cycle() -> None:
    """It counts from the first call to the first one that is accepted after refusals."""
    pace = RequestPace(0.0)
    pace.accepted(0.5, calls=19)
    pace.refused(1.0)
    pace.accepted(2.0)
    assert pace.rate == 10.0
    assert pace.delay(2.0) == 0.0
    pace.sent(2.0)
    assert round(pace.delay(2.0), 9) == 0.1


def test_calls_that_were_not_sent_in_time_are_not_made_up_for() -> None:
    """After a pause of the job, at most one call is sent at once."""
    pace = RequestPace(0.0)
    pace.accepted(0.5, calls=9)
    pace.refused(0.6)
    pace.accepted(1.0)
    assert pace.rate == 10.0
    pace.sent(1.0)
    pace.sent(60.0)
    assert round(pace.delay(60.0), 9) <= 0.1
    pace.sent(60.0)
    assert round(pace.delay(60.0), 9) >= 0.1


def test_a_higher_rate_is_tried_after_a_quiet_time() -> None:
    """A service whose limit is raised is found out by small steps."""
    pace = RequestPace(0.0)
    pace.accepted(0.5, calls=9)
    pace.refused(0.6)
    pace.accepted(1.0)
    assert pace.rate == 10.0
    pace.accepted(1.0 + 0.9 * RAISE_AFTER)
    assert pace.rate == 10.0
    pace.accepted(1.1 + RAISE_AFTER)
    assert pace.rate == 10.0 * RAISE_BY
    pace.accepted(1.2 + RAISE_AFTER)
    assert pace.rate == 10.0 * RAISE_BY
