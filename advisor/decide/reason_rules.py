"""The rules: why a strategy suits a task, as rows, the strongest first.

A rule holds its condition, the strategies it speaks for, its words and their source together, so that the explanation
cannot differ from the decision. Its words come in two halves: `because` (a clause that the summary quotes) and `so`.
Both are templates over `Facts.words`.
"""

from __future__ import annotations

from collections.abc import Iterable

from advisor.decide import citations
from advisor.decide.cluster_rules import CHOICE_RULES
from advisor.decide.reason_rule import Rule
from advisor.decide.rule_inputs import MOSTLY, MUCH, SERIAL_SPEEDUP, SMALL_TASK, Facts
from advisor.models import Reason
from advisor.models.strategies import EVERY, LOCAL, OWN_GIL, SEQUENTIAL, SHARED_MEMORY


def _start_up_dominates(facts: Facts) -> bool:
    processes = facts.best("multiprocessing")
    return (
        facts.wants_processes
        and facts.loop is not None
        and processes is not None
        and processes.start_up >= 0.5 * facts.loop.seconds.expected
    )


def _unpicklable(facts: Facts) -> bool:
    return facts.wants_processes and bool(facts.profile.unpicklable_parts)


def _only_the_loop_is_feasible(facts: Facts) -> bool:
    return facts.runner_up is None and any(not estimate.feasible for estimate in facts.estimates)


def _processes_are_no_faster(facts: Facts) -> bool:
    processes = facts.best("multiprocessing")
    return processes is not None and facts.chosen.seconds.expected <= processes.seconds.expected * 1.05


RULES: tuple[Rule, ...] = (
    *CHOICE_RULES,
    Rule(
        "single-call",
        "the job is one call",
        lambda facts: facts.job.calls == 1,
        SEQUENTIAL,
        "there is only one call to do",
        "nothing can run beside it; workers would need the call split into parts",
        citations.AMDAHL,
    ),
    Rule(
        "off-the-main-thread",
        "the job is one call, and something else must go on meanwhile",
        lambda facts: facts.job.calls == 1 and facts.job.responsive is True,
        SHARED_MEMORY,
        "something else must stay responsive meanwhile",
        "the work belongs off the main thread, where it is no faster but in nobody's way",
        citations.NOTEBOOK + " (user-interface responsiveness)",
    ),
    Rule(
        "already-parallel",
        "one call keeps most cores busy by itself",
        lambda facts: facts.native_threads >= max(1.5, 0.6 * facts.machine.cores),
        SEQUENTIAL,
        "one call keeps {busy_cores} of {cores} busy by itself",
        "a pool on top would compete for the same cores, unless its threads are limited first",
        citations.THREADPOOLCTL,
    ),
    Rule(
        "one-core",
        "the host has one core and the call computes",
        lambda facts: facts.machine.cores == 1 and facts.wait_share < MOSTLY,
        SEQUENTIAL,
        "only one core may be used and the function computes rather than waits",
        "workers would only take turns on it",
        citations.NOTEBOOK,
    ),
    Rule(
        "shared-resource",
        "what calls share rules out every strategy that would be faster",
        lambda facts: facts.ruled_out is not None,
        SEQUENTIAL,
        "{ruled_out_kind} would break what calls share ({ruled_out_why})",
        "the plain loop is the fastest safe strategy; the warning says what to change",
        citations.PROCESS_GUIDELINES,
    ),
    Rule(
        "too-small",
        "sending a call to a worker costs a good part of the call",
        lambda facts: facts.profile.wall < SMALL_TASK * facts.dispatch,
        SEQUENTIAL,
        "a call takes {wall} and sending one to a worker costs {dispatch}",
        "a pool loses more than it gains; put many items into each call first",
        citations.TINY_CALLS,
    ),
    Rule(
        "start-up",
        "starting the pool costs at least half of the whole job",
        _start_up_dominates,
        SEQUENTIAL,
        "the whole job takes {loop_seconds} and starting processes for it {start_up}",
        "it is over before a pool has paid for itself",
        citations.POOL_DOCS,
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
        citations.NOTEBOOK + " (I/O bound)",
    ),
    Rule(
        "holds-gil",
        "at least half of the time is spent holding the GIL, and little of it waiting",
        lambda facts: facts.gil_share >= MOSTLY and facts.wait_share < MUCH and not facts.free_threaded,
        OWN_GIL,
        "the function holds the GIL for {gil_share} of its time",
        "threads would take turns ({thread_limit}) while {kind} have a GIL each",
        citations.NOTEBOOK + " (CPU bound)",
    ),
    Rule(
        "releases-gil",
        "at least half of the time is native code with the GIL released",
        lambda facts: facts.free_share >= MOSTLY and not facts.free_threaded,
        frozenset({"threading"}),
        "the function computes for {free_share} of its time with the GIL released",
        "threads use several cores as processes would, and share memory",
        citations.GIL_TERM,
    ),
    Rule(
        "free-threaded",
        "the interpreter has no GIL and the call computes",
        lambda facts: facts.free_threaded and facts.computes,
        frozenset({"threading"}),
        "the function computes for {own_share} of its time and this Python is free-threaded",
        "threads run Python code on several cores at once",
        citations.FREE_THREADING,
    ),
    Rule(
        "free-threaded-apart",
        "the interpreter has no GIL, and the call computes on objects that threads would share",
        lambda facts: facts.free_threaded and facts.computes,
        OWN_GIL,
        "the function computes for {own_share} of its time",
        "{kind}, which share no objects, do not slow each other as threads without a GIL may",
        citations.FREE_THREADING,
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
        lambda facts: (
            facts.free_share + facts.child_share >= MOSTLY and facts.gil_share < MOSTLY and not facts.free_threaded
        ),
        OWN_GIL,
        "the function needs a core, but not the GIL, for most of its time",
        "any workers would do that use all cores, and {kind} come out ahead here",
        citations.GIL_TERM,
    ),
    Rule(
        "waits-in-processes",
        "the call both waits and holds the GIL",
        lambda facts: facts.wait_share >= MUCH and facts.gil_share >= 0.1 and not facts.free_threaded,
        OWN_GIL,
        "the function holds the GIL for {gil_share} of its time and waits for {wait_share}",
        "{kind} overlap both, the waiting and the computing",
        citations.NOTEBOOK,
    ),
    Rule(
        "mixed",
        "the call both waits and holds the GIL",
        lambda facts: MUCH <= facts.wait_share < MOSTLY and facts.gil_share >= 0.1 and not facts.free_threaded,
        SHARED_MEMORY,
        "the function waits for {wait_share} of its time and holds the GIL for {gil_share}",
        "{kind} overlap the waiting, and the GIL limits them to {thread_limit}",
        citations.NOTEBOOK,
    ),
    Rule(
        "shared-state",
        "the calls share state",
        lambda facts: facts.job.shares_state is True,
        SHARED_MEMORY,
        "the calls share state",
        "{kind} see the same objects, where processes would each have a copy",
        citations.NOTEBOOK + " (shared state)",
    ),
    Rule(
        "responsive",
        "something else must go on meanwhile, and the call leaves the GIL alone",
        lambda facts: facts.job.responsive is True and facts.job.calls > 1 and facts.gil_share < MOSTLY,
        SHARED_MEMORY,
        "something else must stay responsive meanwhile",
        "the work belongs off the main thread, and it leaves the GIL free enough for that",
        citations.NOTEBOOK + " (user-interface responsiveness)",
    ),
    Rule(
        "responsive-apart",
        "something else must go on meanwhile, and the call holds the GIL",
        lambda facts: facts.job.responsive is True and facts.gil_share >= MOSTLY and not facts.free_threaded,
        OWN_GIL,
        "something else must stay responsive meanwhile",
        "the computing goes to an interpreter of its own, where it cannot starve the main thread of the GIL",
        citations.SWITCH_INTERVAL,
    ),
    Rule(
        "one-after-the-other",
        "described calls that need each other's results, or all the same thing",
        lambda facts: facts.profile.archetype == "serial" and facts.resource_limit < SERIAL_SPEEDUP,
        SEQUENTIAL,
        "the calls have to take turns: each needs the result of the one before, or the one thing that all of them use",
        "workers would stand in line",
        citations.AMDAHL,
    ),
    Rule(
        "in-turn",
        "what a call holds while it waits, others would have to wait for",
        lambda facts: facts.profile.archetype != "serial" and facts.resource_limit < SERIAL_SPEEDUP,
        SEQUENTIAL,
        "{resource_places} at a time can hold {resource}, and a call holds it for {resource_share} of its time",
        "workers would stand in line for it",
        citations.AMDAHL,
    ),
    Rule(
        "one-for-each-process",
        "threads would wait for what each process has one of",
        lambda facts: facts.tightest_resource is None and bool(facts.profile.held),
        OWN_GIL,
        "in one process, {resource_places} at a time can hold {resource}, for {resource_share} of a call",
        "processes, which have one each, do not wait for one another",
        citations.AMDAHL,
    ),
    Rule(
        "unpicklable",
        "the call cannot be sent to a process",
        _unpicklable,
        SHARED_MEMORY | SEQUENTIAL,
        "processes cannot be given this call ({obstacle})",
        "what needs no pickling is left",
        citations.PICKLE_DOCS,
    ),
    Rule(
        "pickling-dear",
        "pickling costs at least a fifth of the call",
        lambda facts: facts.pickling_is_expensive and facts.computes and facts.machine.cores > 1,
        SHARED_MEMORY | SEQUENTIAL,
        "sending one call to a process and its result back costs {pickling} against {wall} of work",
        "processes would spend their gain on the pipe",
        citations.LARGE_RESULTS,
    ),
    Rule(
        "memory",
        "the host's memory is too small for what would be at least a tenth faster",
        lambda facts: facts.larger_pool is not None,
        EVERY,
        "{larger_pool} would need {larger_pool_memory} of memory, more than {memory_share} of the {memory} available",
        "only what fits is left",
        citations.NOTEBOOK + " (minimal memory)",
    ),
    Rule(
        "threads-take-turns",
        "at least half of the time is spent holding the GIL",
        lambda facts: facts.gil_share >= MOSTLY and not facts.free_threaded and facts.machine.cores > 1,
        SEQUENTIAL,
        "the function holds the GIL for {gil_share} of its time",
        "threads would only take turns",
        citations.GIL_TERM,
    ),
    Rule(
        "more-than-cores",
        "more workers than cores, for a call that waits",
        lambda facts: facts.workers > facts.machine.cores and facts.wait_share >= 0.2,
        OWN_GIL & LOCAL,
        "a call waits for {wait_share} of its time",
        "{worker_count} workers keep {cores} busy where fewer would leave them idle",
        citations.NOTEBOOK,
    ),
    Rule(
        "simpler",
        "processes are no faster, though the call computes",
        lambda facts: facts.strategy == "threading" and facts.computes and _processes_are_no_faster(facts),
        frozenset({"threading"}),
        "processes would be no faster",
        "threads are the simpler choice: shared memory, no pickling, a quick start",
        citations.NOTEBOOK + " (minimal memory, fast context switches)",
    ),
    Rule(
        "little-to-gain",
        "no pool makes the job at least a tenth faster",
        lambda facts: facts.runner_up is not None,
        SEQUENTIAL,
        "the plain loop takes {loop_seconds} and the best other way, {runner_up}, {runner_up_seconds}",
        "a pool is not worth its trouble",
        citations.AMDAHL,
    ),
    Rule(
        "ruled-out",
        "every other strategy fails or gives different results",
        _only_the_loop_is_feasible,
        SEQUENTIAL,
        "every other strategy fails or gives different results",
        "only the plain loop is left; the table says why",
        "--verify",
    ),
)

FALLBACK = Rule(
    "prediction",
    "no other rule says why",
    lambda facts: True,
    EVERY,
    "the cost model puts {workers} at {expected} against {loop_seconds} for a plain loop",
    "that is the best of the ways it compared",
    "closed queueing network of GIL, cores, parent and waiting",
)


def reasons(facts: Facts, rules: Iterable[Rule] = RULES) -> tuple[Reason, ...]:
    """Return a reason for each rule that speaks for the chosen strategy, the strongest first; there is at least one."""
    fired = [rule for rule in rules if rule.fires(facts)] or [FALLBACK]
    return tuple(Reason(rule=rule.name, text=rule.text(facts), source=rule.source) for rule in fired)


def strongest(facts: Facts) -> Rule:
    """Return the first rule that speaks for the chosen strategy."""
    return next((rule for rule in RULES if rule.fires(facts)), FALLBACK)
