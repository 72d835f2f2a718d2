"""All that a rule may look at, and the figures that its words are filled with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from advisor import figures
from advisor.records import Estimate, Held, Job, Machine, Profile, SideEffects, Strategy

POOLS: frozenset[Strategy] = frozenset({"threading", "multiprocessing", "interpreters"})
OWN_GIL: frozenset[Strategy] = frozenset({"multiprocessing", "interpreters"})
SHARED_MEMORY: frozenset[Strategy] = frozenset({"threading", "asyncio"})
CONCURRENT: frozenset[Strategy] = POOLS | SHARED_MEMORY
ALONE: frozenset[Strategy] = frozenset({"sequential"})
EVERY: frozenset[Strategy] = CONCURRENT | ALONE

MOSTLY = 0.5  # share of a call's time from which one kind of time decides
MUCH = 0.3  # share of a call's time that is worth a process
IN_TURN = 1.5  # times the plain loop; what is held and allows no more than that is why there is so little to gain
MANY_PIECES = 2e6  # of native memory in a result, for each second of a call: threads lose a tenth of it or more
DEAR_PICKLING = 0.2  # pickling per call against its wall time: from here the pipe, not the cores, sets the pace
LARGE_OBJECT = 1e6  # bytes dragged through the pipe at every call; 9 MB of `self` is the case that was reported
LARGE_WORKING_SET = 64e6  # bytes; beyond the shared cache of common hosts
SMALL_TASK = 10.0  # a call shorter than this many times its dispatch is too small to send alone
FEW_CALLS = 5
WIDE = 1.6  # high / low of the predicted seconds
SLOW_FIRST = 5.0  # first call against the others


@dataclass(frozen=True)
class Facts:
    """All that a rule may look at: the measured figures, the plan, and the estimate that was chosen."""

    profile: Profile
    job: Job
    machine: Machine
    estimates: tuple[Estimate, ...]
    chosen: Estimate
    verified: bool = False

    @property
    def strategy(self) -> Strategy:
        return self.chosen.strategy

    @property
    def workers(self) -> int:
        return self.chosen.workers

    @property
    def free_threaded(self) -> bool:
        return self.machine.python.free_threaded

    @property
    def effects(self) -> SideEffects:
        return self.profile.side_effects or SideEffects()

    @property
    def assumed(self) -> bool:
        return self.profile.archetype is not None

    def share(self, seconds: float | None) -> float:
        """A part of the call's own time, 0 to 1; what was not measured decides nothing, so it counts as none.

        Standing in line for a core is the busy host's time, not the call's.
        """
        own = self.profile.wall - (self.profile.run_queue or 0.0)
        return min(1.0, (seconds or 0.0) / own) if own > 0 else 0.0

    @property
    def unseparated(self) -> bool:
        """Measured without a GIL, planned for one: nobody saw which of the computing would hold it."""
        return self.profile.python.free_threaded and not self.free_threaded

    @property
    def gil_share(self) -> float:
        return 0.0 if self.unseparated else self.share(self.profile.gil_held)

    @property
    def free_share(self) -> float:
        return 0.0 if self.unseparated else self.share(self.profile.gil_free)

    @property
    def own_share(self) -> float:
        """The call's own computing, in Python and in native code."""
        return min(1.0, self.gil_share + self.free_share)

    @property
    def child_share(self) -> float:
        return self.share(self.profile.child_cpu)

    @property
    def wait_share(self) -> float:
        return self.share(self.profile.wait)

    @property
    def unknown_share(self) -> float:
        """The part of the call's time of which nobody knows whether it computes or waits."""
        profile = self.profile
        if self.unseparated:
            return self.share(profile.gil_free)
        if profile.wait is not None or None not in (profile.gil_held, profile.gil_free):
            return 0.0
        return 1.0 - self.share(profile.cpu)

    @property
    def wants_processes(self) -> bool:
        """The call holds the GIL long enough that only processes could help it."""
        return not self.free_threaded and self.gil_share >= MUCH and self.machine.cores > 1

    @property
    def native_threads(self) -> float:
        return self.profile.native_threads or 1.0

    @property
    def working_set(self) -> float:
        """Bytes that a call adds to the process at its peak."""
        return float(max(0, (self.profile.peak_memory or 0) - (self.profile.idle_memory or 0)))

    @property
    def pipe_bytes(self) -> float:
        return sum(size or 0.0 for size in (self.profile.argument_bytes, self.profile.result_bytes))

    @property
    def pickling(self) -> float:
        """Seconds per call for pickling, unpickling and the pipe."""
        carried = self.pipe_bytes + (self.profile.function_bytes or 0.0)
        return (self.profile.pickle_seconds or 0.0) + carried * self.machine.process_byte

    @property
    def dispatch(self) -> float:
        """Seconds that sending one call to a worker of the cheapest sensible pool costs."""
        threads_help = self.strategy == "threading" or self.gil_share < MOSTLY or self.free_threaded
        processes = self.machine.process_task + self.machine.process_task_worker
        return self.machine.thread_task if threads_help and self.strategy not in OWN_GIL else processes

    @property
    def memory_needed(self) -> float | None:
        if self.chosen.memory is not None:
            return self.chosen.memory
        peak = self.profile.peak_memory
        return None if peak is None else float(peak) * self.workers

    @cached_property
    def held(self) -> Held | None:
        """What sets the tightest limit on calls at the same time, for the chosen strategy; for a loop, for threads."""
        held = (one for one in self.profile.held if one.everywhere or self.strategy not in OWN_GIL)
        return max(held, key=lambda one: one.seconds / one.places, default=None)

    @property
    def held_limit(self) -> float:
        """Times the plain loop that what is held allows at most."""
        held = self.held
        return self.profile.wall * held.places / held.seconds if held and held.seconds else math.inf

    @cached_property
    def loop(self) -> Estimate | None:
        """The plain loop's estimate."""
        return next((one for one in self.estimates if one.strategy == "sequential"), None)

    @cached_property
    def rival(self) -> Estimate | None:
        """The best feasible estimate of any other strategy."""
        others = [one for one in self.estimates if one.feasible and one.strategy != self.strategy]
        return min(others, key=_expected, default=None)

    @property
    def pickling_is_dear(self) -> bool:
        return self.pickling >= DEAR_PICKLING * self.profile.wall

    @property
    def computes(self) -> bool:
        return self.own_share >= MUCH

    def best(self, strategy: Strategy) -> Estimate | None:
        """The fastest estimate of a strategy, feasible ones only."""
        rows = [one for one in self.estimates if one.feasible and one.strategy == strategy]
        return min(rows, key=_expected, default=None)

    def obstacle(self) -> str:
        """What the pickler said of the function, the arguments or the results, the first that failed."""
        picklable = self.profile.picklable
        for part in ("function", "arguments", "results"):
            if getattr(picklable, part) is False:
                return f"{part}: {picklable.reasons.get(part) or 'cannot be pickled'}"
        return "cannot be pickled"

    def figures(self) -> dict[str, str]:
        """Every figure that a template may name, as text."""
        return _profile_figures(self) | _plan_figures(self)


def _expected(estimate: Estimate) -> float:
    return estimate.seconds.expected


def _profile_figures(facts: Facts) -> dict[str, str]:
    profile, effects, reasons = facts.profile, facts.effects, facts.profile.picklable.reasons
    return {
        "wall": figures.duration(profile.wall),
        "calls_measured": "1 call" if profile.calls == 1 else f"{figures.count(profile.calls)} calls",
        "gil_share": figures.percent(facts.gil_share),
        "free_share": figures.percent(facts.free_share),
        "own_share": figures.percent(facts.own_share),
        "child_share": figures.percent(facts.child_share),
        "wait_share": figures.percent(facts.wait_share),
        "unknown_share": figures.percent(facts.unknown_share),
        "wait": figures.duration(profile.wait),
        "child_cpu": figures.duration(profile.child_cpu),
        "gil_blocked": figures.duration(profile.gil_blocked),
        "run_queue": figures.duration(profile.run_queue),
        "first_call": figures.duration(profile.first_call),
        "import_seconds": figures.duration(profile.import_seconds),
        "pickling": figures.duration(facts.pickling),
        "argument_bytes": figures.size(profile.argument_bytes),
        "result_bytes": figures.size(profile.result_bytes),
        "result_pieces": figures.count(round(int(profile.result_pieces or 0), -3)),
        "function_bytes": figures.size(profile.function_bytes),
        "working_set": figures.size(facts.working_set),
        "native_threads": f"{facts.native_threads:.1f}".removesuffix(".0"),
        "function_reason": reasons.get("function") or "it cannot be pickled",
        "argument_reason": reasons.get("arguments") or "they cannot be pickled",
        "result_reason": reasons.get("results") or "it cannot be pickled",
        "obstacle": facts.obstacle(),
        "globals": _listed(effects.globals_written),
        "threads_left": _listed(effects.threads_left),
        "children_left": str(effects.children_left),
        "output_bytes": figures.size(effects.output_bytes),
        "archetype": profile.archetype or "unknown",
        **_held_figures(facts),
    }


def _held_figures(facts: Facts) -> dict[str, str]:
    held = facts.held or max(facts.profile.held, key=lambda one: one.seconds / one.places, default=None)
    if held is None:
        return dict.fromkeys(("held", "held_places", "held_share", "held_limit"), "nothing")
    share = min(1.0, held.seconds / facts.profile.wall)
    return {
        "held": f"{held.name} ({held.kind})",
        "held_places": "one call" if held.places == 1 else f"{figures.count(held.places)} calls",
        "held_share": figures.percent(share),
        "held_limit": figures.times(held.places / max(share, 1e-3)),
    }


def _plan_figures(facts: Facts) -> dict[str, str]:
    machine, rival, loop, processes = facts.machine, facts.rival, facts.loop, facts.best("multiprocessing")
    return {
        "calls": figures.count(facts.job.calls),
        "crew": figures.crew(facts.strategy, facts.workers),
        "kind": figures.kind(facts.strategy),
        "workers": str(facts.workers),
        "chunk": figures.count(facts.chosen.chunk),
        "busy_cores": f"{min(facts.native_threads, machine.cores):.1f}".removesuffix(".0"),
        "cores": f"{machine.cores} core" + ("s" if machine.cores > 1 else ""),
        "start_method": machine.start_method,
        "memory": figures.size(machine.memory),
        "memory_needed": figures.size(facts.memory_needed),
        "dispatch": figures.duration(facts.dispatch),
        "seconds": figures.duration(facts.chosen.seconds.expected),
        "low": figures.duration(facts.chosen.seconds.low),
        "high": figures.duration(facts.chosen.seconds.high),
        "loop_seconds": figures.duration(loop.seconds.expected) if loop else "unknown",
        "rival": figures.crew(rival.strategy, rival.workers) if rival else "another way",
        "rival_seconds": figures.duration(rival.seconds.expected) if rival else "unknown",
        "start_up": figures.duration(processes.start_up if processes else machine.process_start),
        "thread_limit": figures.times(1.0 / max(facts.gil_share, 1e-3)),
    }


def _listed(names: Sequence[str], most: int = 3) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
