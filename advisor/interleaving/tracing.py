"""Follow threads: pass steps at chosen instructions, learn what they access, record it.

Frames are followed instruction by instruction where there is something to do, a loop of many rounds in its first ones.
"""

from __future__ import annotations

import ast
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import FrameType, FunctionType, MethodType
from typing import Protocol

from advisor.interleaving.accesses import Access
from advisor.interleaving.code_book import CodeBook
from advisor.interleaving.evaluation import UNKNOWN, evaluate, short
from advisor.interleaving.observations import Event, Learned, Points
from advisor.interleaving.scheduler import Scheduled, Scheduler
from advisor.interleaving.sites import GENERATOR, CodeSites, Site
from advisor.interleaving.where import callers

_VISITS = 150  # of one instruction by one thread that are looked at
_FEW_VISITS = 40  # that are looked at, to learn, once many later ones were
_MANY_LATE_VISITS = 4_000  # by one thread
_SPINNING = 100  # reads in a row, without a write, after which others get their turn
_REFRESHES_LOCALS = sys.version_info < (3, 13)


class Backend(Protocol):
    """A way to follow threads."""

    def follow(self, thread: Scheduled) -> None:
        """Follow the calling thread from now on."""


class Tracer:
    """Follows the threads of a scheduler.

    Args:
        points: Instructions at which a step is passed.
        learned: Gets what the threads access; None to learn nothing.
        events: Gets what the threads do to the objects of `keys`; None to record nothing.
        stop_early: Follow no further once the plan has no more switches.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        book: CodeBook,
        points: Points,
        *,
        learned: Learned | None = None,
        events: list[Event] | None = None,
        stop_early: bool = False,
    ) -> None:
        self.scheduler = scheduler
        self.book = book
        self.points = points
        self.learned = learned
        self.events = events
        self.stop_early = stop_early
        self._used: Backend | None = None

    def follow(self, thread: Scheduled) -> None:
        """Follow the calling thread from now on."""
        if (self.points or self.learned is not None) and not self.is_done():
            self._backend().follow(thread)

    def _backend(self) -> Backend:
        if self._used is None:
            if sys.version_info >= (3, 12):
                from advisor.interleaving.monitoring import Monitoring as Used
            else:
                from advisor.interleaving.settrace import SetTrace as Used
            self._used = Used(self)
        return self._used

    def is_done(self) -> bool:
        return self.stop_early and self.scheduler.step >= self.scheduler.plan.last_step


@dataclass(slots=True)
class Visits:
    """How often a thread has run the instructions of a code object.

    Attributes:
        returns: How often a frame that is followed by lines has come to a line.
        seen_lines: Lines with no instruction that is still to be looked at.
        all_seen: There is no such instruction at all.
    """

    counts: dict[int, int] = field(default_factory=dict)
    entries: int = 0
    returns: dict[int, int] = field(default_factory=dict)
    seen_lines: set[int] = field(default_factory=set)
    all_seen: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """How a frame is followed: `wanted` are the offsets at which there is something to do, `chosen` the points."""

    sites: CodeSites
    chosen: frozenset[int]
    wanted: frozenset[int]
    visits: Visits


class ThreadTracer(ABC):
    """Looks at the instructions of one thread; the base of the tracers by `sys.settrace` and by `sys.monitoring`."""

    def __init__(self, tracer: Tracer, thread: Scheduled) -> None:
        self.tracer = tracer
        self.thread = thread
        self.scheduler = tracer.scheduler
        self.calling: FrameType | None = None  # runs a call, after which the interpreter checks if it is one of C
        self.call: ast.AST | None = None
        self.inside: list[Access] = []  # what the running call in C works on
        self.unfinished: tuple[FrameType, ast.AST | None, Event] | None = None
        self.visits: dict[int, Visits] = {}  # by code object
        self.uninteresting: set[int] = set()  # code objects
        self.reads = 0  # in a row
        self.learns = tracer.learned is not None
        self.limit = _VISITS
        self.late_visits = 0

    def enter(self, frame: FrameType) -> Followed | None:
        """Return how to follow a frame that begins or, if it is a generator's, continues; None not to."""
        code = frame.f_code
        self.thread.checked = True
        if self.calling is not None and self.calling is frame.f_back and self._is_called_directly(frame):
            self.calling = None
        if id(code) in self.uninteresting:
            return None
        sites = self.tracer.book.sites(code)
        if sites is None:
            return None
        chosen = self.tracer.points.get(sites.key, frozenset())
        visits = self.visits.get(id(sites)) or self.visits.setdefault(id(sites), Visits())
        if visits.all_seen or not (self.learns or chosen):
            self.uninteresting.add(id(code))
            if sites.sites:
                self.leave_out()
            return None
        wanted = chosen.union(sites.sites) if self.learns else chosen
        visits.entries += 1
        if visits.entries % self.limit == 0:
            visits.all_seen = all(visits.counts.get(offset, 0) >= self.limit for offset in wanted)
        if self.learns and self.inside:
            self._enter_callback(sites)
        return Followed(sites, chosen, wanted, visits)

    def _is_called_directly(self, frame: FrameType) -> bool:
        """Return True unless code in C that the user's code called calls this function or continues this generator."""
        if frame.f_code.co_flags & GENERATOR or not isinstance(self.call, ast.Call) or frame.f_back is None:
            return False
        function = evaluate(self.call.func, frame.f_back)
        function = getattr(function, "__func__", function)
        return function is UNKNOWN or getattr(function, "__code__", None) is frame.f_code

    def run_instruction(self, frame: FrameType, followed: Followed, offset: int) -> bool:
        """Look at an instruction that is about to run; return False if there is nothing to do any more."""
        thread, scheduler = self.thread, self.scheduler
        if scheduler.current is not thread:
            scheduler.rejoin(thread)
        scheduler.progress += 1
        sites = followed.sites
        if self.calling is frame:
            self.calling = None
            thread.checked = True
        if self.unfinished is not None:
            self._finish_event()
        is_fresh = False
        if offset in followed.wanted or (self.learns and sites.is_generator):
            counts = followed.visits.counts
            counts[offset] = count = counts.get(offset, 0) + 1
            is_fresh = count <= self.limit
            if is_fresh:
                self._count_late(count)
                self._visit(frame, sites, offset, offset in followed.chosen)
            else:
                self.leave_out()
        if offset in sites.checked:
            thread.checked = True
        site = sites.sites.get(offset)
        if site is not None and site.subject == "call":
            self.calling, self.call = frame, site.node
        return is_fresh

    @abstractmethod
    def stop(self, frame: FrameType) -> None:
        """Follow the thread no further."""

    def _visit(self, frame: FrameType, sites: CodeSites, offset: int, is_point: bool) -> None:
        """Look at an instruction that is about to run, and pass a step if it is a point."""
        site = sites.sites.get(offset)
        if self.learns:
            self._learn(frame, sites, offset, site)
        if not is_point:
            return
        self._pass_point(frame, sites, offset, site)
        if self.tracer.is_done():
            self.stop(frame)
        if site is not None and self.tracer.events is not None:
            self._record(frame, site)

    def _pass_point(self, frame: FrameType, sites: CodeSites, offset: int, site: Site | None) -> None:
        if site is not None and site.subject == "call" and isinstance(site.node, ast.Call):
            # A function in Python begins with a check. (Here it is a library's: those of the user are no accesses.)
            called = evaluate(site.node.func, frame)
            self.thread.checked |= isinstance(called, (FunctionType, MethodType))
        turns = self.scheduler.turns
        line = site.line if site is not None else frame.f_lineno
        self.scheduler.point(self.thread, (sites.key, offset, line))
        self.thread.checked = False
        self.reads = 0 if site is None or site.writes or site.subject == "call" else self.reads + 1
        if self.reads > _SPINNING:
            self.reads = 0
            self.scheduler.give_turn(self.thread)
        if _REFRESHES_LOCALS and self.scheduler.turns != turns:
            frame.f_locals  # noqa: B018  (else the interpreter writes the values of before back to closed-over names)

    # Learning

    def _count_late(self, count: int) -> None:
        """Look at fewer visits from now on if many were looked at, since each takes time."""
        self.late_visits += count > _FEW_VISITS
        if self.learns and self.late_visits > _MANY_LATE_VISITS:
            self.limit = _FEW_VISITS

    def leave_out(self) -> None:
        """Note that an instruction runs which is not looked at any more."""
        if self.tracer.learned is not None:
            self.tracer.learned.is_complete = False

    def _learn(self, frame: FrameType, sites: CodeSites, offset: int, site: Site | None) -> None:
        learned = self.tracer.learned
        assert learned is not None
        self.inside = []
        if sites.is_generator:
            learned.add(("frame", id(frame), ""), True, self.thread.number, sites.key, offset)
        if site is None:
            return
        for access in self.tracer.book.accesses.find(site, frame):
            learned.add(access.key, access.writes, self.thread.number, sites.key, offset)
            if access.writes and access.key[0] == "object":
                learned.changes.setdefault(access.key[1], set()).add(access.name)
            if site.subject == "call":
                self.inside.append(access)

    def _enter_callback(self, sites: CodeSites) -> None:
        """Note that a function of the user runs while a call in C works on shared objects, as a sort key does."""
        learned = self.tracer.learned
        assert learned is not None
        first = min(sites.sites, default=0)
        for access in self.inside:
            learned.add(access.key, access.writes, self.thread.number, sites.key, first)

    # Recording

    def _record(self, frame: FrameType, site: Site) -> None:
        events = self.tracer.events
        assert events is not None
        for access in self.tracer.book.accesses.find(site, frame):
            event = self._event(frame, site, access)
            if access.writes:
                self.unfinished = (frame, access.node, event)
            if event.text:
                events.append(event)

    def _event(self, frame: FrameType, site: Site, access: Access) -> Event:
        code, node = frame.f_code, access.node
        item = evaluate(node.slice, frame) if isinstance(node, ast.Subscript) and site.subject == "item" else None
        event = Event(self.thread.number, code.co_filename, site.line, code.co_name, "reads")
        event.callers = callers(frame, self.tracer.book.user_code)
        event.key = ((*access.key, item if isinstance(item, (str, int, float, tuple)) else None), access.writes)
        is_call = isinstance(node, ast.Call) and (access.key[0] == "outside" or access.key[:2] == ("object", None))
        if is_call or isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
            event.text = ast.unparse(node)[:60] if isinstance(node, ast.expr) else ""
        if access.key[0] == "outside":
            event.action = "calls"
        elif access.writes:
            event.action = "changes" if site.subject in ("call", "test", "iteration") else "writes"
        event.value = _shown(node, frame)
        return event

    def _finish_event(self) -> None:
        """Replace the value in an event by the one that was written, now that the instruction has run."""
        assert self.unfinished is not None
        frame, node, event = self.unfinished
        self.unfinished = None
        event.value = _shown(node, frame)


def _shown(node: ast.AST | None, frame: FrameType) -> str:
    value = evaluate(node, frame)
    return "" if value is UNKNOWN else short(value)
