"""Run threads one at a time, and switch between them at the steps that a plan names.

Each thread has a baton, a real lock; only the thread whose baton was handed over runs. A thread that stays in C code
without using the processor (it waits for something unknown to the scheduler) is set aside, so that another can run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from advisor.interleaving import originals
from advisor.interleaving.plans import Plan

State = Literal["ready", "blocked", "retrying", "outside", "done"]
_LOOK_SECONDS = 0.02  # between two looks at the running thread
_OUTSIDE_LOOKS = 2  # without any progress until a thread is set aside
MAX_STEPS = 5_000  # that are kept, of one schedule
_SPINNING = 50  # sleeps in a row after which another thread gets its turn
_UNFAIR = 3_000  # points in a row after which another thread gets its turn, once the plan has no more switches
MAX_STEPS = 200_000

active: Scheduler | None = None


@dataclass(eq=False, slots=True)
class Scheduled:
    """A thread under the scheduler.

    Attributes:
        waits_for: The lock of the condition that it waits for; None if it waits for the resource itself.
        checked: The interpreter could have switched since the thread's last step: it checked for it, or C code waited.
        row: Points passed without another thread having run.
    """

    number: int
    is_call: bool
    baton: Any = field(default_factory=originals.allocate_lock)
    state: State = "ready"
    resource: Any = None
    waits_for: Any = None
    deadline: float | None = None
    timed_out: bool = False
    stamp: int = -1
    checked: bool = True
    row: int = 0
    sleeps: int = 0
    ident: int = 0
    where: Any = None
    held: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Step:
    """A moment at which another thread could continue: `chosen` is the one that did, `usual` the one by default."""

    number: int
    thread: int
    place: Any
    checked: bool
    runnable: tuple[int, ...]
    chosen: int
    usual: int
    forced: bool


class Scheduler:
    """Runs threads by a plan. `ended` says why the schedule is over: "done", "deadlock", "outside", "steps"."""

    def __init__(self, plan: Plan, *, keep_steps: int = MAX_STEPS) -> None:
        self.plan = plan
        self.threads: list[Scheduled] = []
        self.by_ident: dict[int, Scheduled] = {}
        self.current: Scheduled | None = None
        self.step = 0
        self.steps: list[Step] = []
        self.progress = 0
        self.activity = 0
        self.turns = 0
        self.interrupted: set[int] = set()
        self.slept = 0.0
        self.ended = ""
        self.stopped: list[Scheduled] = []
        self.shared_locks: set[int] = set()
        self.used_locks: set[tuple[int, int]] = set()
        self.is_sequential = not plan.switches and type(plan) is Plan
        self.on_event: Callable[[Scheduled, str, Any], None] | None = None
        self.on_switch: Callable[[Step], None] = lambda step: None
        self.locate: Callable[[], Any] = lambda: None
        self.is_in_library: Callable[[], bool] = lambda: False
        self.trace: Callable[[Scheduled], None] = lambda thread: None
        self._keep = keep_steps
        self._over = originals.allocate_lock()
        self._over.acquire()
        self._guard = originals.allocate_lock()

    def add(self, *, is_call: bool = False) -> Scheduled:
        """Add a thread, which waits until it is its turn."""
        thread = Scheduled(len(self.threads), is_call)
        thread.baton.acquire()
        self.threads.append(thread)
        return thread

    def attach(self, thread: Scheduled) -> None:
        """Make the calling thread the scheduled one, and wait for its turn."""
        thread.ident = originals.get_ident()
        self.by_ident[thread.ident] = thread
        self._wait(thread)
        self.trace(thread)

    def start(self) -> None:
        """Let the first thread run."""
        self._hand_to(self.threads[self.plan.default(self._runnable(None), None)])

    # What a running thread calls

    def point(self, me: Scheduled, place: Any) -> None:
        """Pass a step, at which the plan may switch to another thread."""
        self.rejoin(me)
        self.step += 1
        me.row += 1
        me.sleeps = 0
        self.activity += 1
        if self.step > MAX_STEPS:
            self._end("steps")
            self._park()
        runnable = self._runnable(me)
        if len(runnable) < 2:
            return
        chosen = self._choose(me, place, runnable, forced=False)
        me.checked = False
        if chosen != me.number:
            self._switch(me, self.threads[chosen])

    def sleep(self, me: Scheduled, seconds: float, place: Any) -> None:
        """Pass a step without waiting; a thread that does nothing but sleep leaves the turn to others."""
        self.slept += max(0.0, seconds)
        sleeps = me.sleeps + 1
        me.checked = True
        self.point(me, place)
        me.sleeps = sleeps
        if sleeps >= _SPINNING:
            self.give_turn(me)

    def block(self, me: Scheduled, resource: Any, timeout: float = -1.0, *, retry: bool = False) -> bool:
        """Let others run until the resource may be free; return False if the time-out came first."""
        self.rejoin(me)
        me.resource, me.timed_out = resource, False
        me.where = self.locate()
        me.deadline = None if timeout is None or timeout < 0 else self.slept + timeout
        me.state = "retrying" if retry else "blocked"
        me.stamp = self.activity
        if self.on_event:
            self.on_event(me, "waits", resource)
        self._leave(me)
        me.resource = None
        me.checked = True
        return not me.timed_out

    def wake(self, resource: Any) -> None:
        """Make the threads runnable that wait for a resource."""
        self.activity += 1
        for thread in self.threads:
            if thread.state == "blocked" and thread.resource is resource:
                thread.state = "ready"

    def finish(self, me: Scheduled) -> None:
        """End the running thread, and let another one run."""
        self.rejoin(me)
        me.state = "done"
        self.by_ident.pop(me.ident, None)
        self.activity += 1
        self.wake(me)
        if all(thread.state == "done" for thread in self.threads if thread.is_call):
            self._end("done")
            return
        self._pass_on(me)

    def rejoin(self, me: Scheduled) -> None:
        """Wait for the turn if another thread was allowed to run meanwhile."""
        self.progress += 1
        if self.current is me:
            return
        if self.ended:
            self._park()
        with self._guard:
            me.state = "ready"
            if self.current is None:
                self.current = me
                return
        self._wait(me)
        me.checked = True

    # Switching

    def _runnable(self, me: Scheduled | None) -> list[int]:
        return [thread.number for thread in self.threads if thread is me or thread.state == "ready"]

    def _choose(self, me: Scheduled, place: Any, runnable: list[int], *, forced: bool) -> int:
        current = None if forced else me.number
        usual = self._default(runnable, current)
        if not forced and self._is_unfair(me):
            usual = next(number for number in runnable if number != me.number)
            chosen = usual
        else:
            can_switch = me.checked or not getattr(self.plan, "gil_only", False)
            chosen = self.plan.choose(self.step, runnable, current, usual=usual, can_switch=can_switch)
        if len(self.steps) < self._keep:
            step = Step(self.step, me.number, place, me.checked, tuple(runnable), chosen, usual, forced)
            self.steps.append(step)
            if chosen != usual:
                self.on_switch(step)
        return chosen

    def _is_unfair(self, me: Scheduled) -> bool:
        return not self.is_sequential and me.row > _UNFAIR and self.step > self.plan.last_step

    def _default(self, runnable: list[int], current: int | None) -> int:
        """Return the thread that runs next by default: one that was interrupted only if there is no other."""
        return self.plan.default([n for n in runnable if n not in self.interrupted] or runnable, current)

    def _switch(self, me: Scheduled, target: Scheduled) -> None:
        self.interrupted.add(me.number)
        self._hand_to(target)
        self._wait(me)

    def _hand_to(self, target: Scheduled) -> None:
        target.row = 0
        self.interrupted.discard(target.number)
        target.state = "ready"
        self.current = target
        self.turns += 1
        self.progress += 1
        target.baton.release()

    def _wait(self, me: Scheduled) -> None:
        me.baton.acquire()
        if self.ended:
            self._park()

    def _leave(self, me: Scheduled) -> None:
        """Let another thread run, and wait until this one can continue."""
        self._pass_on(me)
        self._wait(me)

    def give_turn(self, me: Scheduled) -> None:
        """Let another thread run, if there is one: this one only waits for something to change."""
        others = [number for number in self._runnable(me) if number != me.number]
        me.sleeps = 0
        if others:
            self._switch(me, self.threads[self._default(others, None)])

    def _pass_on(self, me: Scheduled) -> None:
        """Hand the turn to a thread that can run; end the schedule if there is none and none will come back."""
        self.step += 1
        runnable = self._runnable(None)
        if runnable:
            chosen = self._choose(me, None, runnable, forced=True) if len(runnable) > 1 else runnable[0]
            self._hand_to(self.threads[chosen])
            return
        retrying = [t for t in self.threads if t.state == "retrying" and t.stamp != self.activity]
        if retrying:
            self._hand_to(retrying[0])
            return
        with self._guard:
            if any(thread.state == "outside" for thread in self.threads):
                self.current = None
                return
        timed = [t for t in self.threads if t.state in ("blocked", "retrying") and t.deadline is not None]
        if timed:
            first = min(timed, key=lambda thread: thread.deadline or 0.0)
            self.slept = max(self.slept, first.deadline or 0.0)
            first.timed_out = True
            self._hand_to(first)
            return
        self.stopped = [t for t in self.threads if t.state in ("blocked", "retrying")]
        self._end("deadlock")

    def _end(self, why: str) -> None:
        if not self.ended:
            self.ended = why
            self._over.release()

    @staticmethod
    def _park() -> None:
        """Stop the calling thread for ever; the process ends soon."""
        lock = originals.allocate_lock()
        lock.acquire()
        lock.acquire()

    # What the process's main thread calls

    def wait_until_over(self, ends_at: float) -> str:
        """Wait until the schedule is over, and set threads aside that wait in C code; return why it is over."""
        looks, seen, used = 0, -1, 0.0
        while not self._over.acquire(timeout=_LOOK_SECONDS):
            if originals.monotonic() > ends_at:
                self._end("time")
                break
            current, cpu = self.current, _processor_seconds(self.current)
            idle = current is not None and self.progress == seen and cpu - used < _LOOK_SECONDS / 4
            looks = looks + 1 if idle else 0
            seen, used = self.progress, cpu
            if current is None:
                self._resume_any()
            elif looks >= _OUTSIDE_LOOKS:
                self._set_aside(current)
                looks = 0
        return self.ended

    def _set_aside(self, thread: Scheduled) -> None:
        with self._guard:
            if self.current is not thread:
                return
            runnable = [t for t in self.threads if t.state == "ready" and t is not thread]
            thread.state = "outside"
            self.current = None
        if runnable:
            self._hand_to(runnable[0])

    def _resume_any(self) -> None:
        """Let a thread run that became runnable while all others were outside."""
        with self._guard:
            ready = [thread for thread in self.threads if thread.state == "ready"]
            if self.current is not None or not ready:
                return
            self.current = ready[0]
        self._hand_to(ready[0])


def _processor_seconds(thread: Scheduled | None) -> float:
    """Return the processor time that a thread has used; 0 where that cannot be told."""
    if thread is None or not thread.ident or not hasattr(time, "pthread_getcpuclockid"):
        return 0.0
    try:
        return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    except OSError:
        return 0.0


def current_thread() -> Scheduled | None:
    """Return the calling thread if a scheduler runs it."""
    return None if active is None else active.by_ident.get(originals.get_ident())


def activate(scheduler: Scheduler | None) -> None:
    """Make a scheduler the one that primitives ask."""
    global active
    active = scheduler


def _leave_in_fork() -> None:
    activate(None)


os.register_at_fork(after_in_child=_leave_in_fork)
