"""Follow the instructions of scheduled threads: pass steps at chosen ones, learn what they access, record it."""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any

from advisor.races import accesses as access_rules
from advisor.races.evaluation import UNKNOWN, evaluate, short
from advisor.races.scheduler import Scheduled, Scheduler
from advisor.races.sites import CodeKey, CodeSites, Site, Sources, find_sites
from advisor.races.user_code import UserCode, is_advisor

Points = Mapping[CodeKey, frozenset[int]]
_LEARNED_EVENTS = 400_000  # instructions that are looked at; calls that run more are only partly known
_SAME_SITE = 40  # accesses of one instruction that are looked at
_REFRESHES_LOCALS = sys.version_info < (3, 13)


@dataclass(slots=True)
class Event:
    """Something that a thread did, for the report."""

    thread: int
    file: str
    line: int
    function: str
    action: str  # "reads", "writes", "changes", "calls", "acquires", "releases", "waits"
    text: str = ""
    value: str = ""
    key: Any = None


@dataclass(slots=True)
class Learned:
    """What calls access: the instructions by shared object and thread, and whether they change it."""

    reads: dict[Any, set[tuple[int, CodeKey, int]]] = field(default_factory=dict)
    writes: dict[Any, set[tuple[int, CodeKey, int]]] = field(default_factory=dict)
    everything: set[tuple[CodeKey, int]] = field(default_factory=set)
    is_complete: bool = True

    def add(self, key: Any, writes: bool, thread: int, code: CodeKey, offset: int) -> None:
        (self.writes if writes else self.reads).setdefault(key, set()).add((thread, code, offset))
        self.everything.add((code, offset))


class CodeBook:
    """The sites of code objects, found once for each."""

    def __init__(self, user_code: UserCode, sources: Sources) -> None:
        self.user_code = user_code
        self.sources = sources
        self._books: dict[int, tuple[CodeType, CodeSites | None]] = {}
        self._prepared: dict[CodeKey, tuple[bytes, CodeSites]] = {}
        access_rules.is_foreign_file = lambda file: not user_code.includes(file)

    def sites(self, code: CodeType) -> CodeSites | None:
        """Return the sites of the user's code, and None for other code."""
        found = self._books.get(id(code))
        if found is None:
            sites = self._find(code) if self.user_code.includes(code.co_filename) else None
            found = self._books[id(code)] = (code, sites)
        return found[1]

    def _find(self, code: CodeType) -> CodeSites:
        prepared = self._prepared.get((code.co_filename, code.co_qualname, code.co_firstlineno))
        if prepared is not None and prepared[0] == code.co_code:
            return prepared[1]
        return find_sites(code, self.sources)

    def prepare(self, files: Iterable[str]) -> None:
        """Find the sites of all code in files now, so that forks need not do it each."""
        for file in files:
            with contextlib.suppress(SyntaxError, ValueError, RecursionError):
                text = "\n".join(self.sources.lines(file)) + "\n"
                self._prepare(compile(text, file, "exec", dont_inherit=True))

    def _prepare(self, code: CodeType) -> None:
        sites = find_sites(code, self.sources)
        self._prepared.setdefault(sites.key, (code.co_code, sites))
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._prepare(constant)


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
        self.budget = _LEARNED_EVENTS

    def follow(self, thread: Scheduled) -> None:
        """Follow the calling thread from now on."""
        if not self.is_done():
            sys.settrace(ThreadTracer(self, thread).enter)

    def is_done(self) -> bool:
        return self.stop_early and self.scheduler.step >= self.scheduler.plan.last_step


class ThreadTracer:
    """Follows one thread with `sys.settrace`."""

    def __init__(self, tracer: Tracer, thread: Scheduled) -> None:
        self.tracer = tracer
        self.thread = thread
        self.scheduler = tracer.scheduler
        self.calling: FrameType | None = None  # runs a call, after which the interpreter checks if it is one of C
        self.call: ast.AST | None = None
        self.inside: list[Any] = []  # keys of the objects that the running call in C works on
        self.unfinished: tuple[FrameType, ast.AST | None, Event] | None = None
        self.counts: dict[int, int] = {}
        self.looks = tracer.learned is not None or tracer.events is not None

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
        chosen = self.tracer.points.get(sites.key)
        if not self.looks and not chosen:
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        self._enter_callback(frame, sites)
        return self._local(sites, chosen or frozenset())

    def _is_called_directly(self, frame: FrameType, sites: CodeSites) -> bool:
        """Return True unless code in C that the user's code called calls this function or continues this generator."""
        if sites.is_generator or not isinstance(self.call, ast.Call) or frame.f_back is None:
            return False
        function = evaluate(self.call.func, frame.f_back)
        function = getattr(function, "__func__", function)
        return function is UNKNOWN or getattr(function, "__code__", None) is frame.f_code

    def _local(self, sites: CodeSites, chosen: frozenset[int]) -> Callable[..., Any]:
        """Return the trace function of a frame."""
        find, checked = sites.sites.get, sites.checked
        thread, scheduler, tracer = self.thread, self.scheduler, self.tracer

        def trace(frame: FrameType, event: str, argument: Any) -> Any:
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
            site = find(offset)
            if site is None:
                if offset in checked:
                    thread.checked = True
                if not sites.is_generator or not self.looks:
                    if offset in chosen:
                        self._pass_point(frame, sites, offset, None)
                    return trace
            if self.looks:
                self._look(frame, sites, offset, site)
            if offset in chosen:
                self._pass_point(frame, sites, offset, site)
                if tracer.stop_early and tracer.is_done():
                    sys.settrace(None)
                    frame.f_trace = None
                if site is not None and tracer.events is not None:
                    self._record(frame, site)
            if site is not None and site.subject == "call":
                self.calling, self.call = frame, site.node
            return trace

        return trace

    def _pass_point(self, frame: FrameType, sites: CodeSites, offset: int, site: Site | None) -> None:
        line = site.line if site is not None else frame.f_lineno
        if site is not None and site.subject == "call" and isinstance(site.node, ast.Call):
            # A function in Python begins with a check. (Here it is a library's: those of the user are no accesses.)
            called = evaluate(site.node.func, frame)
            self.thread.checked |= isinstance(called, (FunctionType, MethodType))
        switches = self.scheduler.progress
        self.scheduler.point(self.thread, (sites.key, offset, line))
        self.thread.checked = False
        if _REFRESHES_LOCALS and self.scheduler.progress != switches:
            frame.f_locals  # noqa: B018  (else the interpreter writes the values of before back to closed-over names)

    # Learning

    def _look(self, frame: FrameType, sites: CodeSites, offset: int, site: Site | None) -> None:
        learned = self.tracer.learned
        self.inside = []
        if learned is None:
            return
        self.tracer.budget -= 1
        if self.tracer.budget < 0:
            learned.is_complete = False
            self.looks = self.tracer.events is not None
            return
        if sites.is_generator:
            learned.add(("frame", id(frame), ""), True, self.thread.number, sites.key, offset)
        if site is None:
            return
        place = id(frame.f_code) ^ offset << 48
        self.counts[place] = count = self.counts.get(place, 0) + 1
        if count > _SAME_SITE:
            return
        for access in access_rules.accesses(site, frame):
            learned.add(access.key, access.writes, self.thread.number, sites.key, offset)
            if site.subject == "call":
                self.inside.append(access)

    def _enter_callback(self, frame: FrameType, sites: CodeSites) -> None:
        """Note that a function of the user runs while a call in C works on shared objects, as a sort key does."""
        learned = self.tracer.learned
        if learned is None:
            return
        for access in self.inside:
            first = min(sites.sites, default=0)
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
