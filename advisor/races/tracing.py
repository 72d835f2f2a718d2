"""Follow threads with `sys.settrace`: pass steps at chosen instructions, learn what they access, record it.

Frames are followed instruction by instruction where there is something to do.

A loop of many rounds is followed in its first rounds. Then its frame is followed line by line only, until it comes to a
line that it has seldom run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from types import FrameType, FunctionType, MethodType
from typing import Any

from advisor.races import accesses as access_rules
from advisor.races.code_book import CodeBook
from advisor.races.evaluation import UNKNOWN, evaluate, short
from advisor.races.observations import Event, Learned, Points
from advisor.races.scheduler import Scheduled, Scheduler
from advisor.races.sites import CodeSites, Site
from advisor.races.user_code import is_advisor

_LEARNED_VISITS = 40  # of one instruction by one thread that are looked at
_POINT_VISITS = 150  # of one instruction by one thread that are steps of the schedule
_IDLE = 100  # instructions without anything to do, after which a frame is followed by lines
_SPINNING = 100  # reads in a row, without a write, after which others get their turn
_REFRESHES_LOCALS = sys.version_info < (3, 13)


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

    def follow(self, thread: Scheduled) -> None:
        """Follow the calling thread from now on."""
        if not self.is_done():
            sys.settrace(ThreadTracer(self, thread).enter)

    def is_done(self) -> bool:
        return self.stop_early and self.scheduler.step >= self.scheduler.plan.last_step


class ThreadTracer:
    """Follows one thread for a `Tracer`."""

    def __init__(self, tracer: Tracer, thread: Scheduled) -> None:
        self.tracer = tracer
        self.thread = thread
        self.scheduler = tracer.scheduler
        self.calling: FrameType | None = None  # runs a call, after which the interpreter checks if it is one of C
        self.call: ast.AST | None = None
        self.inside: list[access_rules.Access] = []  # what the running call in C works on
        self.unfinished: tuple[FrameType, ast.AST | None, Event] | None = None
        self.visits: dict[int, dict[int, int]] = {}  # of instructions, by code object
        self.reads = 0  # in a row
        self.learns = tracer.learned is not None
        self.limit = _LEARNED_VISITS if self.learns else _POINT_VISITS

    def enter(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        """Follow a frame that begins or, if it is a generator's, continues."""
        code = frame.f_code
        sites = self.tracer.book.sites(code)
        if sites is None:
            if not is_advisor(code.co_filename):
                self.thread.checked = True
            return None
        if self.calling is frame.f_back and self._is_called_directly(frame, sites):
            self.calling = None
        self.thread.checked = True
        chosen = self.tracer.points.get(sites.key, frozenset())
        if not self.learns and not chosen:
            return None
        visits = self.visits.setdefault(id(sites), {})
        visits[-1] = entries = visits.get(-1, 0) + 1
        if self.learns and self.inside:
            self._enter_callback(sites)
        self._follow_instructions(frame, entries <= self.limit)
        return self._local(sites, chosen, visits)

    @staticmethod
    def _follow_instructions(frame: FrameType, does: bool) -> None:
        frame.f_trace_opcodes = does
        frame.f_trace_lines = not does

    def _is_called_directly(self, frame: FrameType, sites: CodeSites) -> bool:
        """Return True unless code in C that the user's code called calls this function or continues this generator."""
        if sites.is_generator or not isinstance(self.call, ast.Call) or frame.f_back is None:
            return False
        function = evaluate(self.call.func, frame.f_back)
        function = getattr(function, "__func__", function)
        return function is UNKNOWN or getattr(function, "__code__", None) is frame.f_code

    def _local(self, sites: CodeSites, chosen: frozenset[int], visits: dict[int, int]) -> Callable[..., Any]:
        """Return the trace function of a frame."""
        thread, scheduler, limit = self.thread, self.scheduler, self.limit
        checked, by_line = sites.checked, sites.by_line
        looks_at_all = self.learns and sites.is_generator
        wanted = sites.sites.keys() | chosen if self.learns else chosen
        idle = 0

        def trace(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal idle
            if event == "line":
                if any(
                    offset in wanted and visits.get(offset, 0) < limit for offset in by_line.get(frame.f_lineno, ())
                ):
                    idle = 0
                    thread.checked = True
                    self._follow_instructions(frame, True)
                return trace
            if event != "opcode":
                return trace
            if scheduler.current is not thread:
                scheduler.rejoin(thread)
            scheduler.progress += 1
            offset = frame.f_lasti
            if self.calling is frame:
                self.calling = None
                thread.checked = True
            if self.unfinished is not None:
                self._finish_event()
            if offset in wanted or looks_at_all:
                count = visits[offset] = visits.get(offset, 0) + 1
                if count <= limit:
                    idle = 0
                    self._visit(frame, sites, offset, offset in chosen)
            idle += 1
            if idle > _IDLE:
                self._follow_instructions(frame, False)
            if offset in checked:
                thread.checked = True
            site = sites.sites.get(offset)
            if site is not None and site.subject == "call":
                self.calling, self.call = frame, site.node
            return trace

        return trace

    def _visit(self, frame: FrameType, sites: CodeSites, offset: int, is_point: bool) -> None:
        """Look at an instruction that is about to run, and pass a step if it is a point."""
        site = sites.sites.get(offset)
        if self.learns:
            self._learn(frame, sites, offset, site)
        if not is_point:
            return
        self._pass_point(frame, sites, offset, site)
        if self.tracer.is_done():
            sys.settrace(None)
            frame.f_trace = None
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

    def _learn(self, frame: FrameType, sites: CodeSites, offset: int, site: Site | None) -> None:
        learned = self.tracer.learned
        assert learned is not None
        self.inside = []
        if sites.is_generator:
            learned.add(("frame", id(frame), ""), True, self.thread.number, sites.key, offset)
        if site is None:
            return
        for access in access_rules.accesses(site, frame):
            learned.add(access.key, access.writes, self.thread.number, sites.key, offset)
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
        for access in access_rules.accesses(site, frame):
            event = self._event(frame, site, access)
            if access.writes:
                self.unfinished = (frame, access.node, event)
            if event.text:
                events.append(event)

    def _event(self, frame: FrameType, site: Site, access: access_rules.Access) -> Event:
        code, node = frame.f_code, access.node
        item = evaluate(node.slice, frame) if isinstance(node, ast.Subscript) and site.subject == "item" else None
        event = Event(self.thread.number, code.co_filename, site.line, code.co_name, "reads")
        event.key = ((*access.key, item if isinstance(item, (str, int, float, tuple)) else None), access.writes)
        if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) or access.key[0] == "outside":
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
