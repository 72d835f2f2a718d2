"""Search the schedules of a group of calls for one whose outcome no sequential order has."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from advisor.interleaving import originals
from advisor.interleaving.judge import CRASHES, DEADLOCK, Judge
from advisor.interleaving.plans import Plan, RandomPlan
from advisor.interleaving.points import SwitchPoints, as_points
from advisor.interleaving.schedule import CallArguments, Run, Settings, World, run_schedule
from advisor.interleaving.scheduler import MAX_STEPS, Step

MAX_ORDERS = 6  # from which schedules start; those of more than three calls are more
LATER_ROUNDS = "later rounds of long loops"
_OCCURRENCES = 3  # of one point in one thread that are tried first to last
_MANY_STEPS = 40  # steps up to which every occurrence is tried
_SLOWER = 6.0  # times that a schedule may take longer than the calls one after the other
_REPETITIONS_OF_RANDOM = 7  # of an order whose calls use random numbers
_LEAST_SECONDS = 1.0  # limit for one schedule
_RANDOM_RUNS = 40  # random schedules without a new outcome after which the search ends
_RANDOM_DEPTHS = (1, 2, 3, 5)


@dataclass(slots=True)
class Suspect:
    """A schedule that was accused: its plan, given in full by its switches."""

    explorer: GroupExplorer
    order: int
    switches: dict[int, int]
    run: Run
    is_wide: bool = False  # its steps are at all accesses, not only at conflicting ones

    @property
    def with_gil(self) -> bool:
        """True if the interpreter checks at every switch, or the thread could not continue."""
        return all(step.checked or step.forced for step in self.run.steps if step.number in self.switches)


@dataclass(slots=True)
class Clock:
    """The limit of the search, and the count of schedules."""

    ends_at: float
    seconds: float
    on_schedule: Callable[[int], None] = lambda count: None
    schedules: int = 0
    given_up: Counter[str] = field(default_factory=Counter)

    @property
    def left(self) -> float:
        return self.ends_at - originals.monotonic()


class GroupExplorer:
    """Explores a group of calls that run at once.

    Attributes:
        failure: Why nothing can be explored, or an empty string.
        left_out: What no systematic search of this group tries.
        is_saturated: True if the random search ended because nothing new came out.
    """

    def __init__(self, world: World, calls: Sequence[CallArguments], clock: Clock) -> None:
        self.world = world
        self.calls = calls
        self.clock = clock
        self.judge = Judge(len(calls))
        self.points = SwitchPoints()
        orders = itertools.permutations(range(len(calls)))
        self.orders = list(itertools.islice(orders, MAX_ORDERS))
        self._other_orders = orders
        self.failure = ""
        self.left_out: set[str] = set()
        self.is_saturated = False
        self.limit = _LEAST_SECONDS
        self._seen: set[tuple[int, tuple[tuple[int, int], ...]]] = set()
        self._bases: list[tuple[int, Run]] = []
        self._writes_files = False

    # Learning

    def learn(self) -> None:
        """Run the sequential orders, each twice, to learn the outcomes, what varies, and what the calls access."""
        self.judge.before = self._run(Plan(()), Settings(), calls=()).leaves
        learned = [run for order in self.orders if (run := self._learn_order(order)) is not None]
        for run in learned:
            self.points.learn(run, with_outside=self._writes_files)
        if not self.points.is_complete:
            self.left_out.add(LATER_ROUNDS)
        if math.factorial(len(self.calls)) > MAX_ORDERS:
            self.left_out.add("other orders of the calls")
        if not self.judge.orders:
            self.failure = self.failure or "for ever"
        elif self.failure in ("time", "steps"):
            self.failure = ""  # another order has ended

    def _learn_order(self, order: tuple[int, ...]) -> Run | None:
        """Learn an order of the calls, and return its first run; None if it does not end."""
        if self.failure and self.failure != "time":
            return None
        began = originals.monotonic()
        first = self._learning_run(order, learns=True)
        if first.ended not in ("done", DEADLOCK):
            return None
        took = originals.monotonic() - began
        self.limit = max(self.limit, _SLOWER * took)
        more = _REPETITIONS_OF_RANDOM if first.used_random else 1
        if took * len(self.orders) * 3 > self.clock.left and self.judge.orders:
            more = 0  # slow calls: what varies in one order is known
        runs = [first, *(self._learning_run(order, learns=False) for _ in range(more))]
        self.judge.learn(runs)
        self._writes_files |= any(run.files for run in runs)
        return first

    def is_accused_by_all(self, run: Run) -> bool:
        """Return True if no sequential order ends as a run did.

        Of more than three calls, the orders that were not run at the beginning are run now, until one ends so.
        """
        while self.judge.accuses(run) and self.clock.left > 0:
            order = next(self._other_orders, None)
            if order is None:
                return True
            self.judge.learn([self._learning_run(order, learns=False)])
        return False

    def learn_again(self) -> None:
        """Run the orders once more, to see what varies with the time that has passed, such as a date."""
        for number, order in enumerate(self.orders):
            if self.clock.left <= 0 or number >= len(self.judge.orders):
                return
            run = self._learning_run(order, learns=False)
            if run.ended == "done":
                self.judge.compare_again(run)

    def _learning_run(self, order: tuple[int, ...], *, learns: bool) -> Run:
        share = self.clock.left / (2 if self.judge.orders else len(self.orders))
        ends_at = originals.monotonic() + share
        run = run_schedule(self.world, self.calls, Plan(order), Settings(learns=learns), ends_at)
        if run.ended not in ("done", DEADLOCK):
            self.failure = run.ended
        return run

    def knows_conflicts(self) -> bool:
        """Return True if the calls share something that one of them changes, or a lock."""
        return bool(self.points.conflicts or self.points.locks)

    # Running

    def run(self, order: int, switches: dict[int, int], settings: Settings) -> Run:
        """Run the schedule with these switches."""
        return self._run(Plan(self.orders[order], switches), settings)

    def run_again(self, suspect: Suspect, switches: dict[int, int], *, records: bool = False) -> Run:
        """Run a suspect's schedule with some of its switches."""
        settings = self.settings(is_wide=suspect.is_wide, keeps_steps=False, records=records)
        return self.run(suspect.order, switches, settings)

    def _run(self, plan: Plan, settings: Settings, calls: Sequence[CallArguments] | None = None) -> Run:
        ends_at = min(self.clock.ends_at, originals.monotonic() + self.limit)
        run = run_schedule(self.world, self.calls if calls is None else calls, plan, settings, ends_at)
        if calls is not None:
            return run
        self.clock.schedules += 1
        self.clock.on_schedule(self.clock.schedules)
        if run.ended not in ("done", DEADLOCK) and not run.ended.startswith(CRASHES):
            self.clock.given_up[run.ended] += 1
        return run

    def settings(self, *, keeps_steps: bool = True, records: bool = False, is_wide: bool = False) -> Settings:
        """Return the settings with the points of this group."""
        places = self.points.conflicts | self.points.everything if is_wide else self.points.conflicts
        return Settings(as_points(places), frozenset(self.points.locks), keeps_steps=keeps_steps, records=records)

    # Searching

    def search(self, preemptions: int, *, with_gil: bool) -> Iterator[Suspect]:
        """Yield what is accused among the schedules with this number of switches."""
        for order, base in self._base_runs():
            if base.ended == DEADLOCK and self.judge.accuses(base):
                yield Suspect(self, order, {}, base)
            yield from self._extend(order, base, {}, preemptions, with_gil)

    def _base_runs(self) -> list[tuple[int, Run]]:
        if not self._bases:
            self._bases = [(number, self.run(number, {}, self.settings())) for number in range(len(self.orders))]
        return self._bases

    def _extend(
        self, order: int, base: Run, switches: dict[int, int], preemptions: int, with_gil: bool
    ) -> Iterator[Suspect]:
        """Yield what is accused among the schedules that switch once more than a run did, after its last switch."""
        last = max(switches, default=0)
        if len(base.steps) >= MAX_STEPS:
            self.left_out.add(LATER_ROUNDS)
        for step in self._ranked(base.steps, last, with_gil):
            for target in step.runnable:
                if target == step.chosen:
                    continue
                if self.clock.left <= 0:
                    return
                more = {**switches, step.number: target}
                run = self._run_once(order, more, keeps_steps=preemptions > 1)
                if run is None:
                    continue
                if self.judge.accuses(run):
                    yield Suspect(self, order, more, run)
                elif preemptions > 1:
                    yield from self._extend(order, run, more, preemptions - 1, with_gil)

    def _run_once(self, order: int, switches: dict[int, int], *, keeps_steps: bool) -> Run | None:
        key = (order, tuple(sorted(switches.items())))
        if key in self._seen and not keeps_steps:
            return None
        self._seen.add(key)
        return self.run(order, switches, self.settings(keeps_steps=keeps_steps))

    def _ranked(self, steps: Sequence[Step], after: int, with_gil: bool) -> list[Step]:
        """Return the steps to switch at, the most promising first: before a write of what was read."""
        found = [s for s in steps if s.number > after and (s.forced or not with_gil or s.checked)]
        if len(found) > _MANY_STEPS:
            count = len(found)
            found = _without_repetitions(found)
            if len(found) < count:
                self.left_out.add(LATER_ROUNDS)
        return sorted(found, key=lambda step: step.place is None or step.place[:2] not in self.points.writing)

    def search_randomly(self, seed: int, *, gil_only: bool, seconds: float) -> Iterator[Suspect]:
        """Yield what is accused among schedules with random priorities.

        They end with the time or, where the systematic search has left nothing out, once nothing new comes out.
        """
        settings = self.settings(is_wide=True)
        length = max([run.step_count for _, run in self._base_runs()] + [4])
        ends_at = min(self.clock.ends_at, originals.monotonic() + seconds)
        outcomes: set[int] = set()
        idle = 0
        for number in itertools.count():
            self.is_saturated = idle >= _RANDOM_RUNS and not self.left_out
            if self.is_saturated or originals.monotonic() >= ends_at:
                return
            order = self.orders[number % len(self.orders)]
            depth = _RANDOM_DEPTHS[number % len(_RANDOM_DEPTHS)]
            plan = RandomPlan(order, seed * 1_000_003 + number, length, depth=depth, gil_only=gil_only)
            run = self._run(plan, settings)
            length = max(length, min(run.step_count, 50_000))
            outcome = hash((run.ended, *sorted(run.leaves.items())))
            idle = 0 if outcome not in outcomes else idle + 1
            outcomes.add(outcome)
            if self.judge.accuses(run):
                yield Suspect(self, number % len(self.orders), run.switches, run, is_wide=True)


def _without_repetitions(steps: Sequence[Step]) -> list[Step]:
    """Return the first and the last occurrences of every point in every thread."""
    seen: Counter[object] = Counter()
    total = Counter((step.thread, step.place) for step in steps)
    kept = []
    for step in steps:
        point = (step.thread, step.place)
        seen[point] += 1
        if step.place is None or seen[point] < _OCCURRENCES or seen[point] == total[point]:
            kept.append(step)
    return kept
