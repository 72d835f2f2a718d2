"""All that a rule may look at, and the figures that its words are filled with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from advisor.models import MEMORY_SHARE, Estimate, HeldResource, Job, Machine, Profile, SideEffects, Strategy
from advisor.models.strategies import OWN_GIL
from advisor.report import formatting

MOSTLY = 0.5  # share of a call's time from which one kind of time decides
MUCH = 0.3  # share of a call's time that is worth a process
IN_TURN = 1.5  # times the plain loop; what is held and allows no more than that is why there is so little to gain
MANY_PIECES = 2e6  # of native memory in a result, for each second of a call: threads lose a tenth of it or more
DEAR_PICKLING = 0.2  # pickling per call against its wall time: from here the pipe, not the cores, sets the pace
LARGE_OBJECT = 1e6  # bytes dragged through the pipe at every call; 9 MB of `self` is the case that was reported
LARGE_WORKING_SET = 64e6  # bytes; beyond the shared cache of common hosts
SMALL_TASK = 10.0  # a call shorter than this many times its dispatch is too small to send alone
GAIN = 1.1  # times faster, from which a way that is barred would have been taken
SAME = 1.02  # times the seconds: as good with fewer workers
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
    def held(self) -> HeldResource | None:
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

    @cached_property
    def short_of_memory(self) -> Estimate | None:
        """What would be a tenth faster or more, had the host the memory for it."""
        memory = self.machine.memory
        if memory is None:
            return None
        large = [one for one in self.estimates if not one.feasible and (one.memory or 0.0) > MEMORY_SHARE * memory]
        picklable = self.profile.picklable
        if False in (picklable.function, picklable.arguments, picklable.results):
            large = [one for one in large if one.strategy not in OWN_GIL]
        fastest = min(map(_expected, large), default=math.inf)
        if fastest * GAIN > self.chosen.seconds.expected:
            return None
        return min((one for one in large if _expected(one) <= SAME * fastest), key=lambda one: one.workers)

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

    @cached_property
    def words(self) -> Figures:
        """Every figure that a template may name, as text."""
        return Figures(self)


def _expected(estimate: Estimate) -> float:
    return estimate.seconds.expected


class Figures(dict[str, str]):
    """Figures by name, each put into words when it is first asked for: few of them ever are."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self._facts = facts

    def __missing__(self, name: str) -> str:
        text = self[name] = _FIGURES[name](self._facts)
        return text


def _held(facts: Facts, words: Callable[[HeldResource, float], str]) -> str:
    """Words on what is held, and on the share of a call's time that it is."""
    held = facts.held or max(facts.profile.held, key=lambda one: one.seconds / one.places, default=None)
    return "nothing" if held is None else words(held, min(1.0, held.seconds / facts.profile.wall))


def _thread_limit(facts: Facts) -> str:
    """What the GIL lets threads gain; of a call that nobody measured, nobody can say that it is no more."""
    limit = formatting.times(1.0 / max(facts.gil_share, 1e-3))
    return f"about {limit}" if facts.assumed else f"{limit} at most"


def _large(facts: Facts, words: Callable[[Estimate], str]) -> str:
    """Words on what the memory is too small for."""
    return "nothing" if facts.short_of_memory is None else words(facts.short_of_memory)


def _process_start(facts: Facts) -> float:
    processes = facts.best("multiprocessing")
    return processes.start_up if processes else facts.machine.process_start


def _listed(names: Sequence[str], most: int = 3) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


_FIGURES: dict[str, Callable[[Facts], str]] = {
    "wall": lambda facts: formatting.duration(facts.profile.wall),
    "calls_measured": lambda facts: (
        "1 call" if facts.profile.calls == 1 else f"{formatting.count(facts.profile.calls)} calls"
    ),
    "gil_share": lambda facts: formatting.percent(facts.gil_share),
    "free_share": lambda facts: formatting.percent(facts.free_share),
    "own_share": lambda facts: formatting.percent(facts.own_share),
    "child_share": lambda facts: formatting.percent(facts.child_share),
    "wait_share": lambda facts: formatting.percent(facts.wait_share),
    "unknown_share": lambda facts: formatting.percent(facts.unknown_share),
    "wait": lambda facts: formatting.duration(facts.profile.wait),
    "child_cpu": lambda facts: formatting.duration(facts.profile.child_cpu),
    "gil_blocked": lambda facts: formatting.duration(facts.profile.gil_blocked),
    "run_queue": lambda facts: formatting.duration(facts.profile.run_queue),
    "first_call": lambda facts: formatting.duration(facts.profile.first_call),
    "repeated_call": lambda facts: formatting.duration(facts.profile.repeated_call),
    "import_seconds": lambda facts: formatting.duration(facts.profile.import_seconds),
    "pickling": lambda facts: formatting.duration(facts.pickling),
    "argument_bytes": lambda facts: formatting.size(facts.profile.argument_bytes),
    "result_bytes": lambda facts: formatting.size(facts.profile.result_bytes),
    "result_pieces": lambda facts: formatting.count(int(float(f"{facts.profile.result_pieces or 0.0:.2g}"))),
    "function_bytes": lambda facts: formatting.size(facts.profile.function_bytes),
    "working_set": lambda facts: formatting.size(facts.working_set),
    "native_threads": lambda facts: f"{facts.native_threads:.1f}".removesuffix(".0"),
    "function_reason": lambda facts: facts.profile.picklable.reasons.get("function") or "it cannot be pickled",
    "argument_reason": lambda facts: facts.profile.picklable.reasons.get("arguments") or "they cannot be pickled",
    "result_reason": lambda facts: facts.profile.picklable.reasons.get("results") or "it cannot be pickled",
    "obstacle": lambda facts: facts.obstacle(),
    "globals": lambda facts: _listed(facts.effects.globals_written),
    "changed": lambda facts: _listed(facts.effects.changed),
    "threads_left": lambda facts: _listed(facts.effects.threads_left),
    "children_left": lambda facts: str(facts.effects.children_left),
    "output_bytes": lambda facts: formatting.size(facts.effects.output_bytes),
    "archetype": lambda facts: facts.profile.archetype or "unknown",
    "calls": lambda facts: formatting.count(facts.job.calls),
    "crew": lambda facts: formatting.workers(facts.strategy, facts.workers),
    "kind": lambda facts: formatting.kind(facts.strategy),
    "workers": lambda facts: str(facts.workers),
    "chunk": lambda facts: formatting.count(facts.chosen.chunk),
    "busy_cores": lambda facts: f"{min(facts.native_threads, facts.machine.cores):.1f}".removesuffix(".0"),
    "cores": lambda facts: f"{facts.machine.cores} core" + ("s" if facts.machine.cores > 1 else ""),
    "start_method": lambda facts: facts.machine.start_method,
    "memory": lambda facts: formatting.size(facts.machine.memory),
    "memory_share": lambda facts: formatting.percent(MEMORY_SHARE),
    "large_crew": lambda facts: _large(facts, lambda one: formatting.workers(one.strategy, one.workers)),
    "large_memory": lambda facts: _large(facts, lambda one: formatting.size(one.memory)),
    "memory_needed": lambda facts: formatting.size(facts.memory_needed),
    "dispatch": lambda facts: formatting.duration(facts.dispatch),
    "seconds": lambda facts: formatting.duration(facts.chosen.seconds.expected),
    "low": lambda facts: formatting.duration(facts.chosen.seconds.low),
    "high": lambda facts: formatting.duration(facts.chosen.seconds.high),
    "loop_seconds": lambda facts: formatting.duration(facts.loop.seconds.expected) if facts.loop else "unknown",
    "rival": lambda facts: (
        formatting.workers(facts.rival.strategy, facts.rival.workers) if facts.rival else "another way"
    ),
    "rival_seconds": lambda facts: formatting.duration(facts.rival.seconds.expected) if facts.rival else "unknown",
    "start_up": lambda facts: formatting.duration(_process_start(facts)),
    "thread_limit": _thread_limit,
    "held": lambda facts: _held(facts, lambda held, share: f"{held.name} ({held.kind})"),
    "held_places": lambda facts: _held(
        facts, lambda held, share: "one call" if held.places == 1 else f"{formatting.count(held.places)} calls"
    ),
    "held_share": lambda facts: _held(facts, lambda held, share: formatting.percent(share)),
    "held_limit": lambda facts: _held(facts, lambda held, share: formatting.times(held.places / max(share, 1e-3))),
}
