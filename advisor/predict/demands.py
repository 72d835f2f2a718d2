"""The demands of one call: the completed parts of a Profile, for the machine to plan for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from advisor.models import HeldResource, Job, Machine, Profile, StartMethod
from advisor.predict.queueing.stations import Cores

LONG_WAIT = 5e-3  # after which a core's caches are as cold as they get; after 1 ms they have lost a third of that
COLD_SHARE = 0.5  # of a call's computing at most; a burst of 0.1 ms was seen to take 2.8 times as long
# Of the time that a lock is held, lost at each contended hand-over: waking the waiter, on a core gone cold. Two jobs
# behind the lock of a file took 1.2 times as long as the lock alone explains.
LOCK_CONTENTION = 0.15
ASYNCIO_RUN = 190e-6  # opening and closing a loop for one coroutine in a pool: 0.12-0.28 ms with CPython 3.11
DEFAULT_SPREAD = 0.3  # coefficient of variation of call lengths, where the profile has none
MIN_SECONDS = 1e-12  # shorter parts are rounding errors
WIDE_THREADS = 1.25  # times the measured cores in use: more native threads than that count as cores in use

Residual = Literal["gil", "wait"]


@dataclass(frozen=True)
class CallDemands:
    """Seconds of one call, none unknown; a call that runs alone takes exactly `wall`."""

    wall: float
    gil: float
    blocked: float  # holding the GIL without a core
    native: float  # core seconds without the GIL
    child: float  # core seconds in child programs
    wait: float
    width: float = 1.0  # cores that native code and child programs use at once

    @property
    def free(self) -> float:
        """Return the core seconds without the GIL."""
        return self.native + self.child

    @property
    def cpu(self) -> float:
        """Return the core seconds."""
        return self.gil + self.free

    @property
    def off_core(self) -> float:
        """Return the seconds without a core."""
        return self.wait + self.blocked

    @property
    def mean_width(self) -> float:
        """Return the mean number of cores in use while the call computes."""
        computing = self.gil + self.free / self.width
        return self.cpu / computing if computing else 1.0


@dataclass(frozen=True)
class Scenario:
    """A job of such calls on a machine."""

    call: CallDemands
    profile: Profile
    job: Job
    machine: Machine
    start_method: StartMethod | None = None  # of worker processes, if the host's own would not be safe
    loop_call: float | None = None  # seconds of a call in a plain loop, where `call` is one on the cores of a cluster

    @property
    def cores(self) -> Cores:
        return Cores(self.machine.cores, self.machine.core_scaling)

    @property
    def capacity(self) -> float:
        """Return the computing that all cores together do, in cores of full speed."""
        return self.machine.cores * self.cores.speed(self.machine.cores)

    @property
    def spread(self) -> float:
        """Return the coefficient of variation of call lengths."""
        return DEFAULT_SPREAD if self.profile.spread is None else self.profile.spread

    @property
    def python_share(self) -> float:
        """Return the share of the computing that may be Python code, 0 to 1.

        A profile of a free-threaded interpreter does not tell native code from Python.
        """
        call = self.call
        python = call.gil + (call.native if self.profile.python.free_threaded else 0.0)
        return python / call.cpu if call.cpu else 0.0

    @property
    def warm_up(self) -> float:
        """Return the seconds that the first call in a process takes longer than the others."""
        return max(0.0, (self.profile.first_call or 0.0) - self.profile.wall)

    @property
    def event_loop_overhead(self) -> float:
        """Return the CPU seconds of the event loop that a pool's worker opens for each call of a coroutine function."""
        return ASYNCIO_RUN if self.profile.coroutine else 0.0

    @property
    def sequential_call(self) -> float:
        """Return the seconds of each call in a plain loop: `wall`, or more where native code gets fewer cores."""
        if self.loop_call is not None:
            return self.loop_call
        call = self.call
        return call.wall - call.free / call.width + call.free / min(call.width, self.machine.cores)

    def min_seconds(self, workers: int) -> float:
        """Return a lower bound of the job's seconds: each worker computes or waits for its calls.

        The computing of calls that use several cores is left out, since it may be faster than measured.
        """
        call = self.call
        computing = call.cpu if call.width <= 1.0 else 0.0
        return self.job.calls * (computing + call.off_core) / workers

    def tightest_resource(self, *, processes: bool) -> HeldResource | None:
        """Return the held resource that limits concurrency most; for processes, only those shared by the host."""
        resources = (resource for resource in self.profile.held if resource.everywhere or not processes)
        return max(resources, key=lambda resource: resource.seconds / resource.places, default=None)

    def max_throughput(self, *, processes: bool) -> float:
        """Return the calls per second that held resources allow; infinite where nothing is held."""
        resource = self.tightest_resource(processes=processes)
        if resource is None or resource.seconds <= 0:
            return math.inf
        return resource.places / (resource.seconds * (1.0 + LOCK_CONTENTION))

    def on_every_worker(self, seconds: float, workers: int) -> float:
        """Return the seconds until every worker has computed for `seconds`, as many at once as there are cores."""
        return seconds * max(1.0, workers / self.machine.cores)


def scenario_of(profile: Profile, job: Job, machine: Machine) -> Scenario:
    """Return the scenario of a job of such calls, concurrent with others on this machine."""
    known = _for_interpreter(profile, machine)
    return Scenario(with_warm_caches(call_demands(known), known, machine), known, job, machine)


def _for_interpreter(profile: Profile, machine: Machine) -> Profile:
    """Drop the GIL's share if it was measured without a GIL and the machine's interpreter has one."""
    if profile.python.free_threaded and not machine.python.free_threaded:
        return profile.model_copy(update={"gil_held": None, "gil_free": None})
    return profile


def call_demands(profile: Profile, residual: Residual = "gil") -> CallDemands:
    """Complete the parts of a call so that alone they take `wall`.

    If a part is unknown, the unexplained time counts as holding the GIL, as in the decision matrix, or as waiting, for
    the other end of the interval. Time in the run queue of a busy host was computing that others delayed, or, after a
    wait, more of that; parts that exceed the wall time ran on several cores at once.
    """
    wall = max(profile.wall, MIN_SECONDS)
    gil, native, child, wait = (
        seconds if seconds is not None and seconds > MIN_SECONDS * wall else 0.0
        for seconds in (profile.gil_held, profile.gil_free, profile.child_cpu, profile.wait)
    )
    unexplained = max(0.0, wall - gil - native - child - wait)
    unknown = residual_part(profile, residual)
    if unknown == "gil":
        gil += unexplained
    elif unknown == "wait":
        wait += unexplained
    elif unknown == "native":
        native += unexplained
    width = _width(wall - gil - wait, native + child)
    if native and (profile.native_threads or 1.0) > WIDE_THREADS * width:
        width = profile.native_threads or 1.0
        native = max(native, (wall - gil - wait) * width - child)
    return _fit_to_wall(CallDemands(wall, gil, 0.0, native, child, wait, width), profile)


def with_warm_caches(call: CallDemands, profile: Profile, machine: Machine) -> CallDemands:
    """Return the call as it runs beside others: alone, it finds its core's caches cold after every wait.

    What a lone call lost to that counts as waiting here: beside few others it is as long as before, beside many it
    demands less of the GIL and the cores. Of short requests over the loopback, 11 to 34 % of the CPU time was lost.
    """
    waits = profile.switches if profile.switches is not None else float(call.wait > 0)
    own = call.gil + call.native
    if not waits or not own or call.width > 1.0:
        return call
    per_wait = machine.cold_wake * min(1.0, call.wait / waits / LONG_WAIT)
    cold = min(per_wait * waits, COLD_SHARE * own)
    warm = 1.0 - cold / own
    return replace(call, gil=call.gil * warm, native=call.native * warm, wait=call.wait + cold)


def residual_part(profile: Profile, residual: Residual = "gil") -> str | None:
    """Return the part that the unexplained time counts as; None if every part is known."""
    parts = {"gil": profile.gil_held, "native": profile.gil_free, "wait": profile.wait}
    unknown = [name for name, seconds in parts.items() if seconds is None]
    if not unknown:
        return None
    return unknown[0] if residual == "gil" else unknown[-1]


def _width(seconds: float, core_seconds: float) -> float:
    """Return how many cores do this much work in that time, at least one."""
    if seconds <= 1e-6 * core_seconds:
        return 1.0
    return max(1.0, core_seconds / seconds)


def _fit_to_wall(call: CallDemands, profile: Profile) -> CallDemands:
    """Scale the call to its wall time: first the parts that the run queue delayed, then all of them."""
    computing = call.gil + call.free / call.width
    queued = max(0.0, min(call.wall - computing - call.wait, profile.run_queue or 0.0))
    preempted = queued if profile.preempted is None else min(queued, profile.preempted)
    slowdown = 1.0 + preempted / computing if computing else 1.0
    wait = call.wait + queued - preempted
    alone = slowdown * computing + wait
    if alone <= 0:
        return replace(call, gil=call.wall)
    scale = call.wall / alone
    wait *= scale
    blocked = min(profile.gil_blocked or 0.0, wait)
    return replace(
        call,
        gil=call.gil * slowdown * scale,
        native=call.native * slowdown * scale,
        child=call.child * slowdown * scale,
        blocked=blocked if blocked > MIN_SECONDS * call.wall else 0.0,
        wait=wait - blocked,
    )
