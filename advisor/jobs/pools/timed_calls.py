"""Run the calls of a chunk and measure each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from advisor.jobs.pools.pool import Arguments, Done

REPORT_INTERVAL = 0.02  # seconds after which finished calls are reported before the rest of their chunk
_CPU_INTERVAL = 2e-3  # seconds between two readings of the CPU clock: each slows the calls after it down, too


def run_calls(
    function: Callable[..., Any],
    keys: Sequence[int],
    calls: Sequence[Arguments],
    cpu_clock: Callable[[], float],
    report: Callable[[list[Done], bool], object],
) -> None:
    """Run calls one after the other; report those that have ended, and whether they were the last.

    Calls that are shorter than the interval of the CPU clock share its difference in proportion to their durations.
    """
    done: list[Done] = []
    unread: list[tuple[int, Any, bool, float]] = []
    reported = read = perf_counter()
    cpu = cpu_clock()
    for left, key, (args, kwargs) in zip(range(len(calls) - 1, -1, -1), keys, calls, strict=True):
        failed = False
        began = perf_counter()
        try:
            value = function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001  (the caller decides what a failed call means)
            trace = error.__traceback__
            value, failed = error.with_traceback(trace and trace.tb_next), True  # without this frame
        ended = perf_counter()
        unread.append((key, value, failed, ended - began))
        del value
        if ended - read >= _CPU_INTERVAL:
            now = cpu_clock()
            done += _share(unread, now - cpu)
            unread.clear()
            cpu, read = now, ended
        if left and ended - reported >= REPORT_INTERVAL:
            done += _share(unread, cpu_clock() - cpu)
            unread.clear()
            report(done, False)
            done = []
            reported = read = perf_counter()
            cpu = cpu_clock()  # what the report took is no call's
    report(done + _share(unread, cpu_clock() - cpu), True)


def _share(calls: list[tuple[int, Any, bool, float]], cpu: float) -> list[Done]:
    seconds = sum([call[3] for call in calls])
    share = cpu / seconds if seconds else 0.0
    return [Done(key, value, failed, took, took * share) for key, value, failed, took in calls]
