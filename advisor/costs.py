"""From a profile to predicted seconds: every strategy at every worker count, each with a 90 % interval.

A call's parts (`Call`) become the demands of a closed queueing network (`queueing`): the GIL is its lock for threads,
the event loop for asyncio; a process pool has none, but a parent that pickles and sends. Start-up, rounds and the drain
at the end of a job come on top. What a pool costs is the Machine's to say; nothing is measured here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Literal

from advisor import figures
from advisor.queueing import Cores, Visit, WorkerStage, job_seconds, lock_curve, pool_throughput, sizes
from advisor.records import POOL_COSTS, Estimate, Held, Job, Machine, Profile, Range, Strategy

MIN_GAIN = 1.10  # sequential wins unless something else is at least this much faster
# The smallest worker count within this factor of the best, since each worker costs memory. Not more: where calls wait
# for half of their time, the knee of the measured curves was seen at more workers than that of the predicted ones.
GOOD_ENOUGH = 1.02

MOST_THREADS = 256
MOST_PROCESSES = 512
FEW_PROCESSES = 64  # calls that wait may use this many on a small host
LIMITS = (2, 3, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 1000)  # of concurrent calls under asyncio
MEMORY_SHARE = 0.8  # of the memory available that the workers may take
CHUNK_SECONDS = 50e-3  # of computing: a chunk lasts at least this long, so that sending it is a trifle
CHUNK_TASKS = 20  # ... and at least this many times what sending it costs
CHUNKS_PER_WORKER = 4  # fewer leave workers idle at the end

SWITCH_INTERVAL = 5e-3  # sys.getswitchinterval(): how long pure Python keeps the GIL that another thread wants
GIL_CONTENTION = 0.07  # of the GIL's time, lost while others want it: pure Python on threads was seen to lose 0 to 20 %
# Of a core's speed, lost for each wanted core beyond one a core, by native pools side by side. On two cores, two
# processes with two native threads each took from 0.75 to 8.7 times as long as a loop: 2.9 at the geometric mean.
CROWDING = 2.0
# The same for threads, whose native pools some libraries share. Two threads took from 0.77 to 2.1 times as long.
CROWDING_IN_THREADS = 0.6
LONG_WAIT = 5e-3  # after which a core's caches are as cold as they get; after 1 ms they have lost a third of that
COLD_SHARE = 0.5  # of what a call computes at the most; a burst of 0.1 ms was seen to take 2.8 times as long
# Of a call's computing, lost at most to hand-overs of the GIL: calls that let go every 4 µs took 2 to 5 times as long
# on threads, though each hand-over cost less than it does where bursts are long.
SHORT_HAND_OVERS = 2.0
PIPE_BYTES = 65536  # a pipe's buffer on Linux; a task beyond it cannot be sent ahead
# Of the time that a lock is held, lost at each hand-over to one who waits for it: to be woken, on a core gone cold.
# Two jobs behind the lock of a file took 1.2 times as long as the lock alone explains.
LOCK_CONTENTION = 0.15
# Costs that a Machine does not tell. Of CPython 3.11 on a shared two-core host: 0.12-0.28 ms, 7-9 µs, 0.9 µs, 0.5 ns.
ASYNCIO_RUN = 190e-6  # a loop opened and closed for one coroutine in a pool
ASYNCIO_TASK = 8e-6  # a task created, awaited under a semaphore and collected
FORK_BYTE = 20e-12  # a fork copies the tables of its parent's pages: 1.9, 2.4 and 4.0 ms with 25, 57 and 131 MB
PICKLE_CALL = 1e-6  # pickling and unpickling small objects, where it was not measured
PICKLE_BYTE = 0.5e-9  # ... and large ones, if they are plain bytes; lists of objects take ten times as long
# Assumed, for want of a profile that tells.
SPREAD = 0.3  # coefficient of variation of call lengths

Z90 = 1.645  # standard errors of a two-sided 90 % interval
WIDEST = 3.0  # an interval's half width as a logarithm: a factor of 20 says "unknown" well enough
SHORTEST = 1e-12  # seconds; shorter parts are rounding

Station = Literal["gil", "cores", "parent", "wait", "start-up"]
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

    @property
    def capacity(self) -> float:
        """Cores' worth of computing that all cores together give."""
        return self.machine.cores * self.cores.speed(self.machine.cores)

    def in_turn(self, *, processes: bool) -> Held | None:
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


@dataclass(frozen=True)
class Prediction:
    """Seconds of the job with one worker count, and what each station has to do for a call."""

    workers: int
    seconds: float
    pace: float  # calls per second in the middle of the job
    demands: dict[Station, float]  # seconds per call that a station as a whole is busy
    start_up: float = 0.0
    chunk: int = 1

    def load(self, station: Station) -> float:
        """Share of the time that a station is busy, 0 to 1."""
        return min(1.0, self.pace * self.demands.get(station, 0.0))

    @property
    def busiest(self) -> Station:
        """The station that sets the pace, or would with more workers."""
        return max(self.demands, key=self.load)


Predictor = Callable[[Case, Sequence[int]], list[Prediction]]


def estimate(profile: Profile, job: Job, machine: Machine) -> tuple[Estimate, ...]:
    """Every strategy this function and interpreter allow, at every worker count worth a look.

    What can't be done is there too, marked as infeasible with the reason.
    """
    case = case_of(profile, job, machine)
    return tuple(one for strategy in _strategies(case) for one in _estimates(strategy, case))


def case_of(profile: Profile, job: Job, machine: Machine) -> Case:
    """What is predicted: the profile's call as it is on that machine, beside others."""
    known = _for_interpreter(profile, machine)
    return Case(_warmed(call_parts(known), known, machine), known, job, machine)


def _for_interpreter(profile: Profile, machine: Machine) -> Profile:
    """The profile as far as it holds there: where no GIL was, nobody saw which of the computing would hold one."""
    if profile.python.free_threaded and not machine.python.free_threaded:
        return profile.model_copy(update={"gil_held": None, "gil_free": None})
    return profile


def leaders(estimates: Sequence[Estimate]) -> dict[Strategy, Estimate]:
    """For each strategy the smallest worker count within 2 % of its best; an infeasible one where none is feasible."""
    chosen: dict[Strategy, Estimate] = {}
    for strategy in dict.fromkeys(one.strategy for one in estimates):
        group = sorted((one for one in estimates if one.strategy == strategy), key=lambda one: one.workers)
        possible = [one for one in group if one.feasible] or group
        enough = GOOD_ENOUGH * min(one.seconds.expected for one in possible)
        chosen[strategy] = next(one for one in possible if one.seconds.expected <= enough)
    return chosen


def call_parts(profile: Profile, rest: Rest = "held") -> Call:
    """The parts of a call, completed so that alone they take `wall`.

    Where a part is unknown, the rest of the time counts as holding the GIL, as the decision matrix would have it, or,
    for the other end of the interval, as waiting. Time in the run queue of a busy host was computing that others
    held up; parts that exceed the wall time ran on several cores at once.
    """
    wall = max(profile.wall, SHORTEST)
    gil, native, child, wait = (
        seconds if seconds is not None and seconds > SHORTEST * wall else 0.0
        for seconds in (profile.gil_held, profile.gil_free, profile.child_cpu, profile.wait)
    )
    left = max(0.0, wall - gil - native - child - wait)
    unknown = _takes_the_rest(profile, rest)
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


def _warmed(call: Call, profile: Profile, machine: Machine) -> Call:
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


def _takes_the_rest(profile: Profile, rest: Rest) -> str | None:
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
    """The call scaled to its wall time: first what the run queue took from its computing, then all of it."""
    computing = call.gil + call.free / call.width
    left = wall - computing - call.wait
    slow = 1.0 + max(0.0, min(left, profile.run_queue or 0.0)) / computing if computing else 1.0
    alone = slow * computing + call.wait
    if alone <= 0:
        return replace(call, gil=wall)
    every = wall / alone
    wait = call.wait * every
    blocked = min(profile.gil_blocked or 0.0, wait)
    return replace(
        call,
        gil=call.gil * slow * every,
        native=call.native * slow * every,
        child=call.child * slow * every,
        blocked=blocked if blocked > SHORTEST * wall else 0.0,
        wait=wait - blocked,
    )


# Each strategy's seconds


def _sequential(case: Case, workers: Sequence[int]) -> list[Prediction]:
    each, waiting = case.one_after_another, case.call.wait + case.call.blocked
    demands: dict[Station, float] = {"cores": each - waiting, "wait": waiting}
    return [Prediction(one, case.job.calls * each + case.warm_up, 1 / each, demands) for one in workers]


def _threads(case: Case, workers: Sequence[int]) -> list[Prediction]:
    call, task = case.call, case.machine.thread_task + case.loop_per_call
    if case.machine.python.free_threaded:
        visit = Visit(parallel=call.cpu + task, delay=call.wait + call.blocked, width=call.mean_width)
    else:
        crowding = CROWDING_IN_THREADS if call.mean_width > _WIDE else 0.0
        visit = Visit(call.gil + task, call.blocked, call.free, call.wait, call.width, _contention(case), crowding)
    rate = lock_curve(visit, case.cores, max(workers))
    return [_in_one_process(case, visit, rate, one, case.machine.thread_start * one) for one in workers]


def _asyncio(case: Case, workers: Sequence[int]) -> list[Prediction]:
    """The loop runs whatever computes, native code included; child programs are awaited."""
    call = case.call
    visit = Visit(call.gil + call.native / call.width + ASYNCIO_TASK, call.blocked, call.child, call.wait)
    rate = lock_curve(visit, case.cores, max(workers))
    return [_in_one_process(case, visit, rate, one, start_up=0.0) for one in workers]


def _in_one_process(case: Case, visit: Visit, rate: Sequence[float], workers: int, start_up: float) -> Prediction:
    one_at_a_time = visit.locked + visit.blocked
    most = case.most_per_second(processes=False)
    rate = [min(one, most) for one in rate]
    seconds = job_seconds(case.job.calls, workers, rate, case.spread, one_at_a_time) + start_up + case.warm_up
    demands: dict[Station, float] = {
        "gil": visit.locked + visit.blocked + visit.contended,
        "cores": (visit.locked + visit.parallel) / case.capacity,
        "wait": max(visit.delay / workers, 1.0 / most),
    }
    return Prediction(workers, seconds, rate[workers], demands, start_up)


def _contention(case: Case) -> float:
    """GIL seconds that a call loses while others want the GIL: hand-overs, and Python that is made to let go.

    A hand-over is lost each time a call comes back from waiting or lets go of the GIL. Where it lets go every few µs, a
    hand-over costs no more than a few of these: often the GIL is back before another thread is awake. More cores bring
    more threads back to the GIL at once, so that this part, alone of all, may grow with the cores.
    """
    call, profile = case.call, case.profile
    waits = profile.switches if profile.switches is not None else float(call.wait > 0)
    hand_overs = max(1.0 + waits, profile.gil_releases or 0.0)
    computing = call.gil + call.native / call.width + case.machine.thread_task
    lost = min(hand_overs * case.machine.gil_switch, SHORT_HAND_OVERS * computing)
    burst = call.gil / (hand_overs - 1.0) if hand_overs >= 2.0 else math.inf
    return lost + GIL_CONTENTION * call.gil * min(1.0, burst / SWITCH_INTERVAL)


def _processes(case: Case, workers: Sequence[int]) -> list[Prediction]:
    return _pools(case, workers, _process_chunks, _process_task, _process_start)


def _interpreters(case: Case, workers: Sequence[int]) -> list[Prediction]:
    return _pools(case, workers, lambda case, workers: [1], _interpreter_task, _interpreter_start)


@dataclass(frozen=True)
class Task:
    """A chunk of calls sent to a worker with an interpreter of its own."""

    parent: float  # seconds of the parent: its half of the pickling, the pipe
    visit: Visit
    ahead: bool  # small enough to be sent before a worker asks for it


def _pools(
    case: Case,
    workers: Sequence[int],
    chunks_for: Callable[[Case, int], Sequence[int]],
    task_for: Callable[[Case, int], Task],
    start_for: Callable[[Case, int], float],
) -> list[Prediction]:
    """A pool whose workers have an interpreter each, and a parent that pickles, sends and collects.

    Of the chunks in question for a number of workers, the one that is done first.
    """
    chunks = {one: chunks_for(case, one) for one in workers}
    most = {
        chunk: max(one for one in workers if chunk in chunks[one]) for several in chunks.values() for chunk in several
    }
    tasks = {chunk: task_for(case, chunk) for chunk in most}
    stages = {chunk: WorkerStage(task.visit, case.cores, most[chunk]) for chunk, task in tasks.items()}
    return [
        min(
            (_one_pool(case, tasks[chunk], stages[chunk], one, chunk, start_for(case, one)) for chunk in several),
            key=lambda prediction: prediction.seconds,
        )
        for one, several in chunks.items()
    ]


def _one_pool(case: Case, task: Task, stage: WorkerStage, workers: int, chunk: int, start_up: float) -> Prediction:
    queued = workers + 1 if task.ahead else 1  # concurrent.futures.process: EXTRA_QUEUED_CALLS
    pace = pool_throughput(stage, task.parent, workers, queued)
    most = case.most_per_second(processes=True) / chunk
    pace = min(pace, most)
    rate = [min(alone, pace) for alone in stage.beside_idle_parent[: workers + 1]]
    count = math.ceil(case.job.calls / chunk)
    seconds = job_seconds(count, workers, rate, case.spread / math.sqrt(chunk))
    first = case.per_worker(case.warm_up, workers)
    path = task.parent + task.visit.alone(case.cores)  # the very first task is not sent ahead
    last = task.parent / 2 if count * task.parent < seconds else 0.0
    demands: dict[Station, float] = {
        "parent": task.parent / chunk,
        "cores": (task.parent + task.visit.parallel) / chunk / case.capacity,
        "wait": max(task.visit.delay / workers, 1.0 / most) / chunk,
    }
    return Prediction(workers, max(seconds + last, path) + start_up + first, pace * chunk, demands, start_up, chunk)


def _process_chunks(case: Case, workers: int) -> list[int]:
    """Calls per task: enough to make sending a trifle, few enough to keep every worker busy to the end.

    And, where a pipe's buffer can hold some but not so many, as many as it can, since larger tasks can't be sent ahead.
    """
    machine, (once, each) = case.machine, _loads(case.profile)
    fixed = machine.process_task + once.seconds + machine.process_byte * once.carried
    worth = max(CHUNK_SECONDS, CHUNK_TASKS * fixed) / case.call.wall
    chunk = _round(min(worth, case.job.calls / (CHUNKS_PER_WORKER * workers)))
    held = _round((PIPE_BYTES - once.sent) / max(each.sent, 1.0))
    return [chunk] if held >= chunk else [chunk, held]


def _round(most: float) -> int:
    """The largest of 1, 2, 5, 10, 20, … that is no more."""
    if most < 2:
        return 1
    power = 10 ** math.floor(math.log10(most))
    return int(power * max(digit for digit in (1, 2, 5) if digit * power <= most))


def _process_task(case: Case, chunk: int) -> Task:
    machine, (once, each) = case.machine, _loads(case.profile)
    parent = machine.process_task + once.seconds / 2 + machine.process_byte * once.carried
    parent += chunk * (each.seconds / 2 + machine.process_byte * each.carried)
    ahead = once.sent + chunk * each.sent < PIPE_BYTES
    worker = machine.process_task_worker + machine.process_byte * (once.carried + chunk * each.carried)
    return Task(parent, _worker_visit(case, chunk, worker), ahead)


def _interpreter_task(case: Case, chunk: int) -> Task:
    """Objects are pickled as for a process, but no pipe is between: the bytes are handed over in memory.

    A worker's thread does that, with the GIL of the interpreter that has the pool, so all workers share this parent.
    """
    once, each = _loads(case.profile)
    parent = case.machine.interpreter_task + (once.seconds + chunk * each.seconds) / 2
    return Task(parent, _worker_visit(case, chunk, case.machine.thread_task), ahead=True)


def _worker_visit(case: Case, chunk: int, task: float) -> Visit:
    call, (once, each) = case.call, _loads(case.profile)
    per_call = call.cpu + case.loop_per_call + each.seconds / 2
    return Visit(
        parallel=chunk * per_call + task + once.seconds / 2,
        delay=chunk * (call.wait + call.blocked),
        width=call.mean_width,
        crowding=CROWDING if call.mean_width > _WIDE else 0.0,
    )


@dataclass(frozen=True)
class Load:
    """What goes through a pipe: seconds to pickle and unpickle it, bytes to the worker and back."""

    seconds: float
    sent: float
    returned: float

    @property
    def carried(self) -> float:
        """Bytes either way."""
        return self.sent + self.returned


def _loads(profile: Profile) -> tuple[Load, Load]:
    """What a task carries once, and besides with each of its calls.

    Once: the function, and what a chunk's calls have in common, as far as that was looked at.
    """
    function, sent, back = (profile.function_bytes or 0.0, profile.argument_bytes or 0.0, profile.result_bytes or 0.0)
    seconds = profile.pickle_seconds
    if seconds is None:
        seconds = PICKLE_CALL + PICKLE_BYTE * (function + sent + back)
    share = function / (function + sent + back) if function else 0.0
    each = Load(
        _known(profile.further_pickle_seconds, seconds * (1.0 - share)),
        min(sent, _known(profile.further_argument_bytes, sent)),
        min(back, _known(profile.further_result_bytes, back)),
    )
    return Load(max(0.0, seconds - each.seconds), function + sent - each.sent, back - each.returned), each


def _known(measured: float | None, otherwise: float) -> float:
    return otherwise if measured is None else measured


def _process_start(case: Case, workers: int) -> float:
    machine, profile = case.machine, case.profile
    each = machine.process_start_each * (workers - 1)
    if machine.start_method == "fork":
        return machine.process_start + each + FORK_BYTE * (profile.idle_memory or 0) * workers
    return machine.process_start + each + case.per_worker(profile.import_seconds or 0.0, workers)


def _interpreter_start(case: Case, workers: int) -> float:
    """Each worker's thread starts its own interpreter, and has a core for it as far as there are any."""
    return case.per_worker(case.machine.interpreter_start + (case.profile.import_seconds or 0.0), workers)


# Which worker counts


def _strategies(case: Case) -> list[Strategy]:
    chosen: list[Strategy] = ["sequential", "threading", "multiprocessing"]
    if case.profile.coroutine:
        chosen.append("asyncio")
    if _version(case.machine.python.version) >= (3, 14):
        chosen.append("interpreters")
    return chosen


def _version(text: str) -> tuple[int, ...]:
    numbers = text.split(".")[:2]
    return tuple(int(number) for number in numbers) if all(number.isdecimal() for number in numbers) else ()


def _worker_counts(strategy: Strategy, case: Case) -> list[int]:
    calls, cores = case.job.calls, case.machine.cores
    if strategy == "sequential" or calls == 1:
        return [1]
    if strategy == "asyncio":
        return sorted({limit for limit in LIMITS if limit < calls} | {min(calls, LIMITS[-1])})
    most = min(MOST_THREADS if strategy == "threading" else _most_processes(case), calls)
    return sorted({*sizes(most), min(cores, most), most} - {1})


def _most_processes(case: Case) -> int:
    """Twice as many as cores, more as far as calls wait: beyond that each further one only costs."""
    cores, call = case.machine.cores, case.call
    computing = max(call.cpu, 1e-6 * call.wall)
    useful = min(3 * cores * call.wall / computing, max(FEW_PROCESSES, 4 * cores))
    return int(min(max(2 * cores, useful), MOST_PROCESSES))


# Intervals, limits and words


_PREDICTORS: dict[Strategy, Predictor] = {
    "sequential": _sequential,
    "threading": _threads,
    "multiprocessing": _processes,
    "asyncio": _asyncio,
    "interpreters": _interpreters,
}
# Half widths as logarithms: judgements, made with some of the jobs in profiles/recorded in view. They are too narrow:
# of the speed-ups in docs/score.md, eight in ten lie inside, where nine should.
_MODEL_ERROR: dict[Strategy, float] = {
    "sequential": 0.02,
    "threading": 0.15,
    "multiprocessing": 0.15,
    "asyncio": 0.25,
    "interpreters": 0.20,  # young, and tried on two cores only
}
# For each doubling of the workers: of calls that wait, since whom they wait for has limits that one call does not meet;
# of calls that compute, for each doubling beyond the cores, since they push each other out of the caches.
_PER_DOUBLING = {"waiting": 0.07, "computing": 0.06}
_TAKING_TURNS = 0.2  # where computing and waiting take turns in equal parts: who comes back finds the cores busy
_GIL_ERROR = 0.38  # where the GIL sets the pace: hand-overs cost from nothing to several times the usual
_TRIFLE = 1e-3  # of a call's wall time: a smaller error changes nothing
_BUSY = 0.7  # a station busy for this share of the time sets the pace
_WIDE = 1.5  # cores in use on average by a call that runs a pool of its own
_CROWDING_ERROR = 0.9  # nothing lost, or 8.7 times slower: both were seen
_ASSUMED_PROFILE = 0.3  # besides the standard errors that the archetype itself gives
_COST_FACTOR = {"measured": 1.25, "assumed": 2.0}
_GUESSED_GIL = {"observed": 0.0, "sampled": 0.02, "estimated": 0.15, None: 0.0}
_LARGE_WORKING_SET = 32e6  # bytes: beyond a core's own caches, neighbours slow each other


def _estimates(strategy: Strategy, case: Case) -> list[Estimate]:
    workers = _worker_counts(strategy, case)
    predict = _PREDICTORS[strategy]
    expected = predict(case, workers)
    variants = [predict(variant, workers) for variant in _variants(strategy, case)]
    waited = predict(_if_waited(case), workers) if _unknown(case.profile) else expected
    estimates = []
    for i, one in enumerate(expected):
        shifts = [abs(math.log(variant[i].seconds / one.seconds)) for variant in variants]
        width = min(WIDEST, math.hypot(_model_error(strategy, case, one), _profile_error(strategy, case), *shifts))
        low = min(one.seconds, waited[i].seconds) * math.exp(-width)
        estimates.append(
            _record(strategy, case, one, Range(low=low, expected=one.seconds, high=one.seconds * math.exp(width)))
        )
    return estimates


def _record(strategy: Strategy, case: Case, one: Prediction, seconds: Range) -> Estimate:
    memory = _memory(strategy, case.profile, one.workers)
    obstacle = _unfit(strategy, case.profile) or _out_of_memory(strategy, case.machine, one.workers, memory)
    station = _bottleneck(case, one)
    return Estimate(
        strategy=strategy,
        workers=one.workers,
        chunk=one.chunk,
        seconds=seconds,
        bottleneck=station,
        start_up=one.start_up,
        memory=memory,
        feasible=not obstacle,
        why=obstacle or _why(strategy, case, one, station),
    )


def _variants(strategy: Strategy, case: Case) -> list[Case]:
    """The same case with one thing off by as much as a 90 % interval allows."""
    if strategy == "sequential":
        return []
    factor = _COST_FACTOR[case.machine.source]
    costs = {name: min(1e9, getattr(case.machine, name) * factor) for name in POOL_COSTS}
    variants = [replace(case, machine=case.machine.model_copy(update=costs))]
    errors = case.profile.standard_error
    if strategy == "threading" and not case.machine.python.free_threaded:
        variants += _shifted(case, Z90 * errors.get("gil_held", 0.0))
    return variants + _other_wait(case, Z90 * errors.get("wait", 0.0))


def _shifted(case: Case, seconds: float) -> list[Case]:
    """The case with this much of the computing moved from holding the GIL to native code, or back if there is less."""
    call = case.call
    native = call.native / call.width
    seconds = min(seconds, max(call.gil, native))
    if seconds < _TRIFLE * call.wall:
        return []
    if call.gil < seconds:
        seconds = -seconds
    return [replace(case, call=replace(call, gil=call.gil - seconds, native=(native + seconds) * call.width))]


def _other_wait(case: Case, seconds: float) -> list[Case]:
    """The case with a longer wait, and a longer call: the clocks of the computing are exact."""
    if seconds < _TRIFLE * case.call.wall:
        return []
    return [replace(case, call=replace(case.call, wall=case.call.wall + seconds, wait=case.call.wait + seconds))]


def _unknown(profile: Profile) -> bool:
    return _takes_the_rest(profile, "held") is not None


def _if_waited(case: Case) -> Case:
    return replace(case, call=_warmed(call_parts(case.profile, "waited"), case.profile, case.machine))


def _model_error(strategy: Strategy, case: Case, one: Prediction) -> float:
    """Half width, as a logarithm, of what the model itself may be wrong by."""
    errors = [_MODEL_ERROR[strategy]]
    if case.profile.archetype is not None:
        errors.append(_ASSUMED_PROFILE)
    if strategy == "sequential":
        return errors[0] if len(errors) == 1 else math.hypot(*errors)
    waiting = (case.call.wait + case.call.blocked) / case.call.wall
    errors.append(_PER_DOUBLING["waiting"] * waiting * math.log2(one.workers))
    crowd = one.workers / case.machine.cores
    errors.append(_PER_DOUBLING["computing"] * (1.0 - waiting) * math.log2(max(1.0, crowd)))
    errors.append(_TAKING_TURNS * 4.0 * waiting * (1.0 - waiting))
    if strategy == "threading":
        errors.append(0.15 if case.machine.python.free_threaded else _GIL_ERROR * min(1.0, one.load("gil")))
        errors.append(_GUESSED_GIL[case.profile.gil_source])
    if _crowds(case, one.workers):
        errors.append(_CROWDING_ERROR)
    if _working_set(case.profile) > _LARGE_WORKING_SET:
        errors.append(0.10)
    return math.hypot(*errors)


def _crowds(case: Case, workers: int) -> bool:
    """Whether calls that use several cores each want more of them than there are."""
    width = case.call.mean_width
    return width > _WIDE and workers * width > 1.1 * case.machine.cores


def _profile_error(strategy: Strategy, case: Case) -> float:
    """Half width of what the measured wall time, and the luck of which calls come, may be off by.

    Beside other calls, only what is not the error of the wait: that has a variant of its own.
    """
    errors = case.profile.standard_error
    off = errors.get("wall", 0.0)
    if strategy != "sequential":
        off = math.sqrt(max(0.0, off**2 - errors.get("wait", 0.0) ** 2))
    luck = (case.profile.spread or 0.0) / math.sqrt(case.job.calls)
    return Z90 * math.hypot(off / max(case.profile.wall, SHORTEST), luck)


def _working_set(profile: Profile) -> float:
    """Bytes that a call adds to the process at its peak; 0 where unknown."""
    if profile.peak_memory is None or profile.idle_memory is None:
        return 0.0
    return float(max(0, profile.peak_memory - profile.idle_memory))


def _memory(strategy: Strategy, profile: Profile, workers: int) -> float | None:
    """Bytes at the peak: threads share all but what their calls add, processes share nothing."""
    idle = float(profile.idle_memory or 0)
    if profile.peak_memory is None:
        return None
    if strategy == "multiprocessing":
        return idle + workers * float(profile.peak_memory)
    return None if profile.idle_memory is None else idle + workers * _working_set(profile)


def _out_of_memory(strategy: Strategy, machine: Machine, workers: int, memory: float | None) -> str:
    if strategy == "sequential" or memory is None or machine.memory is None or memory <= MEMORY_SHARE * machine.memory:
        return ""
    crew = figures.crew(strategy, workers)
    return f"{crew} need {figures.size(memory)} of memory, {figures.size(machine.memory)} are available"


def _unfit(strategy: Strategy, profile: Profile) -> str:
    """Why the call can't be made that way; empty if it can."""
    if strategy == "threading" and profile.thread_failure:
        return f"the call fails in a thread that is not the main one: {profile.thread_failure}"
    if strategy not in ("multiprocessing", "interpreters"):
        return ""
    for name, verb in (("function", "is"), ("arguments", "are"), ("results", "are")):
        if getattr(profile.picklable, name) is False:
            reason = profile.picklable.reasons.get(name)
            return f"the {name} {verb} not picklable" + (f": {reason}" if reason else "")
    return ""


def _bottleneck(case: Case, one: Prediction) -> Station:
    """The station that sets the pace: the busiest, or where none is busy the larger part of the call."""
    if one.start_up > 0.5 * one.seconds:
        return "start-up"
    if one.load(one.busiest) >= _BUSY:
        return one.busiest
    waiting = case.call.wait + case.call.blocked
    return "wait" if waiting > 0.5 * case.call.wall else "cores"


def _why(strategy: Strategy, case: Case, one: Prediction, station: Station) -> str:
    if strategy == "sequential":
        return "no pool to start, nothing to send"
    if station == "start-up":
        crew = figures.crew(strategy, one.workers)
        return f"starting {crew} takes {figures.duration(one.start_up)}, longer than the work itself"
    if station == "wait":
        held = case.in_turn(processes=strategy in ("multiprocessing", "interpreters"))
        if held and one.pace * held.seconds / held.places >= _BUSY * (1.0 - LOCK_CONTENTION):
            most = figures.times(case.one_after_another * held.places / held.seconds)
            return f"{PurePath(held.name).name} ({held.kind}) lets {held.places} at a time through: at most {most}"
        return f"{one.workers} calls wait at the same time"
    if station == "cores" and _crowds(case, one.workers):
        return (
            f"one call keeps {figures.count(round(case.call.width))} cores busy by itself: more at once only crowd them"
        )
    if one.load(station) < _BUSY:
        return f"{one.workers} calls compute at the same time"
    most = figures.times(case.one_after_another / one.demands[station])
    return f"limited by {_limit(strategy, case.machine, station)}: at most {most}"


def _limit(strategy: Strategy, machine: Machine, station: Station) -> str:
    if station == "gil":
        return "the event loop" if strategy == "asyncio" else "the GIL"
    if station == "parent":
        return "what the parent must pickle and send"
    return "1 core" if machine.cores == 1 else f"{machine.cores} cores"
