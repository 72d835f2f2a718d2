"""Hold a running stage against its prediction: does it still do what it was chosen for?

A verdict needs several looks in a row, and a strategy that was left is not tried again, so that nothing oscillates.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from advisor.host.cores_and_memory import usable_cores
from advisor.jobs.dispatcher import Pace

if TYPE_CHECKING:
    from advisor.jobs.plan import Plan
    from advisor.models import Profile

LOOK_SECONDS = 0.25
LOOK_CALLS = 10
NATURE_CALLS = 6  # that all differ from those measured
LOOK_LENGTHS = 3.0  # of a call, so that those in flight at the beginning count for little
WORTH_CHANGING = 0.3  # seconds that the rest takes
LOOKS = 2  # in a row that say the same
READER_BUSY = 0.3  # share of the time in which the reader did not wait: its pace says nothing about the workers
OTHER_NATURE = 3.0  # times more or less computing in a call than measured
COMPUTES = 0.3  # share of a call's time from which its computing matters
SLOWER_THAN_LOOP = 0.9  # of the rate of a plain loop
DISAPPOINTING = 0.75  # of the lowest rate predicted
BETTER = 1.25  # times the present rate that another strategy must promise
LIMITED = 0.7  # of the calls in flight that make progress: the others wait for a limit behind the call
HEADROOM = 1.25  # times the calls that make progress
WORSE = 0.93  # of the rate before a change that was meant to change nothing
FASTER = 1.15  # times the rate before there were more workers
GROWTH = 1.5  # times the workers, if their calls do not hinder each other ...
UNHINDERED = 1.25  # ... which take at most so many times longer than a call alone ...
AT_WORK = 0.75  # ... while so many of the workers are at work all the time


@dataclass(frozen=True)
class Verdict:
    """A change to make, and why.

    Attributes:
        workers: Go on with so many workers.
        leave: The strategy disappointed; the second time, it is left for good.
        measure: Measure the calls again before the next decision.
        speed_up: What the strategy has brought, over a plain loop; None if it does not matter.
    """

    why: str
    workers: int | None = None
    leave: bool = False
    measure: bool = False
    speed_up: float | None = None


class Review:
    """Looks at the pace of a stage from time to time."""

    def __init__(self, plan: Plan, profile: Profile, *, fixed: bool) -> None:
        """Review a stage.

        Args:
            plan: Of the stage.
            profile: Of the calls, on which the plan rests.
            fixed: The caller has chosen the strategy and the number of workers.
        """
        self._plan = plan
        self._profile = profile
        self._fixed = fixed
        self._workers = plan.workers
        self._most = max(plan.workers, plan.most_workers)
        self._cpus: Sequence[float] = ()
        self._opinions: deque[str] = deque(maxlen=LOOKS)
        self._before: tuple[int, float] | None = None  # workers and rate before the last change, if that is on trial
        self._settled = False  # the number of workers is not changed any more
        self._compute = (profile.gil_held or 0.0) + (profile.gil_free or 0.0)
        self._children = profile.child_cpu or 0.0  # of which workers see what has ended, and threads nothing

    def look(self, pace: Pace, cpus: Sequence[float], rest: int, now: float | None = None) -> Verdict | None:
        """Return a change to make, or None; the pace is reset when it was judged.

        Args:
            pace: Of the calls since the last look.
            cpus: CPU seconds of the latest calls, as far as they are known.
            rest: Calls that are left.
            now: The time.
        """
        now = time.perf_counter() if now is None else now
        elapsed = now - pace.began
        self._cpus = tuple(cpus)
        if not self._fixed and pace.calls >= NATURE_CALLS and (verdict := self._on_nature(rest)) is not None:
            return verdict
        if elapsed < max(LOOK_SECONDS, LOOK_LENGTHS * self._profile.wall) or pace.calls < LOOK_CALLS:
            return None
        rate, mean, idle = pace.calls / elapsed, pace.mean, pace.idle / elapsed
        pace.reset(now)
        if idle > READER_BUSY or self._fixed or rest / rate < WORTH_CHANGING:
            return None
        opinion = self._on_limit(rate, mean) or self._on_rate(rate, mean)
        self._opinions.append(opinion.why if opinion else "")
        if opinion is None or len(set(self._opinions)) > 1 or len(self._opinions) < LOOKS:
            return None
        self._opinions.clear()
        if opinion.workers is not None:
            self._settled = self._before is not None  # this takes the change back
            self._before = None if self._settled else (self._workers, rate)
            self._workers = opinion.workers
        return opinion

    def _on_nature(self, rest: int) -> Verdict | None:
        """Judge whether each of the latest calls computed far more, or far less, than those that were measured."""
        latest = self._cpus[-NATURE_CALLS:]
        wall = self._profile.wall
        if len(latest) < NATURE_CALLS or rest * wall < WORTH_CHANGING:
            return None
        least = min(latest)
        more = least > OTHER_NATURE * (self._compute + self._children) and (
            least > COMPUTES * wall or self._workers * least > wall  # together, they want more than the GIL allows
        )
        less = max(latest) * OTHER_NATURE < self._compute and self._compute > COMPUTES * wall
        if not (more or less):
            return None
        return Verdict(f"calls compute {'more' if more else 'less'} than those measured before", measure=True)

    def _on_rate(self, rate: float, mean: float) -> Verdict | None:
        """Judge whether the strategy is as fast as predicted, and faster than a plain loop."""
        name = self._plan.strategy
        loop = 1.0 / self._sequential_seconds(mean)
        if rate < SLOWER_THAN_LOOP * loop:
            return Verdict(f"{name} was slower than a plain loop", leave=True, measure=True, speed_up=rate / loop)
        lowest = self._plan.lowest_rate
        if self._settled or self._before is not None:
            return None  # a limit behind the calls is why
        if lowest is None or rate >= DISAPPOINTING * lowest / self._load(mean) or self._plan.calls == 0:
            return None
        best = min((seconds for _, seconds in self._plan.alternatives), default=math.inf)
        if self._plan.calls / best < BETTER * rate:
            return None
        return Verdict(f"{name} was much slower than predicted", leave=True, measure=True, speed_up=rate / loop)

    def _sequential_seconds(self, mean: float) -> float:
        """Return the seconds of a call in a plain loop, by what calls do now, on a host as busy as it is now."""
        return self._seconds_now() * self._load(mean)

    def _seconds_now(self) -> float:
        """Return the seconds of a call by the computing that calls do now."""
        wall = self._profile.wall
        if len(self._cpus) < LOOK_CALLS or self._compute < COMPUTES * wall:
            return wall
        return wall * max(1.0, median(self._cpus) / self._compute)

    def _load(self, mean: float) -> float:
        """Return how many times longer calls take because others use the cores, where that can be known."""
        if self._plan.strategy != "multiprocessing" or self._workers > usable_cores():
            return 1.0
        return max(1.0, mean / self._seconds_now())

    def _on_trial(self, rate: float, workers: int, before: float) -> Verdict | None:
        """Judge the last change of the number of workers; take it back if it was no good."""
        is_more = self._workers > workers
        if is_more and rate < FASTER * before:
            return Verdict("with more calls at once it was no faster", workers=workers)
        if not is_more and rate < WORSE * before:
            return Verdict("with fewer calls at once it was slower", workers=workers)
        self._before = None
        self._settled = not is_more
        return None

    def _on_limit(self, rate: float, mean: float) -> Verdict | None:
        """Judge whether waiting calls wait for each other: then fewer at once do as much."""
        wall = self._profile.wall
        if self._settled or self._plan.strategy == "multiprocessing" or self._compute > COMPUTES * wall:
            return None
        if self._before is not None:
            return self._on_trial(rate, *self._before)
        if mean < UNHINDERED * wall and rate * wall > AT_WORK * self._workers and self._workers < self._most:
            workers = min(self._most, math.ceil(GROWTH * self._workers))
            return Verdict("calls do not hinder each other, so more at once may be faster", workers=workers)
        at_work = rate * wall
        if mean < 1.5 * wall or at_work > LIMITED * self._workers:
            return None
        workers = math.ceil(HEADROOM * at_work) + 1
        if workers >= self._workers:
            return None
        return Verdict(f"a limit behind the calls lets about {max(1, round(at_work))} in at once", workers=workers)
