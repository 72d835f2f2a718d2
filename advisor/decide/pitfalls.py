"""The pitfalls: what to watch for with a strategy, and what to do about it, as rows."""

from __future__ import annotations

from advisor.decide import citations, pitfall_conditions
from advisor.decide.cluster_conditions import threads_share_globals
from advisor.decide.cluster_pitfalls import CLUSTER_PITFALLS
from advisor.decide.measurement_pitfalls import MEASUREMENT_PITFALLS
from advisor.decide.pitfall_rule import PitfallRule
from advisor.decide.race_pitfalls import RACE_PITFALLS
from advisor.decide.rule_inputs import (
    MANY_PIECES,
    MOSTLY,
    MUCH,
    NOTICEABLE,
)
from advisor.models.strategies import (
    CLUSTERS,
    CONCURRENT,
    EVERY,
    LOCAL,
    OWN_GIL,
    POOLS,
    PROCESSES,
    SEQUENTIAL,
    SHARED_MEMORY,
)

PITFALLS: tuple[PitfallRule, ...] = (
    PitfallRule(
        "only-first-call",
        "only the first call was measured",
        pitfall_conditions.only_first_call,
        EVERY,
        "Only the first call was measured ({wall}). First calls import, load, connect or compile; if the others are "
        "shorter, the job takes less time and there is less to gain. Measure more with a larger --budget and "
        "--timeout, or move one-time setup to the top level of the module.",
        citations.POOL_DOCS,
    ),
    PitfallRule(
        "unpicklable-function",
        "the function cannot be pickled and only processes would help",
        lambda facts: "function" in facts.profile.unpicklable_parts and pitfall_conditions.processes_matter(facts),
        EVERY,
        "The function cannot be sent to a process ({function_reason}): define it, or a function that calls it, at the "
        "top level of an importable module, not as a lambda or inside another function.{function_gain}",
        citations.PICKLE_DOCS,
    ),
    PitfallRule(
        "called-by-name",
        "the function cannot be pickled, but each worker can look it up by its name",
        lambda facts: facts.profile.is_called_by_name,
        OWN_GIL,
        "{target} cannot be pickled ({function_reason}), but workers can look it up by its name: pass the pool a "
        "top-level function of the script that calls it, as the code here does. Each worker then has its own copy.",
        citations.PICKLE_DOCS,
    ),
    PitfallRule(
        "unpicklable-arguments",
        "the arguments cannot be pickled and only processes would help",
        lambda facts: facts.profile.picklable.arguments is False and pitfall_conditions.processes_matter(facts),
        EVERY,
        "The arguments cannot be sent to a process ({argument_reason}): {argument_remedy}.{argument_gain}",
        citations.PICKLE_DOCS,
    ),
    PitfallRule(
        "unpicklable-result",
        "the result cannot be pickled and only processes would help",
        lambda facts: facts.profile.picklable.results is False and pitfall_conditions.processes_matter(facts),
        EVERY,
        "The result cannot be sent back from a process ({result_reason}): {result_remedy}.{result_gain}",
        citations.PICKLE_DOCS,
    ),
    PitfallRule(
        "failing-inputs",
        "some inputs raised while the others worked",
        lambda facts: facts.profile.failed_inputs is not None,
        EVERY,
        "{failed_inputs} failed while measuring, with {failed_exception}. An uncaught exception ends the job: the "
        "code here catches it and uses it as the result of that call.",
        citations.POOL_DOCS,
    ),
    PitfallRule(
        "unpicklable-exception",
        "an exception does not survive pickling and processes would send it back",
        pitfall_conditions.exception_breaks_the_pool,
        EVERY,
        "{failed_reason}. Raised in a worker, it breaks the whole process pool: pass all arguments of its __init__ to "
        "super().__init__(), or return its text instead, as the code here does for processes.",
        citations.PICKLE_DOCS,
    ),
    PitfallRule(
        "native-result",
        "a result is made of many pieces of native memory, which threads would give back for each other",
        lambda facts: (facts.profile.result_pieces or 0.0) >= MANY_PIECES * facts.profile.wall and facts.free_share > 0,
        frozenset({"threading", "sequential"}),
        "A result is made of some {result_pieces} pieces of native memory, as a parsed document is. With threads they "
        "are given back while others are taken, and both wait for the allocator: return what is wanted of it as plain "
        "data, and let the rest go within the call.",
        citations.MALLOC,
    ),
    PitfallRule(
        "coroutine-in-a-pool",
        "a coroutine function is given to a pool",
        lambda facts: facts.profile.coroutine,
        POOLS,
        "A pool that calls a coroutine function gets a coroutine that never runs: let each worker call "
        "asyncio.run(function(...)), as the code here does.",
        citations.ASYNCIO_DOCS,
    ),
    PitfallRule(
        "blocks-the-loop",
        "a coroutine computes for much of its time",
        lambda facts: facts.computes and facts.profile.coroutine,
        frozenset({"asyncio"}),
        "The coroutine computes for {gil_share} of its time and holds up every other task in the loop meanwhile: "
        "give that part to a process pool with loop.run_in_executor.",
        citations.ASYNCIO_DOCS,
    ),
    PitfallRule(
        "blocking-call",
        "a coroutine waits in the event loop's thread instead of awaiting",
        lambda facts: facts.share(facts.profile.loop_blocked) >= NOTICEABLE,
        EVERY,
        "The coroutine blocks the event loop for {loop_blocked} of its {wall}{blocking_line}: no other task can run "
        "meanwhile. Run the blocking call with await asyncio.to_thread(…), or use an asynchronous client.",
        citations.ASYNCIO_DOCS,
    ),
    PitfallRule(
        "not-thread-safe",
        "the function writes globals and threads would share them",
        threads_share_globals,
        CLUSTERS | {"threading"},
        "The function writes {lost_globals}: threads can interleave between reading and writing it. Guard it with a "
        "threading.Lock, or return the value instead.",
        citations.THREADING_DOCS,
    ),
    PitfallRule(
        "unguarded-state",
        "the calls share state and threads would interleave on it",
        lambda facts: facts.job.shares_state is True and not facts.effects.globals_written and facts.workers > 1,
        frozenset({"threading"}),
        "The calls share state, and `total += 1` is not atomic: guard what they write with a threading.Lock, or hand "
        "it over through a queue.Queue.",
        "notebook “Understanding Multithreading”, Common Pitfalls",
    ),
    PitfallRule(
        "unshared-globals",
        "the function writes globals, of which each process has its own",
        lambda facts: bool(facts.lost_globals),
        OWN_GIL,
        "The function writes {lost_globals}: every worker has a copy of its own, and what it writes there is lost. "
        "Return the value and collect it in the parent.",
        citations.PROCESS_GUIDELINES,
    ),
    PitfallRule(
        "unshared-changes",
        "a call changes its arguments or an object, of which each process has its own",
        pitfall_conditions.changes_are_lost,
        OWN_GIL,
        "The function changes {changed}: a process changes only its own copy, and what it changed is lost. Return what "
        "is new, such as the changed object itself, and put it in place in the parent.",
        citations.PROCESS_GUIDELINES,
    ),
    PitfallRule(
        "unshared-state",
        "the calls share state, of which each process has its own",
        lambda facts: facts.job.shares_state is True and not facts.effects.globals_written,
        OWN_GIL & LOCAL,
        "The calls share state and processes do not: return each call's part and merge in the parent, or keep the "
        "state in a multiprocessing.Manager.",
        citations.PROCESS_GUIDELINES,
    ),
    PitfallRule(
        "gil-blocked",
        "the call blocks with the GIL held",
        lambda facts: facts.share(facts.profile.gil_blocked) >= 0.1 and not facts.free_threaded,
        SHARED_MEMORY | SEQUENTIAL,
        "The function blocks for {gil_blocked} per call with the GIL held, so no thread can run meanwhile: some "
        "extension does not release it. Look for another library, or call it in processes.",
        citations.GIL_TERM,
    ),
    PitfallRule(
        "nested-parallelism",
        "a call keeps several cores busy by itself",
        pitfall_conditions.parallel_by_itself,
        LOCAL,
        "Each call {by_itself}{on_top}. To limit a call to one core, {to_one_thread}.{limited_processes}",
        citations.THREADPOOLCTL,
    ),
    PitfallRule(
        "child-threads",
        "the child program runs on several cores",
        lambda facts: facts.workers > 1 and (facts.profile.child_cpu or 0.0) > 1.2 * facts.profile.wall,
        CONCURRENT,
        "The other program uses several cores itself ({child_cpu} of CPU in {wall}): give it one thread (such as "
        "ffmpeg -threads 1) or use fewer workers.",
        "https://ffmpeg.org/ffmpeg-codecs.html",
    ),
    PitfallRule(
        "large-self",
        "the function drags a large object along",
        pitfall_conditions.large_self,
        LOCAL,
        "Every task would carry the function's {function_bytes} (a bound method brings its whole object): use a "
        "module-level function, and give each worker the object once through the pool's initializer.",
        citations.POOL_DOCS,
    ),
    PitfallRule(
        "pickling-dear",
        "pickling costs at least a fifth of the call",
        pitfall_conditions.data_is_expensive,
        LOCAL,
        "Sending a call to a process costs {pickling} against {wall} of work ({argument_bytes} in, {result_bytes} "
        "out): pass paths or indexes instead of data; give large read-only data once, by an initializer, "
        "multiprocessing.shared_memory or joblib's memory mapping; return summaries.",
        citations.SHARED_MEMORY_DOCS,
    ),
    PitfallRule(
        "too-small",
        "a call is short against the cost of sending it",
        lambda facts: pitfall_conditions.too_small(facts) and facts.job.calls > 1,
        SHARED_MEMORY | SEQUENTIAL,
        "A call takes {wall} and sending one to a worker {dispatch}: before any pool can help, batch the work so that "
        "one call handles hundreds of items.",
        citations.TINY_CALLS,
    ),
    PitfallRule(
        "too-small",
        "a call is short against the cost of sending it",
        pitfall_conditions.too_small,
        OWN_GIL & LOCAL,
        "A call takes {wall} and sending one to a worker {dispatch}: send many at a time, map(..., "
        "chunksize={chunk}) as the code here does, or let one call handle many items.",
        citations.TINY_CALLS,
    ),
    PitfallRule(
        "memory",
        "the workers need more than half of the memory",
        pitfall_conditions.memory_is_short,
        POOLS,
        "{workers} need about {memory_needed} of the {memory} there is: use fewer workers, or smaller pieces of work.",
        citations.PROCESS_GUIDELINES,
    ),
    PitfallRule(
        "main-guard",
        "workers start by importing the main module",
        lambda facts: facts.start_method != "fork" and not facts.in_notebook,
        PROCESSES,
        "Workers start by {start_method} here and import your main module again: start the pool under "
        "if __name__ == '__main__', or it never ends starting.",
        citations.START_METHODS,
    ),
    PitfallRule(
        "notebook-functions",
        "the function is defined in a notebook",
        lambda facts: facts.in_notebook and facts.profile.reached == "notebook",
        PROCESSES,
        "Worker processes cannot import a notebook: the code uses loky, which sends them the function with the globals "
        "that it uses, as they are at that moment. Or move the function into a module.",
        citations.LOKY,
    ),
    PitfallRule(
        "fork-with-threads",
        "the process forks while threads are running",
        pitfall_conditions.threads_would_be_lost,
        PROCESSES,
        "Threads are alive when the pool forks, and a lock that one of them holds stays locked in the workers: use "
        "mp_context=multiprocessing.get_context('forkserver'), or 'spawn'.",
        citations.FORK_AND_THREADS,
    ),
    PitfallRule(
        "shared-random",
        "a random generator's state is copied into the workers",
        pitfall_conditions.draws_the_same,
        PROCESSES,
        "The function draws from a global random generator, and forked workers start with copies of NumPy's: they "
        "draw the same numbers. Give each call a generator of its own, numpy.random.default_rng([seed, index]).",
        citations.NUMPY_RANDOM,
    ),
    PitfallRule(
        "slow-first-call",
        "the first call is more expensive than the others",
        pitfall_conditions.slow_first_call,
        OWN_GIL,
        "The first call took {first_call}, the others {wall}: every worker pays for it again. Do in the pool's "
        "initializer what it does once.",
        citations.POOL_DOCS,
    ),
    PitfallRule(
        "cheap-repeats",
        "a call with an input that was given before is much cheaper than the first",
        lambda facts: facts.profile.repeated_call is not None,
        EVERY,
        "With an input that was given before, a call takes {repeated_call} instead of {wall}: it remembers the "
        "result, finds a file there already, or has used up its argument. The plan is of calls that each come with a "
        "new input: where inputs come again, or the job is run again, expect less time and less to gain.",
        citations.CACHES,
    ),
    PitfallRule(
        "slow-import",
        "importing the target's module takes a good part of the job",
        pitfall_conditions.imports_are_slow,
        PROCESSES,
        "Importing the module takes {import_seconds}, and each worker does it again: keep one pool for all jobs, or "
        "move heavy imports out of the module that the workers import.",
        citations.START_METHODS,
    ),
    PitfallRule(
        "gil-convoy",
        "something must stay responsive beside threads that hold the GIL",
        lambda facts: facts.job.responsive is True and facts.gil_share >= MUCH and not facts.free_threaded,
        frozenset({"threading"}),
        "Threads that hold the GIL for {gil_share} of their time make every other thread wait up to 5 ms at each "
        "hand-over: a UI stutters. Processes would leave it alone; a lower sys.setswitchinterval eases it.",
        citations.SWITCH_INTERVAL,
    ),
    PitfallRule(
        "memory-bandwidth",
        "the call works on much memory",
        pitfall_conditions.shares_bandwidth,
        POOLS,
        "A call works on {working_set}: {workers} share one memory bus and cache, and may gain less than the cores "
        "promise. --verify tells.",
        "https://en.wikipedia.org/wiki/Roofline_model",
    ),
    PitfallRule(
        "in-turn",
        "what a call holds while it waits, others have to wait for",
        lambda facts: facts.resource_limit < facts.workers,
        CONCURRENT,
        "A call holds {resource} for {resource_share} of its time, and {resource_places} can at a time: at most "
        "{resource_limit}, however many workers there are. Hold it for a shorter part of the call, or have more of it.",
        citations.AMDAHL,
    ),
    PitfallRule(
        "hidden-limit",
        "the call waits, and the wait was only seen one call at a time",
        lambda facts: facts.workers > 1 and facts.wait_share >= MOSTLY and not facts.verified,
        CONCURRENT & LOCAL,
        "A lock, a rate limit or a connection limit behind the waiting shows only when calls overlap, and "
        "{worker_count} workers may need {worker_count} connections: check with --verify before relying on it.",
        citations.AMDAHL,
    ),
    PitfallRule(
        "output",
        "the function prints",
        lambda facts: facts.effects.output_bytes > 0 and facts.workers > 1,
        CONCURRENT & LOCAL,
        "The function printed {output_bytes} while it was measured; lines of several workers interleave. Return the "
        "text, or use logging.",
        "https://docs.python.org/3/howto/logging-cookbook.html",
    ),
    PitfallRule(
        "threads-left",
        "threads outlive the calls",
        lambda facts: bool(facts.effects.threads_left),
        EVERY,
        "Threads are still running after the calls ({threads_left}): over {calls} calls they pile up. Join them, or "
        "keep one pool outside the function.",
        citations.THREADING_DOCS,
    ),
    PitfallRule(
        "children-left",
        "child processes outlive the calls",
        lambda facts: facts.effects.children_left > 0,
        EVERY,
        "{children_left} child process(es) still run after the calls, and over {calls} calls they pile up: wait for "
        "them, or use subprocess.run.",
        "https://docs.python.org/3/library/subprocess.html",
    ),
    *CLUSTER_PITFALLS,
    *RACE_PITFALLS,
    *MEASUREMENT_PITFALLS,
)
