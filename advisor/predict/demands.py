"""One call as the model sees it: what a Profile says of it, completed, on the machine that the job is planned for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from advisor.models import HeldResource, Job, Machine, Profile
from advisor.predict.queueing import Cores

LONG_WAIT = 5e-3  # after which a core's caches are as cold as they get; after 1 ms they have lost a third of that
COLD_SHARE = 0.5  # of what a call computes at the most; a burst of 0.1 ms was seen to take 2.8 times as long
# Of the time that a lock is held, lost at each hand-over to one who waits for it: to be woken, on a core gone cold.
# Two jobs behind the lock of a file took 1.2 times as long as the lock alone explains.
LOCK_CONTENTION = 0.15
ASYNCIO_RUN = 190e-6  # a loop opened and closed for one coroutine in a pool: 0.12-0.28 ms with CPython 3.11
SPREAD = 0.3  # coefficient of variation of call lengths, where the profile does not tell
SHORTEST = 1e-12  # seconds; shorter parts are rounding

Rest = Literal["held", "waited"]


@dataclass(frozen=True)
class Call:
    """One call's seconds, nothing unknown left: alone it takes exactly `wall`."""

    wall: float
    gil: float
    blocked: float  # holding the GIL without a core
    native: float  # core seconds without the GIL
    child: float  # core seconds in child programs
    wait: float
    width: float = 1.0  # cores that native code and child programs use at once

    @property
    def free(self) -> float:
        """Core seconds without the GIL."""
        return self.native + self.child

    @property
    def cpu(self) -> float:
        """Core seconds."""
        return self.gil + self.free

    @property
    def mean_width(self) -> float:
        """Cores in use on average while the call computes."""
        computing = self.gil + self.free / self.width
        return self.cpu / computing if computing else 1.0


@dataclass(frozen=True)
class Case:
    """What is to be predicted: the call, what is known of it besides, how many, where."""

    call: Call
    profile: Profile
    job: Job
    machine: Machine

    @property
    def cores(self) -> Cores:
        return Cores(self.machine.cores, self.machine.core_scaling)

    @property
    def spread(self) -> float:
        return SPREAD if self.profile.spread is None else self.profile.spread

    @property
    def in_python(self) -> float:
        """Share of the computing that may be Python code, 0 to 1: where no GIL was, none is known to be native."""
        call = self.call
        python = call.gil + (call.native if self.profile.python.free_threaded else 0.0)
        return python / call.cpu if call.cpu else 0.0

    @property
    def warm_up(self) -> float:
        """What the first call in a process takes longer than the others."""
        return max(0.0, (self.profile.first_call or 0.0) - self.profile.wall)

    @property
    def loop_per_call(self) -> float:
        """CPU of the event loop that a pool's worker opens for each call of a coroutine function."""
        return ASYNCIO_RUN if self.profile.coroutine else 0.0

    @property
    def one_after_another(self) -> float:
        """Seconds of each call in a plain loop: `wall`, or more where native code finds fewer cores than it used."""
        call = self.call
        return call.wall - call.free / call.width + call.free / min(call.width, self.machine.cores)

    def at_least(self, workers: int) -> float:
        """Seconds that the job takes with so many workers whatever they are: each is busy or waits with its calls.

        What several cores do for one call is left out, since they may be faster than they were when it was measured.
        """
        call = self.call
        computing = call.cpu if call.width <= 1.0 else 0.0
        return self.job.calls * (computing + call.wait + call.blocked) / workers

    @property
    def capacity(self) -> float:
        """Cores' worth of computing that all cores together give."""
        return self.machine.cores * self.cores.speed(self.machine.cores)

    def in_turn(self, *, processes: bool) -> HeldResource | None:
        """What sets the tightest limit on calls at the same time: for processes, of what the host has one of."""
        held = (one for one in self.profile.held if one.everywhere or not processes)
        return max(held, key=lambda one: one.seconds / one.places, default=None)

    def most_per_second(self, *, processes: bool) -> float:
        """Calls that get what they hold; infinite where nothing is held."""
        held = self.in_turn(processes=processes)
        return held.places / (held.seconds * (1.0 + LOCK_CONTENTION)) if held and held.seconds > 0 else math.inf

    def per_worker(self, seconds: float, workers: int) -> float:
        """What each worker must compute at its start: as many at once as there are cores."""
        return seconds * max(1.0, workers / self.machine.cores)


def case_of(profile: Profile, job: Job, machine: Machine) -> Case:
    """What is predicted: the profile's call as it is on that machine, beside others."""
    known = _for_interpreter(profile, machine)
    return Case(warmed(call_parts(known), known, machine), known, job, machine)


def _for_interpreter(profile: Profile, machine: Machine) -> Profile:
    """The profile as far as it holds there: where no GIL was, nobody saw which of the computing would hold one."""
    if profile.python.free_threaded and not machine.python.free_threaded:
        return profile.model_copy(update={"gil_held": None, "gil_free": None})
    return profile


def call_parts(profile: Profile, rest: Rest = "held") -> Call:
    """The parts of a call, completed so that alone they take `wall`.

    Where a part is unknown, the rest of the time counts as holding the GIL, as the decision matrix would have it, or,
    for the other end of the interval, as waiting. Time in the run queue of a busy host was computing that others
    held up, or, after a wait, more of that; parts that exceed the wall time ran on several cores at once.
    """
    wall = max(profile.wall, SHORTEST)
    gil, native, child, wait = (
        seconds if seconds is not None and seconds > SHORTEST * wall else 0.0
        for seconds in (profile.gil_held, profile.gil_free, profile.child_cpu, profile.wait)
    )
    left = max(0.0, wall - gil - native - child - wait)
    unknown = takes_the_rest(profile, rest)
    if unknown == "gil":
        gil += left
    elif unknown == "wait":
        wait += left
    elif unknown == "native":
        native += left
    width = _width(wall - gil - wait, native + child)
    if native and (profile.native_threads or 1.0) > 1.25 * width:
        width = profile.native_threads or 1.0
        native = max(native, (wall - gil - wait) * width - child)
    return _fitted(wall, profile, Call(wall, gil, 0.0, native, child, wait, width))


def warmed(call: Call, profile: Profile, machine: Machine) -> Call:
    """The call as it runs beside others: alone, it finds its core's caches cold after every wait.

    What it lost to that when it was measured alone counts as waiting here: beside others it is as long as before while
    there are few, and asks less of the GIL and the cores when there are many. Of short requests over the loopback, 11
    to 34 % of the CPU time went that way.
    """
    waits = profile.switches if profile.switches is not None else float(call.wait > 0)
    own = call.gil + call.native
    if not waits or not own or call.width > 1.0:
        return call
    each = machine.cold_wake * min(1.0, call.wait / waits / LONG_WAIT)
    cold = min(each * waits, COLD_SHARE * own)
    warm = 1.0 - cold / own
    return replace(call, gil=call.gil * warm, native=call.native * warm, wait=call.wait + cold)


def takes_the_rest(profile: Profile, rest: Rest) -> str | None:
    """The part that the unexplained time goes to, if any part is unknown."""
    parts = {"gil": profile.gil_held, "native": profile.gil_free, "wait": profile.wait}
    unknown = [name for name, seconds in parts.items() if seconds is None]
    if not unknown:
        return None
    return unknown[0] if rest == "held" else unknown[-1]


def _width(seconds: float, core_seconds: float) -> float:
    """How many cores do this much work in that time, at least one."""
    if seconds <= 1e-6 * core_seconds:
        return 1.0
    return max(1.0, core_seconds / seconds)


def _fitted(wall: float, profile: Profile, call: Call) -> Call:
    """The call scaled to its wall time: first what the run queue took from its computing or added to its waits, then
    all of it."""
    computing = call.gil + call.free / call.width
    queued = max(0.0, min(wall - computing - call.wait, profile.run_queue or 0.0))
    preempted = queued if profile.preempted is None else min(queued, profile.preempted)
    slow = 1.0 + preempted / computing if computing else 1.0
    wait = call.wait + queued - preempted
    alone = slow * computing + wait
    if alone <= 0:
        return replace(call, gil=wall)
    every = wall / alone
    wait *= every
    blocked = min(profile.gil_blocked or 0.0, wait)
    return replace(
        call,
        gil=call.gil * slow * every,
        native=call.native * slow * every,
        child=call.child * slow * every,
        blocked=blocked if blocked > SHORTEST * wall else 0.0,
        wait=wait - blocked,
    )
