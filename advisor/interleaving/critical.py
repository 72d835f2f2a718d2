"""Find the lines that one call must run without another in between, from the steps of a finding."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from advisor.interleaving.stretches import FunctionNode, SourceFile, Stretch
from advisor.models.race_report import RaceFinding, RaceStep

Place = tuple[str, int]  # file and line
_ACCESS = re.compile(r"(?:reads|writes|changes|calls)(?: file)? ([^;]+?)(?: = [^;]*)?(?:;|$)")
_NAME = re.compile(r"[A-Za-z_]\w*")
_MAX_LEVELS = 4  # of callers that are looked up by their names


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Two accesses of a thread, and the accesses of other threads in between."""

    before: RaceStep
    after: RaceStep
    between: tuple[RaceStep, ...]


def interruptions(finding: RaceFinding) -> list[Interrupted]:
    """Return where the threads of a finding interrupted each other.

    In a deadlock, that is between the lock that a thread acquired and the one that it waits for.
    """
    if finding.kind == "deadlock":
        return _waits(finding.steps)
    steps = [step for step in finding.steps if _ACCESS.search(step.effect)]
    found = []
    last: dict[int, int] = {}
    for number, step in enumerate(steps):
        if step.thread in last and last[step.thread] < number - 1:
            between = tuple(other for other in steps[last[step.thread] + 1 : number] if other.thread != step.thread)
            found.append(Interrupted(steps[last[step.thread]], step, between))
        last[step.thread] = number
    return found or _last_pairs(steps)


def _last_pairs(steps: Sequence[RaceStep]) -> list[Interrupted]:
    """Return the last two steps of each thread, where none of them was seen to be interrupted."""
    found = []
    for thread in sorted({step.thread for step in steps}):
        own = [step for step in steps if step.thread == thread]
        others = tuple(step for step in steps if step.thread != thread)
        found.append(Interrupted(own[-2] if len(own) > 1 else own[-1], own[-1], others))
    return found


def _waits(steps: Sequence[RaceStep]) -> list[Interrupted]:
    found = []
    for thread in sorted({step.thread for step in steps}):
        *earlier, last = (step for step in steps if step.thread == thread)
        held = re.split(r" and | \(acquired at line \d+\)", last.effect.partition(", holding ")[2])
        acquired = [step for step in earlier if any(name and f"acquires {name}" in step.effect for name in held)]
        before = (acquired or earlier or [last])[-1]
        others = tuple(step for step in steps if step.thread != thread)
        found.append(Interrupted(before, last, others))
    return found


def stack(step: RaceStep) -> list[Place]:
    """Return the places of a step and of its callers, the innermost first."""
    return [(step.file, step.line), *step.callers]


def shares_object(step: RaceStep, others: Iterable[RaceStep]) -> bool:
    """Return True if a step accesses something of the same name as one of the others."""
    names = _accessed(step)
    return any(names & _accessed(other) for other in others)


def _accessed(step: RaceStep) -> set[str]:
    return {name for text in _ACCESS.findall(step.effect) for name in _NAME.findall(text)[-1:]}


class CallTree:
    """Knows the functions that steps are in, from their callers and, where those are unknown, by names."""

    def __init__(self, sources: Mapping[str, SourceFile]) -> None:
        self.sources = sources

    def meeting_lines(self, one: Sequence[Place], other: Sequence[Place]) -> tuple[str, int, int] | None:
        """Return the file and two lines of the innermost call that has both places, or calls what has them."""
        found = None
        for (file, line), (other_file, other_line) in zip(reversed(one), reversed(other), strict=False):
            function = self._function((file, line))
            if file != other_file or function is None or function is not self._function((file, other_line)):
                break
            found = (file, line, other_line)
            if line != other_line:
                break
        return found or self._meeting_by_names(one, other)

    def _meeting_by_names(self, one: Sequence[Place], other: Sequence[Place]) -> tuple[str, int, int] | None:
        for place, other_place in itertools.product(self._outward(one), self._outward(other)):
            if place[0] == other_place[0] and self._function(place) is self._function(other_place) is not None:
                return place[0], place[1], other_place[1]
        return None

    def _outward(self, places: Sequence[Place]) -> list[Place]:
        """Return the places, and those that may call the function of the outermost one."""
        found = list(places)
        level = list(places[-1:])
        for _ in range(_MAX_LEVELS):
            level = [caller for place in level for caller in self._callers(place) if caller not in found]
            found += level
        return found

    def _callers(self, place: Place) -> Iterator[Place]:
        function = self._function(place)
        if function is not None:
            for source in self.sources.values():
                yield from ((source.path, line) for line in source.callers(function.name))

    def callers_of(self, stretch: Stretch, steps: Iterable[RaceStep]) -> list[Place]:
        """Return the places that call the function of a stretch."""
        seen = []
        for step in steps:
            places = stack(step)
            for place, caller in itertools.pairwise(places):
                if stretch.contains(*place) and caller not in seen:
                    seen.append(caller)
        return seen or list(self._callers((stretch.file, stretch.first_line)))

    def _function(self, place: Place) -> FunctionNode | None:
        source = self.sources.get(place[0])
        return source.function_at(place[1]) if source is not None else None
