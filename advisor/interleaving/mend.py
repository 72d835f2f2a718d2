"""Find the smallest stretch of lines under one lock that makes a finding go away, by searching again with it.

The first stretch holds the two accesses of a call between which another one came. What the search still finds with the
lock extends it. A stretch that grew beyond that is made smaller again, statement by statement, while it still mends.
"""

from __future__ import annotations

import time
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from advisor.errors import AdvisorError
from advisor.interleaving import better, lock_cost
from advisor.interleaving.critical import stack
from advisor.interleaving.lock_patch import ChangedSource, patch, swap_locks, unused_name, with_lock
from advisor.interleaving.question import RaceQuestion
from advisor.interleaving.regions import Region, RegionFinder
from advisor.interleaving.search import find_races
from advisor.interleaving.stretches import SourceFile
from advisor.models.race_report import LockedStretch, Mend, RaceFinding, RaceReport, RaceStep

MAX_SEARCHES = 16
_ENOUGH = 100  # schedules of a search that was cut short by the limit of time
_MAX_WITH_EXISTING = 3  # searches with a lock that the code has
_LEAST_SECONDS = 0.5  # for one search
_COST_SECONDS = 2.0  # for the share of the calls that is under the lock

OnSearch = Callable[[int], None]


def with_mend(question: RaceQuestion, report: RaceReport) -> RaceReport:
    """Return a report with the mend of its finding, if there is a finding and the time is enough."""
    return report.model_copy(update={"mended": find_mend(question, report)})


def find_mend(question: RaceQuestion, report: RaceReport, *, seconds: float | None = None) -> Mend | None:
    """Return the lock that makes the finding of a report go away; None if none was found.

    Args:
        question: What the report answers.
        report: A report with a finding.
        seconds: Limit for the searches with locks; by default what the first search left of its time.
    """
    if report.finding is None:
        return None
    left = question.seconds - report.seconds if seconds is None else seconds
    sources = _sources(question, report.finding)
    if not sources:
        return None
    mending = _Mending(question, report, sources, time.monotonic() + left)
    found = mending.run()
    return None if found is None else mending.described(found)


def _sources(question: RaceQuestion, finding: RaceFinding) -> dict[str, SourceFile]:
    """Return the files of the finding's lines."""
    found = {}
    for file in dict.fromkeys(place[0] for step in finding.steps for place in stack(step)):
        try:
            found[file] = SourceFile(file, question.sources.get(file) or _text(file))
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
    return found


def _text(file: str) -> str:
    with Path(file).open("rb") as binary:
        encoding, _ = tokenize.detect_encoding(binary.readline)
    return Path(file).read_bytes().decode(encoding)


@dataclass(frozen=True, slots=True)
class _Change:
    """A changed file, and the lock in it; `region` is empty where only the order of locks changes."""

    file: str
    changed: ChangedSource
    region: Region = field(default_factory=Region)
    lock: str = ""
    kind: str = ""  # of a new lock

    @property
    def is_new(self) -> bool:
        return bool(self.kind)

    def before(self, finding: RaceFinding) -> RaceFinding:
        """Return a finding with the lines before the change."""
        return finding.model_copy(update={"steps": tuple(map(self._step_before, finding.steps))})

    def _step_before(self, step: RaceStep) -> RaceStep:
        callers = tuple((file, self._line(file, line)) for file, line in step.callers)
        return step.model_copy(update={"line": self._line(step.file, step.line), "callers": callers})

    def _line(self, file: str, line: int) -> int:
        return self.changed.origin(line) if file == self.file else line


@dataclass(frozen=True, slots=True)
class _Found:
    change: _Change
    report: RaceReport


class _Mending:
    """Tries changes until the search finds nothing any more."""

    def __init__(
        self, question: RaceQuestion, report: RaceReport, sources: dict[str, SourceFile], ends_at: float
    ) -> None:
        assert report.finding is not None
        self.question = question
        self.schedules = report.schedules
        self.finding = report.finding
        self.sources = sources
        self.finder = RegionFinder(sources)
        self.ends_at = ends_at
        self.searches = 0
        self.tried: set[tuple[str, Region]] = set()

    def run(self) -> _Found | None:
        """Return a change with which the search finds nothing."""
        for change in self._reordered():
            report = self._search(change)
            if report is not None and self._holds(report):
                return _Found(change, report)
        for lock, region in self.finder.existing_locks(self.finding):
            found = None if self.finding.kind == "deadlock" else self._grow(region, lock)
            if found is not None:
                return found
        found = self._grow(Region(), "")
        return found and self._narrowed(found)

    def _reordered(self) -> Iterator[_Change]:
        """Yield the source with the locks of a deadlock in one order."""
        if self.finding.kind != "deadlock":
            return
        seen = set()
        for second in (2, 1):
            held = [step for step in self.finding.steps if step.thread == second]
            for file in dict.fromkeys(step.file for step in held if step.file in self.sources):
                text = swap_locks(self.sources[file], {step.line for step in held if step.file == file})
                if text is not None and text not in seen:
                    seen.add(text)
                    yield _Change(file, ChangedSource(text, ()))

    # Growing

    def _grow(self, region: Region, existing: str) -> _Found | None:
        """Extend a region by what is still found; `existing` is a lock of the code, or empty for a new one."""
        kind = "Lock"
        grown = self.finder.extended(region, self.finding)
        limit = self.searches + (_MAX_WITH_EXISTING if existing else MAX_SEARCHES)
        while grown is not None and self.searches < min(limit, MAX_SEARCHES):
            change = self._change(grown, existing, kind)
            report = self._search(change) if change is not None else None
            if change is None or report is None:
                return None
            if self._holds(report):
                return _Found(change, report)
            if _waits_for_itself(report, change):
                if existing or kind == "RLock":
                    return None
                kind = "RLock"
                continue
            if report.finding is None:
                return None
            grown = self.finder.extended(grown, change.before(report.finding))
        return None

    def _change(self, region: Region, existing: str, kind: str) -> _Change | None:
        files = {stretch.file for stretch in region.stretches}
        if len(files) != 1:
            return None
        source = self.sources[files.pop()]
        if existing:
            if not source.knows(existing, region.stretches):
                return None
            return _Change(source.path, with_lock(source, region.stretches, existing), region, existing)
        lock = unused_name(source)
        kind = "RLock" if self.finder.calls_itself(region) else kind
        return _Change(source.path, with_lock(source, region.stretches, lock, kind), region, lock, kind)

    def _search(self, change: _Change) -> RaceReport | None:
        """Return the report of a search of a changed source; None if that fails or the time is over."""
        left = self.ends_at - time.monotonic()
        if left < _LEAST_SECONDS:
            return None
        self.searches += 1
        self.tried.add(("" if change.is_new else change.lock, change.region))
        sources = {**self.question.sources, change.file: change.changed.text}
        try:
            return find_races(replace(self.question, sources=sources, seconds=left, replay=None))
        except AdvisorError:
            return None

    def _holds(self, report: RaceReport) -> bool:
        """Return True if nothing is found; a search that its limit cut short must have tried enough."""
        was_cut = time.monotonic() >= self.ends_at - _LEAST_SECONDS
        return report.verdict == "none" and (not was_cut or report.schedules >= max(self.schedules, _ENOUGH))

    # Making smaller

    def _narrowed(self, found: _Found) -> _Found:
        """Return the change with as few statements under the lock as possible, as far as the time allows."""
        kind = "Lock" if self.finder.calls_itself(found.change.region) else found.change.kind
        smaller = True
        while smaller:
            smaller = False
            for region in self._narrower(found.change.region):
                change = self._change(region, "", kind)
                report = self._search(change) if change is not None and self.searches < MAX_SEARCHES else None
                if change is not None and report is not None and self._holds(report):
                    found, smaller = _Found(change, report), True
                    break
        return found

    def _narrower(self, region: Region) -> Iterator[Region]:
        """Yield regions without a stretch that is called within another, or without a statement."""
        stretches = region.stretches
        smaller = [tuple(each for each in stretches if each is not inner) for inner in self.finder.inner(region)]
        for number, stretch in enumerate(stretches):
            less = self.sources[stretch.file].narrower(stretch)
            smaller += [(*stretches[:number], each, *stretches[number + 1 :]) for each in less]
        for each in smaller:
            if each and ("", Region(each)) not in self.tried:
                yield Region(each)

    # Describing

    def described(self, found: _Found) -> Mend:
        """Return the record of a change."""
        change = found.change
        file = change.file
        stretches = [
            LockedStretch(file=each.file, function=each.function, first_line=each.first_line, last_line=each.last_line)
            for each in sorted(change.region.stretches, key=lambda each: -each.lines)
        ]
        first = stretches[0] if stretches else None
        step = self.finding.steps[0]
        return Mend(
            file=file,
            first_line=first.first_line if first else step.line,
            last_line=first.last_line if first else step.line,
            schedules=found.report.schedules,
            verdict=found.report.verdict,
            speedup=self._speedup(change),
            lock=change.lock,
            stretches=tuple(stretches),
            patch=patch(file, self.sources[file].text, change.changed.text),
            instead=better.instead(self.finding, self.sources, change.region.stretches),
        )

    def _speedup(self, change: _Change) -> float | None:
        if not change.lock or not change.lock.isidentifier():
            return None
        sources = {**self.question.sources, change.file: change.changed.text}
        seconds = min(_COST_SECONDS, max(_LEAST_SECONDS, self.ends_at - time.monotonic()))
        return lock_cost.speedup(replace(self.question, sources=sources, seconds=seconds), change.file, change.lock)


def _waits_for_itself(report: RaceReport, change: _Change) -> bool:
    """Return True if a thread waits for the lock that it holds."""
    if report.verdict == "unclear":
        return True
    steps = report.finding.steps if report.finding is not None else ()
    return any(
        "waits for ever" in step.effect
        and f"for {change.lock}, holding" in step.effect
        and change.lock in step.effect.partition(", holding ")[2]
        for step in steps
    )
