"""Make calls in one schedule: in a fork, threads run by a plan, and what they leave is described."""

from __future__ import annotations

import contextlib
import copy
import os
import random
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from advisor.interleaving import forks, originals, randomness, scheduler
from advisor.interleaving.callables import carried
from advisor.interleaving.code_book import CodeBook
from advisor.interleaving.evaluation import short
from advisor.interleaving.file_texts import components
from advisor.interleaving.files import FileKeeper
from advisor.interleaving.observations import Callers, Event, Learned, Points
from advisor.interleaving.plans import Plan
from advisor.interleaving.scheduler import Scheduled, Scheduler, Step
from advisor.interleaving.state import Components, StateWalker
from advisor.interleaving.tracing import Tracer
from advisor.interleaving.where import UNNAMED, callers, is_in_library, locate, lock_name


@dataclass(frozen=True, slots=True)
class CallArguments:
    """The arguments of one call."""

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class World:
    """The target as it is right after its import, from which every schedule starts."""

    function: Callable[..., Any]
    main: str
    book: CodeBook
    files: FileKeeper


@dataclass(slots=True)
class Settings:
    """How a schedule is followed: see `Tracer`."""

    points: Points = field(default_factory=dict)
    shared_locks: frozenset[int] = frozenset()
    learns: bool = False
    records: bool = False
    keeps_steps: bool = True


@dataclass(slots=True)
class Blocked:
    """A thread of a deadlock: where it waits for what, and the locks that it holds."""

    thread: int
    where: tuple[str, int, str] | None
    wants: str
    holds: list[tuple[str, tuple[str, int, str] | None]]


@dataclass(slots=True)
class Run:
    """The outcome of a schedule. `ended` is "done", "deadlock", or why it was given up."""

    ended: str
    leaves: Components = field(default_factory=dict)
    texts: Components = field(default_factory=dict)
    logs: set[str] = field(default_factory=set)
    results: list[str] = field(default_factory=list)
    raised: list[bool] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    step_count: int = 0
    learned: Learned | None = None
    used_locks: set[tuple[int, int]] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    files: set[str] = field(default_factory=set)  # those that the calls wrote
    used_random: bool = False
    failures: list[str] = field(default_factory=list)

    @property
    def switches(self) -> dict[int, int]:
        """The switches that a plan needs to do the same again."""
        return {step.number: step.chosen for step in self.steps if step.chosen != step.usual}


def run_schedule(world: World, calls: Sequence[CallArguments], plan: Plan, settings: Settings, ends_at: float) -> Run:
    """Run a schedule in a fork, and reset the files that it wrote.

    Raises:
        NotRestorableError: The calls would change a file that cannot be put back.
    """
    end = forks.run_in_fork(lambda send: _Schedule(world, calls, plan, settings, send).run(ends_at), ends_at + 0.2)
    run = end.value if isinstance(end.value, Run) else _unfinished(end, world)
    run.leaves.update(components(run.files))
    world.files.reset()
    world.files.check()
    return run


def _unfinished(end: forks.ForkEnd, world: World) -> Run:
    """Return what is known of a schedule whose process did not end by itself."""
    run = Run(end.failure, files=world.files.listed())
    run.events = [sent for sent in end.sent if isinstance(sent, Event)]
    run.steps = [sent for sent in end.sent if isinstance(sent, Step)]
    return run


class Sent(list[Any]):
    """A list whose items are also sent, since the process may crash before it can answer."""

    def __init__(self, send: Callable[[Any], None]) -> None:
        super().__init__()
        self._send = send

    def append(self, item: Any) -> None:
        super().append(item)
        self._send(item)


class _Schedule:
    def __init__(
        self,
        world: World,
        calls: Sequence[CallArguments],
        plan: Plan,
        settings: Settings,
        send: Callable[[Any], None],
    ) -> None:
        self.world = world
        self.send = send
        self.calls = _apart(calls)
        self.settings = settings
        keep = scheduler.MAX_STEPS if settings.keeps_steps else plan.last_step
        self.scheduler = Scheduler(plan, keep_steps=keep)
        self.learned = Learned() if settings.learns else None
        self.events: list[Event] = Sent(send) if settings.records else []
        self.scheduler.on_switch = send
        self.results: list[Any] = [None] * len(calls)
        self.raised = [False] * len(calls)
        self.environment = dict(os.environ)

    def run(self, ends_at: float) -> Run:
        self._prepare()
        before = randomness.states()
        threads = [self.scheduler.add(is_call=True) for _ in self.calls]
        for thread in threads:
            name = f"call-{thread.number + 1}"
            originals.Thread(target=self._make_call, args=(thread,), name=name, daemon=True).start()
        scheduler.activate(self.scheduler)
        self.world.files.is_watching = True
        ended = "done"
        if threads:
            self.scheduler.start()
            ended = self.scheduler.wait_until_over(ends_at)
        self.world.files.is_watching = False
        scheduler.activate(None)
        run = self._describe(ended)
        run.used_random = randomness.states() != before
        return run

    def _prepare(self) -> None:
        randomness.seed_anew()
        if not (self.settings.learns or self.settings.points):
            # Elsewhere in memory, so that what depends on addresses is known to vary.
            self.noise = [bytearray(size) for size in random.choices(range(1, 500), k=random.randrange(500))]
        active, settings = self.scheduler, self.settings
        active.shared_locks = set(settings.shared_locks)
        user_code = self.world.book.user_code
        active.locate = lambda: locate(user_code)
        active.is_in_library = lambda: is_in_library(user_code)
        self.tracer = Tracer(
            active,
            self.world.book,
            settings.points,
            learned=self.learned,
            events=self.events if settings.records else None,
            stop_early=not (settings.keeps_steps or settings.records or settings.learns),
        )
        active.trace = self.tracer.follow
        if settings.records:
            active.on_event = self._note_lock
            self.world.files.on_use = self._note_file
        threading.excepthook = lambda arguments: None

    def _make_call(self, thread: Scheduled) -> None:
        call = self.calls[thread.number]
        self.scheduler.attach(thread)
        try:
            self.results[thread.number] = self.world.function(*call.args, **call.kwargs)
        except BaseException as error:  # noqa: BLE001  (an outcome, whatever it is)
            self.results[thread.number] = error
            self.raised[thread.number] = True
        finally:
            sys.settrace(None)
            self.scheduler.finish(thread)

    def _note_lock(self, thread: Scheduled, action: str, resource: Any) -> None:
        at = locate(self.world.book.user_code)
        name = lock_name(resource, self.world)
        if at is not None and name != UNNAMED:
            event = Event(thread.number, *at, action, name, key=("lock", name), callers=self._callers())
            self.events.append(event)

    def _callers(self) -> Callers:
        """Return the callers of the innermost line of the user's code."""
        return callers(sys._getframe(1), self.world.book.user_code)[1:]

    def _note_file(self, name: str, writes: bool) -> None:
        thread = scheduler.current_thread()
        at = locate(self.world.book.user_code)
        if thread is not None and at is not None and not name.endswith(".py"):
            action = "writes file" if writes else "reads file"
            text, key = name.rpartition("/")[2], (("file", name), writes)
            self.events.append(Event(thread.number, *at, action, text, key=key, callers=self._callers()))

    def _describe(self, ended: str) -> Run:
        walker = StateWalker(
            self.world.book.user_code, self.learned.lists_in_any_order() if self.learned else frozenset()
        )
        run = Run(ended, steps=self.scheduler.steps, step_count=self.scheduler.step, learned=self.learned)
        if ended == "done":
            self._describe_results(walker, run)
            with contextlib.suppress(Exception):
                walker.walk_modules(self.world.main)
            for name, value in carried(self.world.function):
                walker.walk(name, value)
            for name in os.environ.keys() | self.environment.keys():
                if os.environ.get(name) != self.environment.get(name):
                    walker.walk(f"os.environ[{name!r}]", os.environ.get(name))
            for number, call in enumerate(self.calls, 1):
                walker.walk(f"arguments of call {number}", (*call.args, *call.kwargs.values()))
        elif ended == "deadlock":
            run.blocked = [self._describe_blocked(thread) for thread in self.scheduler.stopped]
        run.leaves, run.texts, run.logs = walker.leaves, walker.texts, walker.logs
        run.used_locks, run.events, run.raised = self.scheduler.used_locks, list(self.events), self.raised
        run.files = self.world.files.written & self.world.files.kept.keys()
        return run

    def _describe_results(self, walker: StateWalker, run: Run) -> None:
        for number, (result, raised) in enumerate(zip(self.results, self.raised, strict=True), 1):
            path = f"call {number}"
            walker.walk(path, result)
            if raised:
                walker.leaves[path] = f"raises {walker.leaves[path]}"
            run.results.append(walker.leaves[path] if raised else short(result, 60))

    def _describe_blocked(self, thread: Scheduled) -> Blocked:
        holds = [(lock_name(lock, self.world), lock.place) for lock in thread.held]
        named = [(name, place) for name, place in holds if name != UNNAMED]
        return Blocked(thread.number, thread.where, lock_name(thread.waits_for or thread.resource, self.world), named)


def _apart(calls: Sequence[CallArguments]) -> list[CallArguments]:
    """Return the calls with a copy of the arguments wherever the same call is made again."""
    apart: list[CallArguments] = []
    for call in calls:
        if any(call is other for other in apart):
            with contextlib.suppress(Exception):
                call = copy.deepcopy(call)
        apart.append(call)
    return apart
