"""The rate at which a service accepts calls, found from its refusals: simulated services and a simulated clock."""

from __future__ import annotations

from collections.abc import Callable

from advisor.jobs.request_pace import FIRST_RATE, JUST_BELOW, LOWEST_RATE, SEARCH_STEP, RequestPace


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
        pace.sent(now)
        sent = now
        now += call
        if accepts(now):
            accepted += 1
            pace.accepted(now, sent)
        else:
            refused += 1
            pace.refused(now, sent)
    return accepted, refused


def limited(rate: float) -> RequestPace:
    """Return a pace that was limited to this rate at the time 10."""
    pace = RequestPace()
    pace.accepted(10.0, 9.9, calls=round(rate / JUST_BELOW))
    pace.refused(10.0, 9.9)
    return pace


def test_without_refusals_there_is_no_limit() -> None:
    """Calls that are accepted never have to wait."""
    pace = RequestPace()
    accepted, refused = use(pace, lambda _: True, 10.0)
    assert pace.rate is None
    assert pace.delay(10.0) == 0.0
    assert (round(accepted, -2), refused) == (10_000, 0)


def test_a_fixed_window_is_nearly_used_up() -> None:
    """A service of 50 calls a second gets nearly as many, and refuses few."""
    accepted, refused = use(RequestPace(), FixedWindow(50, 1.0).accepts, 60.0)
    assert 0.9 * 3_000 <= accepted <= 3_050
    assert refused < 0.2 * accepted


def test_a_token_bucket_is_nearly_used_up() -> None:
    """After the burst, calls come at about the rate of the bucket."""
    accepted, refused = use(RequestPace(), TokenBucket(20.0, 20.0).accepts, 60.0)
    assert 0.9 * 1_200 <= accepted <= 1_240
    assert refused < 0.2 * accepted


def test_a_long_window_costs_few_refusals() -> None:
    """After a second in which the service accepts nothing, the rate falls to one call in two seconds."""
    accepted, refused = use(RequestPace(), FixedWindow(100, 60.0).accepts, 57.0)
    assert accepted == 100
    assert refused < 97 + 57


def test_a_raised_limit_is_found() -> None:
    """A service that accepts five times as many calls after a while gets them."""
    slow, fast = TokenBucket(20.0, 20.0), TokenBucket(100.0, 20.0)
    accepted, _ = use(RequestPace(), lambda now: (slow if now < 30 else fast).accepts(now), 90.0)
    assert accepted > 0.7 * (20 * 30 + 100 * 60)


def test_the_first_refusal_limits_to_what_was_accepted_lately() -> None:
    """Calls of more than a second ago do not count, and a little less than the rate is tried."""
    pace = RequestPace()
    pace.accepted(1.0, 0.9, calls=1_000)
    pace.accepted(9.5, 9.4, calls=100)
    pace.refused(10.0, 9.9)
    assert pace.rate == JUST_BELOW * 100
    other = RequestPace()
    other.refused(10.0, 9.9)
    assert other.rate == FIRST_RATE


def test_calls_are_sent_at_the_rate() -> None:
    """After a pause of the job, what was not sent in time is not made up for."""
    pace = limited(97.0)
    assert pace.rate == 97.0
    assert round(pace.delay(10.0), 9) == round(1 / 97, 9)
    pace.sent(60.0)
    pace.sent(60.0)
    assert round(pace.delay(60.0), 9) == round(1 / 97, 9)


def test_refusals_of_calls_that_were_on_their_way_say_nothing() -> None:
    """They were sent before the rate was lowered."""
    pace = limited(97.0)
    for _ in range(20):
        pace.refused(10.1, sent=9.95)
    assert pace.rate == 97.0
    pace.accepted(10.0 + 2 * SEARCH_STEP, sent=9.99)
    assert pace.rate == 97.0


def test_the_rate_grows_while_no_call_is_refused() -> None:
    """By steps, of which each needs some time."""
    pace = limited(97.0)
    rates = []
    for number in range(1, 100):
        now = 10.0 + number * SEARCH_STEP / 4
        pace.accepted(now, now - 0.01)
        rates.append(pace.rate)
    assert rates[:3] == [97.0] * 3
    assert rates == sorted(rates, key=lambda rate: rate or 0.0)
    assert rates[-1] > 150.0  # type: ignore[operator]


def test_where_nothing_is_accepted_the_time_that_a_service_asks_for_is_waited() -> None:
    """The rate falls to a lower bound, and later refusals do not shorten the pause."""
    pace = limited(97.0)
    pace.refused(20.0, sent=19.9, asked_to_wait=5.0)
    assert pace.rate == 97.0 / 2
    assert pace.delay(20.5) >= 4.5
    for number in range(20):
        pace.refused(26.0 + number, sent=25.95 + number)
    assert pace.rate == LOWEST_RATE
    assert pace.delay(45.0) == 1 / LOWEST_RATE
