"""Search groups of calls in stages, those first that find most in little time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

from advisor.errors import TargetError, UsageError
from advisor.interleaving import finding, originals
from advisor.interleaving.explorer import Clock, GroupExplorer, Suspect
from advisor.interleaving.plans import MAX_SWITCHES, decode
from advisor.interleaving.schedule import CallArguments, Run, World

Answer = dict[str, Any]  # fields of a RaceReport, and "group", the index of the calls of the finding
_LONGER_SECONDS = 2.0  # for a finding that happens with the GIL, once there is one that does not
_RANDOM_SHARE = 0.4  # of the time that is left, for the random schedules of one group before the last
_WHY = {
    "time": "the calls, one after the other, did not end in time",
    "steps": "the calls, one after the other, run too many lines",
    "for ever": "each call waits for something that no other call does",
}
_NOTHING_COMPARABLE = "results and state differ from run to run by themselves, so that nothing can be compared"
_LOST_THREADS = "importing the target starts threads, which a copy of the process does not have"


class StagedSearch:
    """Searches groups of calls one after the other, stage by stage."""

    def __init__(self, world: World, groups: Sequence[tuple[CallArguments, ...]], clock: Clock, target: str) -> None:
        self.world = world
        self.groups = groups
        self.clock = clock
        self.target = target
        self.explorers: dict[int, GroupExplorer] = {}
        self.why = ""
        self.complete: set[tuple[int, bool]] = set()
        self.random_runs = 0
        self.given_up = 0  # schedules of the systematic stages
        self.without_gil: Answer | None = None

    def run(self, seed: int) -> Answer:
        """Return the verdict, the bound and the finding."""
        for suspects in self._stages(seed):
            for number, suspect in suspects:
                found = self._confirm(number, finding.minimise(suspect))
                if found is None:
                    continue
                if found["finding"]["with_gil"]:
                    return found
                self._look_on(found)
                break
        return self.without_gil or self._nothing()

    def _look_on(self, found: Answer) -> None:
        """Keep a finding that needs no GIL, and look a little longer for one that happens with it."""
        if self.without_gil is None:
            self.without_gil = found
            self.clock.ends_at = min(self.clock.ends_at, originals.monotonic() + _LONGER_SECONDS)

    # Stages

    def _stages(self, seed: int) -> Iterator[Iterator[tuple[int, Suspect]]]:
        yield self._begin()
        yield self._all(1, with_gil=False)
        yield self._all(2, with_gil=True)
        yield self._all(2, with_gil=False)
        yield self._randomly(seed)

    def _begin(self) -> Iterator[tuple[int, Suspect]]:
        """Learn each group, and try its schedules with one switch that can happen with the GIL."""
        for number, calls in enumerate(self.groups):
            if number and self.clock.left < self.clock.seconds / 2:
                continue
            explorer = GroupExplorer(self.world, calls, self.clock)
            explorer.learn()
            if explorer.failure:
                self._note_failure(explorer.failure)
                continue
            self.explorers[number] = explorer
            if explorer.knows_conflicts():
                for suspect in explorer.search(1, with_gil=True):
                    yield number, suspect
        self._refuse_failing()

    def _note_failure(self, failure: str) -> None:
        if failure not in _WHY:
            raise TargetError(f"calling {self.target} {failure}")
        self.why = self.why or _WHY[failure]
        if threading.active_count() > 1:
            self.why = _LOST_THREADS

    def _refuse_failing(self) -> None:
        """Raise TargetError if every call fails in every order."""
        runs = [run for explorer in self.explorers.values() for run in explorer.judge.runs]
        if runs and all(all(run.raised) for run in runs):
            raise TargetError(f"calling {self.target} {runs[0].results[0]}")

    def _all(self, preemptions: int, *, with_gil: bool) -> Iterator[tuple[int, Suspect]]:
        for number, explorer in self.explorers.items():
            if explorer.knows_conflicts():
                for suspect in explorer.search(preemptions, with_gil=with_gil):
                    yield number, suspect
        if self.clock.left > 0:
            self.complete.add((preemptions, with_gil))
        self.given_up = sum(self.clock.given_up.values())

    def _randomly(self, seed: int) -> Iterator[tuple[int, Suspect]]:
        gil_only = self.without_gil is not None
        last = max(self.explorers, default=0)
        for number, explorer in self.explorers.items():
            before = self.clock.schedules
            seconds = max(0.0, self.clock.left * (1.0 if number == last else _RANDOM_SHARE))
            for suspect in explorer.search_randomly(seed, gil_only=gil_only, seconds=seconds):
                yield number, suspect
            self.random_runs += self.clock.schedules - before

    # One schedule

    def replay(self, seed: int) -> Answer:
        """Return the answer for the schedule of a finding alone."""
        number, order, switches = decode(seed)
        wrong = UsageError(f"the seed to replay, {seed}, is no interleaving of these inputs", field="replay")
        if number >= len(self.groups):
            raise wrong
        explorer = GroupExplorer(self.world, self.groups[number], self.clock)
        explorer.learn()
        if explorer.failure or order // 2 >= len(explorer.orders):
            raise wrong
        self.explorers[number] = explorer
        suspect = Suspect(explorer, order // 2, switches, Run("done"), bool(order % 2))
        suspect.run = explorer.run_again(suspect, switches)
        return self._confirm(number, suspect) or {"verdict": "none", "bound": "one interleaving, replayed"}

    def _confirm(self, number: int, suspect: Suspect | None) -> Answer | None:
        """Return the answer for a suspect that is accused every time."""
        run = suspect and finding.replay(suspect)
        if not suspect or not run or len(suspect.switches) > MAX_SWITCHES:
            return None
        described = finding.describe(suspect, run, number)
        verdict = "deadlock" if described["kind"] == "deadlock" else "race"
        return {"verdict": verdict, "finding": described, "bound": self._bound(found=True), "group": number}

    # Answers

    def stopped(self, why: str) -> Answer:
        """Return the answer of a search that has to end: what was found already, or that nothing is known."""
        bound = f"{len(self.groups[0])} calls at once, stopped at a file that cannot be put back"
        return self.without_gil or {"verdict": "unclear", "why": why, "bound": bound}

    def _nothing(self) -> Answer:
        why = self.why if not self.explorers else ""
        if self.explorers and not any(explorer.judge.compares_anything() for explorer in self.explorers.values()):
            why = _NOTHING_COMPARABLE
        elif sum(self.clock.given_up.values()) > self.clock.schedules / 2:
            why = "most interleavings did not end in time, or waited for something outside"
        return {"verdict": "unclear" if why else "none", "why": why, "bound": self._bound()}

    def _bound(self, *, found: bool = False) -> str:
        """Return the extent of the search."""
        parts = [f"{len(self.groups[0])} calls at once", *self._systematic_part(found)]
        given_up = sum(self.clock.given_up.values()) - self.given_up
        if self.random_runs:
            is_saturated = all(explorer.is_saturated for explorer in self.explorers.values())
            until = ["until nothing new came out"] if is_saturated and not found else []
            parts += [f"{self.random_runs} random ones", *until]
        if given_up and self.random_runs:
            parts.append(f"{given_up} of them given up")
        return f"{', '.join(parts)}; your own files are followed, libraries are single steps"

    def _systematic_part(self, found: bool) -> list[str]:
        """Return a text on the systematic stages; none if a finding ended the first one."""
        reached = next((count for count in (2, 1) if (count, False) in self.complete), 0)
        left_out = self._left_out()
        end = f" (left out: {', '.join(left_out)})" if left_out else ""
        if not self.explorers:
            return [] if found else ["no interleavings"]
        if not any(explorer.knows_conflicts() for explorer in self.explorers.values()):
            return [f"no access found to what several calls share and change{end}"]
        if reached:
            switches = "two switches" if reached == 2 else "one switch"
            extent = "some" if left_out else "all"
            return [f"{extent} interleavings with at most {switches} at accesses to what calls share{end}"]
        return [] if found else ["some interleavings, until the time was over"]

    def _left_out(self) -> list[str]:
        """Return what the systematic stages did not try."""
        texts = sorted(set().union(*(explorer.left_out for explorer in self.explorers.values())))
        missing = len(self.groups) - len(self.explorers)
        texts += [f"{missing} of {len(self.groups)} groups of inputs"] if missing else []
        return texts + ([f"{self.given_up} given up"] if self.given_up else [])
