"""Check whether a reused input costs as much as the first time.

It does not if a result is cached, a file exists already, or an argument is used up. Inputs come in the same order in
every round, and batches of the first two rounds end with the round, so each input can be compared with itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from advisor.measure.meter import TimedBatch

CHEAPER = 0.5  # times the first cost: a reused input must cost less
NEARLY_ALL = 0.9  # of the batches compared: then calls of purely random length do not seem to be cheaper
MIN_BATCHES = 5  # to compare
MIN_SECONDS = 200e-6  # in shorter batches the clocks and the caches of a cold core count


def first_round(batches: Sequence[TimedBatch], inputs: int) -> int:
    """Return how many of the batches are in the first round."""
    done = 0
    for index, batch in enumerate(batches):
        done += batch.calls
        if done > inputs:
            return index
    return len(batches)


def is_cheaper_again(batches: Sequence[TimedBatch], inputs: int) -> bool:
    """Return True if inputs are clearly cheaper when they are reused.

    Only the later half of the first round is compared, since its beginning is slower anyway if something warms up.
    """
    count = first_round(batches, inputs)
    reused = iter(_seconds_of_calls(batches[count:], inputs))
    compared = cheaper = done = 0
    for batch in batches[:count]:
        seconds_again = [seconds for _, seconds in zip(range(batch.calls), reused, strict=False)]
        is_early = done < inputs // 2
        done += batch.calls
        seconds = _own_seconds(batch)
        if len(seconds_again) < batch.calls or is_early or seconds < MIN_SECONDS:
            continue
        compared += 1
        cheaper += sum(seconds_again) < CHEAPER * seconds
    return compared >= MIN_BATCHES and cheaper >= NEARLY_ALL * compared


def _seconds_of_calls(batches: Iterable[TimedBatch], inputs: int) -> list[float]:
    """Return the seconds of each call of the round that these batches begin with."""
    seconds: list[float] = []
    for batch in batches:
        if len(seconds) >= inputs:
            break
        if batch.calls:
            seconds += [_own_seconds(batch) / batch.calls] * min(batch.calls, inputs - len(seconds))
    return seconds


def _own_seconds(batch: TimedBatch) -> float:
    """Seconds without those in the run queue: a host that was busy in one of the rounds decides nothing."""
    return max(0.0, batch.elapsed.wall - (batch.elapsed.run_queue or 0.0))
