"""Choose the stretches that a lock has to cover, and extend them by what a search still finds."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from advisor.interleaving.critical import CallTree, Interrupted, Place, interruptions, shares_object, stack
from advisor.interleaving.lock_patch import is_plain
from advisor.interleaving.stretches import SourceFile, Stretch, merged
from advisor.models.race_report import RaceFinding, RaceStep


@dataclass(frozen=True, slots=True)
class Region:
    """Stretches under one lock.

    Attributes:
        held: Stretches that have the lock already, where it is one that the code has.
    """

    stretches: tuple[Stretch, ...] = ()
    held: tuple[Stretch, ...] = ()

    def covers(self, places: Iterable[Place]) -> bool:
        """Return True if a step with these callers runs under the lock."""
        return any(stretch.contains(*place) for place in places for stretch in (*self.stretches, *self.held))


class RegionFinder:
    """Finds regions in some source files."""

    def __init__(self, sources: Mapping[str, SourceFile]) -> None:
        self.sources = dict(sources)
        self.tree = CallTree(sources)

    def extended(self, region: Region, finding: RaceFinding) -> Region | None:
        """Return the region with what a finding shows to be missing; None if it cannot grow."""
        found = interruptions(finding)
        missing = [stretch for each in found if (stretch := self._missing(region, each)) is not None]
        more = self._with(region, missing)
        for each in found:
            others = [step for step in each.between if not more.covers(stack(step))]
            if len(others) == len(each.between) or not missing:
                more = self._with(more, self._covers(_related(others, each)))
        if more.stretches != region.stretches:
            return more
        return self._wider(region, finding)

    def _missing(self, region: Region, each: Interrupted) -> Stretch | None:
        """Return the stretch of an interrupted thread that the lock does not cover yet."""
        met = self.tree.meeting_lines(stack(each.before), stack(each.after))
        if met is None:
            return None
        file, *lines = met
        if any(all(held.contains(file, line) for line in lines) for held in (*region.stretches, *region.held)):
            return None
        outer = self._frames_outside(each, met)
        if any(region.covers([place]) for place in outer):
            return None
        return self._usable(self.sources[file].cover(lines))

    def _frames_outside(self, each: Interrupted, met: tuple[str, int, int]) -> list[Place]:
        """Return the callers of the call in which both accesses are."""
        places = stack(each.before)
        inside = next((number for number, place in enumerate(places) if place == met[:2]), len(places))
        return places[inside + 1 :]

    def _covers(self, steps: Sequence[RaceStep]) -> list[Stretch]:
        """Return the smallest stretches with the lines of some steps, one for each function."""
        lines: dict[tuple[str, int], set[int]] = {}
        for step in steps:
            for file, line in stack(step):
                function = self.sources[file].function_at(line) if file in self.sources else None
                if function is not None:
                    lines.setdefault((file, function.lineno), set()).add(line)
                    break
        covers = (self._usable(self.sources[file].cover(some)) for (file, _), some in lines.items())
        return [stretch for stretch in covers if stretch is not None]

    def _usable(self, stretch: Stretch | None) -> Stretch | None:
        """Return the stretch, or the call of its function if a lock would be held while a generator is suspended."""
        if stretch is None or not self.sources[stretch.file].suspends(stretch):
            return stretch
        for file, line in self.tree.callers_of(stretch, ()):
            outer = self.sources[file].cover([line])
            if outer is not None and not self.sources[file].suspends(outer):
                return outer
        return stretch

    def _wider(self, region: Region, finding: RaceFinding) -> Region | None:
        """Return the region with the statements around its stretches, or the calls of their functions."""
        wider = [each for stretch in region.stretches for each in self._around(stretch, finding.steps)]
        more = self._with(Region((), region.held), wider)
        return more if more.stretches and more.stretches != region.stretches else None

    def _around(self, stretch: Stretch, steps: Sequence[RaceStep]) -> list[Stretch]:
        grown = self.sources[stretch.file].wider(stretch)
        if grown is not None:
            return [grown]
        callers = self.tree.callers_of(stretch, steps)
        outer = [self.sources[file].cover([line]) for file, line in callers if file in self.sources]
        return [each for each in outer if each is not None] or [stretch]

    def _with(self, region: Region, stretches: Iterable[Stretch]) -> Region:
        return Region(merged([*region.stretches, *stretches], self.sources), region.held)

    def calls_itself(self, region: Region) -> bool:
        """Return True if a function with a stretch is called within a stretch, so that the lock is acquired twice."""
        return any(self.inner(region))

    def inner(self, region: Region) -> Iterator[Stretch]:
        """Yield the stretches of functions that are called within a stretch."""
        reached = self._reached(region.stretches)
        for stretch in region.stretches:
            if any(function.contains(stretch.file, stretch.first_line) for function in reached):
                yield stretch

    def _reached(self, stretches: Iterable[Stretch]) -> set[Stretch]:
        """Return the functions that stretches call by their names, directly or by others."""
        reached: set[Stretch] = set()
        pending = list(stretches)
        while pending:
            called = [function for function in self._called(pending.pop()) if function not in reached]
            reached.update(called)
            pending += called
        return reached

    def _called(self, stretch: Stretch) -> list[Stretch]:
        """Return the functions that a stretch calls by their names, as stretches."""
        names = self.sources[stretch.file].names_in(stretch)
        functions = [(source.path, node) for source in self.sources.values() for node in source.functions]
        return [
            Stretch(path, node.name, node.lineno, node.end_lineno or node.lineno)
            for path, node in functions
            if node.name in names
        ]

    def existing_locks(self, finding: RaceFinding) -> list[tuple[str, Region]]:
        """Return the locks of a module under which some steps of a finding run, with what they cover."""
        acquired = " ".join(step.effect for step in finding.steps)
        names = set(re.findall(r"acquires (?:\S*\.)?(\w+)", acquired))
        found: dict[str, Region] = {}
        for file, line in (place for step in finding.steps for place in stack(step)):
            for lock in _locks_around(self.sources[file], line) if file in self.sources else ():
                if lock.rpartition(".")[2] in names:
                    found.setdefault(lock, Region((), _held(self.sources.values(), lock)))
        return list(found.items())


def _related(steps: Sequence[RaceStep], each: Interrupted) -> list[RaceStep]:
    """Return the steps that access what the interrupted thread does, or all if there are none."""
    related = [step for step in steps if shares_object(step, (each.before, each.after))]
    return related or list(steps)


def _locks_around(source: SourceFile, line: int) -> list[str]:
    return [
        ast.unparse(item.context_expr)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.With) and node.lineno <= line <= (node.end_lineno or node.lineno)
        for item in node.items
        if is_plain(item.context_expr)
    ]


def _held(sources: Iterable[SourceFile], lock: str) -> tuple[Stretch, ...]:
    """Return the bodies of the `with` statements of a lock."""
    return tuple(
        Stretch(source.path, "", node.body[0].lineno, node.end_lineno or node.lineno)
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.With) and any(ast.unparse(item.context_expr) == lock for item in node.items)
    )
