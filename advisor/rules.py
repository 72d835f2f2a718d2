"""Why a strategy suits a task, and what to watch for: rules and pitfalls as rows, filled with the measured figures.

A `Rule` holds its condition, the strategies it speaks for, its words and their source together, so that the
explanation cannot drift from the decision. Its words come in two halves: `because` (a clause that the summary quotes)
and `so`. Both are templates over `Facts.figures()`. To extend or override the rows, pass your own to `reasons` and
`pitfalls`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from advisor import figures
from advisor.records import Estimate, Held, Job, Machine, Pitfall, Profile, Reason, SideEffects, Strategy

POOLS: frozenset[Strategy] = frozenset({"threading", "multiprocessing", "interpreters"})
OWN_GIL: frozenset[Strategy] = frozenset({"multiprocessing", "interpreters"})
SHARED_MEMORY: frozenset[Strategy] = frozenset({"threading", "asyncio"})
CONCURRENT: frozenset[Strategy] = POOLS | SHARED_MEMORY
ALONE: frozenset[Strategy] = frozenset({"sequential"})
EVERY: frozenset[Strategy] = CONCURRENT | ALONE

MOSTLY = 0.5  # share of a call's time from which one kind of time decides
MUCH = 0.3  # share of a call's time that is worth a process
IN_TURN = 1.5  # times the plain loop; what is held and allows no more than that is why there is so little to gain
DEAR_PICKLING = 0.2  # pickling per call against its wall time: from here the pipe, not the cores, sets the pace
LARGE_OBJECT = 1e6  # bytes dragged through the pipe at every call; 9 MB of `self` is the case that was reported
LARGE_WORKING_SET = 64e6  # bytes; beyond the shared cache of common hosts
SMALL_TASK = 10.0  # a call shorter than this many times its dispatch is too small to send alone
FEW_CALLS = 5
WIDE = 1.6  # high / low of the predicted seconds
SLOW_FIRST = 5.0  # first call against the others

NOTEBOOK = "notebook “Understanding Multithreading”, When to Use What?"
THREADING_DOCS = "https://docs.python.org/3/library/threading.html"
POOL_DOCS = "https://docs.python.org/3/library/concurrent.futures.html#processpoolexecutor"
PICKLE_DOCS = "https://docs.python.org/3/library/pickle.html#what-can-be-pickled-and-unpickled"
PROCESS_GUIDELINES = "https://docs.python.org/3/library/multiprocessing.html#programming-guidelines"
START_METHODS = "https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods"
SHARED_MEMORY_DOCS = "https://docs.python.org/3/library/multiprocessing.shared_memory.html"
ASYNCIO_DOCS = "https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code"
FREE_THREADING = "https://docs.python.org/3/howto/free-threading-python.html"
GIL_TERM = "https://docs.python.org/3/glossary.html#term-global-interpreter-lock"
SWITCH_INTERVAL = "https://docs.python.org/3/library/sys.html#sys.setswitchinterval"
TINY_CALLS = "https://github.com/uqfoundation/pathos/issues/79"
LARGE_RESULTS = "https://github.com/joblib/joblib/issues/1309"
THREADPOOLCTL = "https://github.com/joblib/threadpoolctl"
FORK_AND_THREADS = "https://docs.python.org/3/library/os.html#os.fork"
NUMPY_RANDOM = "https://numpy.org/doc/stable/reference/random/parallel.html"
AMDAHL = "Amdahl's law: the part that is not shared out sets the limit"


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
    def gil_share(self) -> float:
        return self.share(self.profile.gil_held)

    @property
    def free_share(self) -> float:
        return self.share(self.profile.gil_free)

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


@dataclass(frozen=True)
class Rule:
    """A reason for some strategies: fires when `condition` holds and the chosen strategy is one of `favours`."""

    name: str
    when: str
    condition: Callable[[Facts], bool]
    favours: frozenset[Strategy]
    because: str
    so: str
    source: str

    def fires(self, facts: Facts) -> bool:
        return facts.strategy in self.favours and self.condition(facts)

    def clause(self, facts: Facts) -> str:
        """The first half, for use after "because"."""
        return self.because.format_map(facts.figures())

    def text(self, facts: Facts) -> str:
        sentence = f"{self.clause(facts)}, so {self.so.format_map(facts.figures())}."
        return sentence[:1].upper() + sentence[1:]


@dataclass(frozen=True)
class Trap:
    """A pitfall: fires when `condition` holds for one of the strategies it `concerns`; `text` says what to do."""

    code: str
    when: str
    condition: Callable[[Facts], bool]
    concerns: frozenset[Strategy]
    text: str
    source: str

    def fires(self, facts: Facts) -> bool:
        return facts.strategy in self.concerns and self.condition(facts)


def _already_parallel(facts: Facts) -> bool:
    return facts.native_threads >= max(1.5, 0.6 * facts.machine.cores)


def _start_up_is_dearer(facts: Facts) -> bool:
    processes = facts.best("multiprocessing")
    return (
        facts.wants_processes
        and facts.loop is not None
        and processes is not None
        and processes.start_up >= 0.5 * facts.loop.seconds.expected
    )


def _pickling_is_dear(facts: Facts) -> bool:
    return facts.pickling >= DEAR_PICKLING * facts.profile.wall


def _computes(facts: Facts) -> bool:
    return facts.gil_share + facts.free_share >= MUCH


def _cannot_be_sent(facts: Facts) -> bool:
    picklable = facts.profile.picklable
    return facts.wants_processes and False in (picklable.function, picklable.arguments, picklable.results)


def _memory_forbids_processes(facts: Facts) -> bool:
    peak, memory = facts.profile.peak_memory, facts.machine.memory
    return facts.wants_processes and bool(peak and memory) and (peak or 0) * 2 > (memory or 0)


def _processes_are_no_faster(facts: Facts) -> bool:
    processes = facts.best("multiprocessing")
    return processes is not None and facts.chosen.seconds.expected <= processes.seconds.expected * 1.05


def _more_workers_than_cores(facts: Facts) -> bool:
    return facts.workers > facts.machine.cores and facts.wait_share >= 0.2


RULES: tuple[Rule, ...] = (
    Rule(
        "single-call",
        "the job is one call",
        lambda facts: facts.job.calls == 1,
        ALONE,
        "there is only one call to do",
        "nothing can run beside it; workers would need the call split into parts",
        AMDAHL,
    ),
    Rule(
        "already-parallel",
        "one call keeps most cores busy by itself",
        _already_parallel,
        ALONE,
        "one call keeps {busy_cores} of {cores} busy by itself",
        "a pool on top would fight for the same cores, unless its threads are limited first (OMP_NUM_THREADS=1)",
        THREADPOOLCTL,
    ),
    Rule(
        "one-core",
        "the host has one core and the call computes",
        lambda facts: facts.machine.cores == 1 and facts.wait_share < MOSTLY,
        ALONE,
        "only one core may be used and the function computes rather than waits",
        "workers would only take turns on it",
        NOTEBOOK,
    ),
    Rule(
        "too-small",
        "sending a call to a worker costs a good part of the call",
        lambda facts: facts.profile.wall < SMALL_TASK * facts.dispatch,
        ALONE,
        "a call takes {wall} and sending one to a worker costs {dispatch}",
        "a pool loses more than it gains; put many items into each call first",
        TINY_CALLS,
    ),
    Rule(
        "start-up",
        "starting the pool costs at least half of the whole job",
        _start_up_is_dearer,
        ALONE,
        "the whole job takes {loop_seconds} and starting processes for it {start_up}",
        "it is over before a pool has paid for itself",
        POOL_DOCS,
    ),
    Rule(
        "child-program",
        "another program does at least half of the work",
        lambda facts: facts.child_share >= MOSTLY,
        SHARED_MEMORY,
        "another program does the work ({child_cpu} of CPU time for {wall} of a call)",
        "it needs cores but no GIL of ours, and threads are enough to start and await it",
        "https://docs.python.org/3/library/subprocess.html",
    ),
    Rule(
        "waits",
        "at least half of the time is waiting",
        lambda facts: facts.wait_share >= MOSTLY,
        SHARED_MEMORY,
        "the function waits for {wait_share} of its time",
        "other calls can run meanwhile, and waiting needs neither a core nor the GIL",
        NOTEBOOK + " (I/O bound)",
    ),
    Rule(
        "holds-gil",
        "at least half of the time is spent holding the GIL, and little of it waiting",
        lambda facts: facts.gil_share >= MOSTLY and facts.wait_share < MUCH and not facts.free_threaded,
        OWN_GIL,
        "the function holds the GIL for {gil_share} of its time",
        "threads would take turns ({thread_limit} at most) while {kind} have a GIL each",
        NOTEBOOK + " (CPU bound)",
    ),
    Rule(
        "releases-gil",
        "at least half of the time is native code with the GIL released",
        lambda facts: facts.free_share >= MOSTLY,
        frozenset({"threading"}),
        "the function computes for {free_share} of its time with the GIL released",
        "threads use several cores as processes would, and share memory",
        GIL_TERM,
    ),
    Rule(
        "free-threaded",
        "the interpreter has no GIL and the call computes in Python",
        lambda facts: facts.free_threaded and facts.gil_share >= MUCH,
        frozenset({"threading"}),
        "this Python is free-threaded",
        "threads run Python code on several cores at once",
        FREE_THREADING,
    ),
    Rule(
        "coroutine",
        "the function is a coroutine function and waits",
        lambda facts: facts.profile.coroutine,
        frozenset({"asyncio"}),
        "the function is a coroutine",
        "one event loop can have many calls in flight without any threads",
        "https://docs.python.org/3/library/asyncio-task.html",
    ),
    Rule(
        "cpu-free-of-gil",
        "native code with the GIL released, or child programs, take at least half of the time",
        lambda facts: facts.free_share + facts.child_share >= MOSTLY and facts.gil_share < MOSTLY,
        OWN_GIL,
        "the function needs a core, but not the GIL, for most of its time",
        "any workers would do that use all cores, and {kind} come out ahead here",
        GIL_TERM,
    ),
    Rule(
        "waits-in-processes",
        "the call both waits and holds the GIL",
        lambda facts: facts.wait_share >= MUCH and facts.gil_share >= 0.1,
        OWN_GIL,
        "the function holds the GIL for {gil_share} of its time and waits for {wait_share}",
        "{kind} overlap both, the waiting and the computing",
        NOTEBOOK,
    ),
    Rule(
        "mixed",
        "the call both waits and holds the GIL",
        lambda facts: MUCH <= facts.wait_share < MOSTLY and facts.gil_share >= 0.1,
        SHARED_MEMORY,
        "the function waits for {wait_share} of its time and holds the GIL for {gil_share}",
        "{kind} overlap the waiting, and the GIL limits them to {thread_limit}",
        NOTEBOOK,
    ),
    Rule(
        "shared-state",
        "the calls share state",
        lambda facts: facts.job.shares_state is True,
        SHARED_MEMORY,
        "the calls share state",
        "{kind} see the same objects, where processes would each have a copy",
        NOTEBOOK + " (shared state)",
    ),
    Rule(
        "responsive",
        "something else must go on meanwhile, and the call leaves the GIL alone",
        lambda facts: facts.job.responsive is True and facts.gil_share < MOSTLY,
        SHARED_MEMORY,
        "something else must stay responsive meanwhile",
        "the work belongs off the main thread, and it leaves the GIL free enough for that",
        NOTEBOOK + " (user-interface responsiveness)",
    ),
    Rule(
        "responsive-apart",
        "something else must go on meanwhile, and the call holds the GIL",
        lambda facts: facts.job.responsive is True and facts.gil_share >= MOSTLY,
        OWN_GIL,
        "something else must stay responsive meanwhile",
        "the computing goes to an interpreter of its own, where it cannot starve the main thread of the GIL",
        SWITCH_INTERVAL,
    ),
    Rule(
        "in-turn",
        "what a call holds while it waits, others would have to wait for",
        lambda facts: facts.held_limit < IN_TURN,
        ALONE,
        "{held_places} at a time can hold {held}, and a call holds it for {held_share} of its time",
        "workers would stand in line for it",
        AMDAHL,
    ),
    Rule(
        "one-for-each-process",
        "threads would wait for what each process has one of",
        lambda facts: facts.held is None and bool(facts.profile.held),
        OWN_GIL,
        "in one process, {held_places} at a time can hold {held}, for {held_share} of a call",
        "processes, which have one each, do not wait for one another",
        AMDAHL,
    ),
    Rule(
        "unpicklable",
        "the call cannot be sent to a process",
        _cannot_be_sent,
        SHARED_MEMORY | ALONE,
        "processes cannot be given this call ({obstacle})",
        "what needs no pickling is left",
        PICKLE_DOCS,
    ),
    Rule(
        "pickling-dear",
        "pickling costs at least a fifth of the call",
        lambda facts: _pickling_is_dear(facts) and _computes(facts) and facts.machine.cores > 1,
        SHARED_MEMORY | ALONE,
        "sending one call to a process and its result back costs {pickling} against {wall} of work",
        "processes would spend their gain on the pipe",
        LARGE_RESULTS,
    ),
    Rule(
        "memory",
        "the host's memory is too small for two processes",
        _memory_forbids_processes,
        SHARED_MEMORY | ALONE,
        "{memory} of memory cannot hold a process for each core",
        "workers must share theirs",
        NOTEBOOK + " (minimal memory)",
    ),
    Rule(
        "threads-take-turns",
        "at least half of the time is spent holding the GIL",
        lambda facts: facts.gil_share >= MOSTLY and not facts.free_threaded and facts.machine.cores > 1,
        ALONE,
        "the function holds the GIL for {gil_share} of its time",
        "threads would only take turns",
        GIL_TERM,
    ),
    Rule(
        "more-than-cores",
        "more workers than cores, for a call that waits",
        _more_workers_than_cores,
        OWN_GIL,
        "a call waits for {wait_share} of its time",
        "{workers} workers keep {cores} busy where fewer would leave them idle",
        NOTEBOOK,
    ),
    Rule(
        "simpler",
        "processes are no faster, though the call computes",
        lambda facts: facts.strategy == "threading" and _computes(facts) and _processes_are_no_faster(facts),
        frozenset({"threading"}),
        "processes would be no faster",
        "threads are the simpler choice: shared memory, no pickling, a quick start",
        NOTEBOOK + " (minimal memory, fast context switches)",
    ),
    Rule(
        "little-to-gain",
        "no pool makes the job at least a tenth faster",
        lambda facts: facts.rival is not None,
        ALONE,
        "the plain loop takes {loop_seconds} and the best other way, {rival}, {rival_seconds}",
        "a pool is not worth its trouble",
        AMDAHL,
    ),
)

FALLBACK = Rule(
    "prediction",
    "no other rule says why",
    lambda facts: True,
    EVERY,
    "the cost model puts {crew} at {seconds} against {loop_seconds} for a plain loop",
    "that is the best of the ways it compared",
    "closed queueing network of GIL, cores, parent and waiting",
)


def _large_self(facts: Facts) -> bool:
    return (facts.profile.function_bytes or 0.0) >= LARGE_OBJECT and _processes_matter(facts)


def _processes_matter(facts: Facts) -> bool:
    """Processes were chosen, or would have been worth it."""
    return facts.strategy in OWN_GIL or facts.wants_processes


def _data_is_dear(facts: Facts) -> bool:
    """Arguments and results, not a large `self`, make the pipe slow."""
    mostly_self = (facts.profile.function_bytes or 0.0) > facts.pipe_bytes and _large_self(facts)
    return _pickling_is_dear(facts) and _processes_matter(facts) and not mostly_self and not _tiny(facts)


def _tiny(facts: Facts) -> bool:
    return facts.profile.wall < SMALL_TASK * facts.dispatch


def _nested(facts: Facts) -> bool:
    return facts.workers > 1 and facts.native_threads >= 1.5


def _uncertain(facts: Facts) -> bool:
    seconds = facts.chosen.seconds
    wide = seconds.high > WIDE * max(seconds.low, 1e-12)
    return not facts.assumed and not facts.verified and (wide or facts.profile.calls < FEW_CALLS)


def _hidden_limit(facts: Facts) -> bool:
    return facts.workers > 1 and facts.wait_share >= MOSTLY and not facts.verified


def _slow_first_call(facts: Facts) -> bool:
    first = facts.profile.first_call or 0.0
    return first >= SLOW_FIRST * facts.profile.wall and first * 10 >= facts.chosen.seconds.expected


def _memory_is_short(facts: Facts) -> bool:
    needed, memory = facts.memory_needed, facts.machine.memory
    return facts.workers > 1 and needed is not None and memory is not None and needed > 0.5 * memory


def _shared_bandwidth(facts: Facts) -> bool:
    busy = facts.gil_share + facts.free_share >= MOSTLY
    return facts.workers > 1 and busy and facts.working_set >= LARGE_WORKING_SET and not facts.verified


def _imports_are_slow(facts: Facts) -> bool:
    imports = facts.profile.import_seconds or 0.0
    return facts.machine.start_method != "fork" and imports >= 0.3 and imports * 10 >= facts.chosen.seconds.expected


def _threads_would_be_lost(facts: Facts) -> bool:
    return facts.machine.start_method == "fork" and (bool(facts.effects.threads_left) or facts.native_threads >= 1.5)


PROCESSES: frozenset[Strategy] = frozenset({"multiprocessing"})

PITFALLS: tuple[Trap, ...] = (
    Trap(
        "unpicklable-function",
        "the function cannot be pickled and only processes would help",
        lambda facts: facts.profile.picklable.function is False and _processes_matter(facts),
        EVERY,
        "The function cannot be sent to a process ({function_reason}): define it at the top level of an importable "
        "module, not as a lambda or inside another function.",
        PICKLE_DOCS,
    ),
    Trap(
        "unpicklable-arguments",
        "the arguments cannot be pickled and only processes would help",
        lambda facts: facts.profile.picklable.arguments is False and _processes_matter(facts),
        EVERY,
        "The arguments cannot be sent to a process ({argument_reason}): pass what they are made from, a path "
        "instead of an open file, a URL or an address instead of a connection, and open it in the worker.",
        PICKLE_DOCS,
    ),
    Trap(
        "unpicklable-result",
        "the result cannot be pickled and only processes would help",
        lambda facts: facts.profile.picklable.results is False and _processes_matter(facts),
        EVERY,
        "The result cannot be sent back from a process ({result_reason}): return plain data, such as a list instead "
        "of a generator or a path instead of an open file.",
        PICKLE_DOCS,
    ),
    Trap(
        "coroutine-in-a-pool",
        "a coroutine function is given to a pool",
        lambda facts: facts.profile.coroutine,
        POOLS,
        "A pool that calls a coroutine function gets a coroutine that never runs: let each worker call "
        "asyncio.run(function(...)), as the code here does.",
        ASYNCIO_DOCS,
    ),
    Trap(
        "blocks-the-loop",
        "a coroutine computes for much of its time",
        lambda facts: _computes(facts) and facts.profile.coroutine,
        frozenset({"asyncio"}),
        "The coroutine computes for {gil_share} of its time and holds up every other task in the loop meanwhile: "
        "give that part to a process pool with loop.run_in_executor.",
        ASYNCIO_DOCS,
    ),
    Trap(
        "not-thread-safe",
        "the function writes globals and threads would share them",
        lambda facts: bool(facts.effects.globals_written) and facts.workers > 1,
        frozenset({"threading"}),
        "The function writes {globals}: threads can interleave between reading and writing it. Guard it with a "
        "threading.Lock, or return the value instead.",
        THREADING_DOCS,
    ),
    Trap(
        "unguarded-state",
        "the calls share state and threads would interleave on it",
        lambda facts: facts.job.shares_state is True and not facts.effects.globals_written and facts.workers > 1,
        frozenset({"threading"}),
        "The calls share state, and `total += 1` is not atomic: guard what they write with a threading.Lock, or hand "
        "it over through a queue.Queue.",
        "notebook “Understanding Multithreading”, Common Pitfalls",
    ),
    Trap(
        "unshared-globals",
        "the function writes globals, of which each process has its own",
        lambda facts: bool(facts.effects.globals_written),
        OWN_GIL,
        "The function writes {globals}: every worker has a copy of its own, and what it writes there is lost. Return "
        "the value and collect it in the parent.",
        PROCESS_GUIDELINES,
    ),
    Trap(
        "unshared-state",
        "the calls share state, of which each process has its own",
        lambda facts: facts.job.shares_state is True and not facts.effects.globals_written,
        OWN_GIL,
        "The calls share state and processes do not: return each call's part and merge in the parent, or keep the "
        "state in a multiprocessing.Manager.",
        PROCESS_GUIDELINES,
    ),
    Trap(
        "gil-blocked",
        "the call blocks with the GIL held",
        lambda facts: facts.share(facts.profile.gil_blocked) >= 0.1,
        SHARED_MEMORY | ALONE,
        "The function blocks for {gil_blocked} per call with the GIL held, so no thread can run meanwhile: some "
        "extension does not release it. Look for another library, or call it in processes.",
        GIL_TERM,
    ),
    Trap(
        "nested-parallelism",
        "native threads times workers are more than the cores",
        _nested,
        POOLS,
        "Each call keeps {native_threads} cores busy by itself; {crew} on top fight for {cores}. Limit one of the two: "
        "OMP_NUM_THREADS=1 (or threadpoolctl.threadpool_limits(1)) in the workers.",
        THREADPOOLCTL,
    ),
    Trap(
        "child-threads",
        "the child program runs on several cores",
        lambda facts: facts.workers > 1 and (facts.profile.child_cpu or 0.0) > 1.2 * facts.profile.wall,
        CONCURRENT,
        "The other program uses several cores itself ({child_cpu} of CPU in {wall}): give it one thread (such as "
        "ffmpeg -threads 1) or use fewer workers.",
        "https://ffmpeg.org/ffmpeg-codecs.html",
    ),
    Trap(
        "large-self",
        "the function drags a large object along",
        _large_self,
        EVERY,
        "Every task would carry the function's {function_bytes} (a bound method brings its whole object): use a "
        "module-level function, and give each worker the object once through the pool's initializer.",
        POOL_DOCS,
    ),
    Trap(
        "pickling-dear",
        "pickling costs at least a fifth of the call",
        _data_is_dear,
        EVERY,
        "Sending a call to a process costs {pickling} against {wall} of work ({argument_bytes} in, {result_bytes} "
        "out): pass paths or indexes instead of data; give large read-only data once, by an initializer, "
        "multiprocessing.shared_memory or joblib's memory mapping; return summaries.",
        SHARED_MEMORY_DOCS,
    ),
    Trap(
        "too-small",
        "a call is short against the cost of sending it",
        lambda facts: _tiny(facts) and facts.job.calls > 1,
        SHARED_MEMORY | ALONE,
        "A call takes {wall} and sending one to a worker {dispatch}: before any pool can help, batch the work so that "
        "one call handles hundreds of items.",
        TINY_CALLS,
    ),
    Trap(
        "too-small",
        "a call is short against the cost of sending it",
        _tiny,
        OWN_GIL,
        "A call takes {wall} and sending one to a worker {dispatch}: send many at a time, map(..., "
        "chunksize={chunk}) as the code here does, or let one call handle many items.",
        TINY_CALLS,
    ),
    Trap(
        "memory",
        "the workers need more than half of the memory",
        _memory_is_short,
        POOLS,
        "{crew} need about {memory_needed} of the {memory} there is: use fewer workers, or smaller pieces of work.",
        PROCESS_GUIDELINES,
    ),
    Trap(
        "main-guard",
        "workers start by importing the main module",
        lambda facts: facts.machine.start_method != "fork",
        PROCESSES,
        "Workers start by {start_method} here and import your main module again: start the pool under "
        "if __name__ == '__main__', or it never ends starting.",
        START_METHODS,
    ),
    Trap(
        "fork-with-threads",
        "the process forks while threads are running",
        _threads_would_be_lost,
        PROCESSES,
        "Threads are alive when the pool forks, and a lock that one of them holds stays locked in the workers: use "
        "mp_context=multiprocessing.get_context('forkserver'), or 'spawn'.",
        FORK_AND_THREADS,
    ),
    Trap(
        "shared-random",
        "a random generator's state is copied into the workers",
        lambda facts: facts.effects.random_shared and facts.machine.start_method == "fork",
        PROCESSES,
        "The function draws from a global random generator, and forked workers start with copies of NumPy's: they "
        "draw the same numbers. Give each call a generator of its own, numpy.random.default_rng([seed, index]).",
        NUMPY_RANDOM,
    ),
    Trap(
        "slow-first-call",
        "the first call is much dearer than the others",
        _slow_first_call,
        OWN_GIL,
        "The first call took {first_call}, the others {wall}: every worker pays for it again. Do in the pool's "
        "initializer what it does once.",
        POOL_DOCS,
    ),
    Trap(
        "slow-import",
        "importing the target's module takes a good part of the job",
        _imports_are_slow,
        PROCESSES,
        "Importing the module takes {import_seconds}, and each worker does it again: keep one pool for all jobs, or "
        "move heavy imports out of the module that the workers import.",
        START_METHODS,
    ),
    Trap(
        "gil-convoy",
        "something must stay responsive beside threads that hold the GIL",
        lambda facts: facts.job.responsive is True and facts.gil_share >= MUCH and not facts.free_threaded,
        frozenset({"threading"}),
        "Threads that hold the GIL for {gil_share} of their time make every other thread wait up to 5 ms at each "
        "hand-over: a UI stutters. Processes would leave it alone; a lower sys.setswitchinterval eases it.",
        SWITCH_INTERVAL,
    ),
    Trap(
        "memory-bandwidth",
        "the call works on much memory",
        _shared_bandwidth,
        POOLS,
        "A call works on {working_set}: {crew} share one memory bus and cache, and may gain less than the cores "
        "promise. --verify tells.",
        "https://en.wikipedia.org/wiki/Roofline_model",
    ),
    Trap(
        "in-turn",
        "what a call holds while it waits, others have to wait for",
        lambda facts: facts.held_limit < facts.workers,
        CONCURRENT,
        "A call holds {held} for {held_share} of its time, and {held_places} can at a time: at most {held_limit}, "
        "however many workers there are. Hold it for a shorter part of the call, or have more of it.",
        AMDAHL,
    ),
    Trap(
        "hidden-limit",
        "the call waits, and the wait was only seen one call at a time",
        _hidden_limit,
        CONCURRENT,
        "A lock, a rate limit or a connection limit behind the waiting shows only when calls overlap, and {workers} "
        "workers may need {workers} connections: check with --verify before relying on it.",
        AMDAHL,
    ),
    Trap(
        "output",
        "the function prints",
        lambda facts: facts.effects.output_bytes > 0 and facts.workers > 1,
        CONCURRENT,
        "The function printed {output_bytes} while it was measured; lines of several workers interleave. Return the "
        "text, or use logging.",
        "https://docs.python.org/3/howto/logging-cookbook.html",
    ),
    Trap(
        "threads-left",
        "threads outlive the calls",
        lambda facts: bool(facts.effects.threads_left),
        EVERY,
        "Threads are still running after the calls ({threads_left}): over {calls} calls they pile up. Join them, or "
        "keep one pool outside the function.",
        THREADING_DOCS,
    ),
    Trap(
        "children-left",
        "child processes outlive the calls",
        lambda facts: facts.effects.children_left > 0,
        EVERY,
        "{children_left} child process(es) still run after the calls, and over {calls} calls they pile up: wait for "
        "them, or use subprocess.run.",
        "https://docs.python.org/3/library/subprocess.html",
    ),
    Trap(
        "busy-host",
        "the host was busy while measuring",
        lambda facts: (facts.profile.run_queue or 0.0) >= 0.2 * facts.profile.wall,
        EVERY,
        "Each call stood {run_queue} in line for a core while it was measured: the host was busy. Measure again when "
        "it is quiet.",
        "https://docs.kernel.org/scheduler/sched-stats.html",
    ),
    Trap(
        "unknown-split",
        "how the call's time splits into computing and waiting is not known",
        lambda facts: facts.unknown_share >= MUCH and not facts.verified,
        EVERY,
        "Nobody measured where {unknown_share} of a call's time goes, and computing is assumed: measure it with "
        "advise my_module:function, or run a part of the job with --verify.",
        NOTEBOOK,
    ),
    Trap(
        "uncertain",
        "few calls were measured or the interval is wide",
        _uncertain,
        EVERY,
        "Judged by {calls_measured}, the job may take {low} to {high}: give a larger --budget and more inputs, "
        "or run a part of it with --verify.",
        "90 % interval of the cost model",
    ),
    Trap(
        "assumed-figures",
        "nothing was measured",
        lambda facts: facts.assumed,
        EVERY,
        "Nothing was measured, the figures are assumed ({archetype}): measure yours with advise my_module:function.",
        NOTEBOOK,
    ),
)


def fired(facts: Facts, rules: Iterable[Rule] = RULES) -> tuple[Rule, ...]:
    """The rules that speak for the chosen strategy, the strongest first; never none."""
    return tuple(rule for rule in rules if rule.fires(facts)) or (FALLBACK,)


def reasons(
    profile: Profile,
    job: Job,
    machine: Machine,
    estimates: tuple[Estimate, ...],
    chosen: Estimate,
    *,
    rules: Iterable[Rule] = RULES,
) -> tuple[Reason, ...]:
    """Why `chosen`, in words filled with the figures, the strongest reason first."""
    facts = Facts(profile, job, machine, estimates, chosen)
    return tuple(Reason(rule=rule.name, text=rule.text(facts), source=rule.source) for rule in fired(facts, rules))


def pitfalls(
    profile: Profile,
    job: Job,
    machine: Machine,
    estimates: tuple[Estimate, ...],
    chosen: Estimate,
    *,
    verified: bool = False,
    traps: Iterable[Trap] = PITFALLS,
) -> tuple[Pitfall, ...]:
    """What to watch for with `chosen`, and what to do about it."""
    facts = Facts(profile, job, machine, estimates, chosen, verified)
    named = facts.figures()
    return tuple(Pitfall(code=trap.code, text=trap.text.format_map(named)) for trap in traps if trap.fires(facts))


def as_json() -> dict[str, list[dict[str, object]]]:
    """The rules and pitfalls as plain data, templates unfilled."""
    return {
        "rules": [
            {
                "rule": rule.name,
                "when": rule.when,
                "favours": sorted(rule.favours),
                "text": f"{rule.because}, so {rule.so}",
                "source": rule.source,
            }
            for rule in (*RULES, FALLBACK)
        ],
        "pitfalls": [
            {
                "code": trap.code,
                "when": trap.when,
                "concerns": sorted(trap.concerns),
                "text": trap.text,
                "source": trap.source,
            }
            for trap in PITFALLS
        ],
    }
