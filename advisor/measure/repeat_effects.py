"""Rounds over the inputs: whether an input that comes again costs as much as when it came first.

It does not where a result is remembered, a file is there already, or an argument is used up. Inputs come in the same
order in every round, and no stretch goes over the end of the first two: each input can be compared with itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from advisor.measure.meter import Stretch

CHEAPER = 0.5  # times what it cost first: an input that comes again must cost less
NEARLY_ALL = 0.9  # of the stretches compared: calls whose length is all chance do not come out as cheaper then
FEWEST = 5  # stretches to compare
TELLING = 200e-6  # seconds; in shorter stretches the clocks and the caches of a cold core count


def first_round(stretches: Sequence[Stretch], inputs: int) -> int:
    """How many of the stretches lie in the first round."""
    done = 0
    for place, stretch in enumerate(stretches):
        done += stretch.calls
        if done > inputs:
            return place
    return len(stretches)


def is_cheaper_again(stretches: Sequence[Stretch], inputs: int) -> bool:
    """Whether inputs are clearly cheaper when they come again.

    Compared is the later half of the first round, since the beginning is slower anyway where something warms up.
    """
    count = first_round(stretches, inputs)
    again = iter(_seconds_each(stretches[count:], inputs))
    compared = cheaper = place = 0
    for stretch in stretches[:count]:
        repeated = [seconds for _, seconds in zip(range(stretch.calls), again, strict=False)]
        place += stretch.calls
        took = _own(stretch)
        if len(repeated) < stretch.calls or place - stretch.calls < inputs // 2 or took < TELLING:
            continue
        compared += 1
        cheaper += sum(repeated) < CHEAPER * took
    return compared >= FEWEST and cheaper >= NEARLY_ALL * compared


def _seconds_each(stretches: Iterable[Stretch], most: int) -> list[float]:
    """Of each call of the round that these stretches begin with."""
    seconds: list[float] = []
    for stretch in stretches:
        if len(seconds) >= most:
            break
        seconds += [_own(stretch) / stretch.calls] * min(stretch.calls, most - len(seconds)) if stretch.calls else []
    return seconds


def _own(stretch: Stretch) -> float:
    """Seconds without those in line for a core: a host that was busy for one of the rounds decides nothing."""
    return max(0.0, stretch.passed.wall - (stretch.passed.run_queue or 0.0))
