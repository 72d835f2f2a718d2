"""Each strategy's seconds: a call's parts as demands of a closed queueing network, with start-up, rounds and the drain.

The GIL is the network's lock for threads, the event loop for asyncio; a process pool has none, but a parent that
pickles and sends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from advisor.models import Profile, Strategy
from advisor.predict.demands import Case
from advisor.predict.queueing import Pool, Visit, draining, job_seconds, lock_curve

CHUNK_SECONDS = 0.1  # of computing: a chunk lasts at least this long, so that sending it is a trifle
CHUNK_TASKS = 20  # ... and at least this many times what sending it costs
CHUNKS_PER_WORKER = 4  # fewer leave workers idle at the end

SWITCH_INTERVAL = 5e-3  # sys.getswitchinterval(): how long pure Python keeps the GIL that another thread wants
GIL_CONTENTION = 0.07  # of the GIL's time, lost while others want it: pure Python on threads was seen to lose 0 to 20 %
# Without a GIL: of a call's computing, lost while all cores compute, to reference counts, locks and memory that threads
# share. Of 22 functions of pure Python on two cores with 3.13t, threads reached 0.4 to 1.05 times what the cores allow,
# 0.8 in the median. The two that write a global or draw from the one random generator were slower than a loop.
NO_GIL_CONTENTION = 0.2
NO_GIL_CONTENTION_WRITING = 1.2
# Of a core's speed, lost for each wanted core beyond one a core, by native pools side by side. On two cores, two
# processes with two native threads each took from 0.75 to 8.7 times as long as a loop: 2.9 at the geometric mean.
CROWDING = 2.0
# The same for threads, whose native pools some libraries share. Two threads took from 0.77 to 2.1 times as long.
CROWDING_IN_THREADS = 0.6
WIDE = 1.5  # cores in use on average by a call that runs a pool of its own
# Of a call's computing, lost at most to hand-overs of the GIL: calls that let go every 4 µs took 2 to 5 times as long
# on threads, though each hand-over cost less than it does where bursts are long.
SHORT_HAND_OVERS = 2.0
# What a pool adds for each task: its result wakes the thread that waits for it, and the worker and the queue it takes
# the next one from wait for each other. Two threads took twice as long for calls of 7 to 70 µs as without these.
POOL_HAND_OVERS = 3.0
# Of each piece of native memory in a result: the main thread gives it back to the arena from which its maker takes new
# ones, if it computes without the GIL meanwhile. Of trees that lxml parsed on two cores, 11 to 30 ns of the cores' time
# went there for a piece while there were up to 16,000 of them, 72 to 124 ns beyond 33,000, which leave a core's cache
# (`python -m benchmarks.native_results`).
PIECE, PIECE_BEYOND_CACHE = 20e-9, 85e-9
PIECES_WITHIN_CACHE, PIECES_BEYOND_CACHE = 15_000, 40_000
PIECES_OF_MAIN = 0.3  # of that time; it has the GIL meanwhile
# Of a pipe's seconds a byte, which are the parent's: what a worker's core is busy meanwhile. Between 0.3 and 1.
WORKER_BYTE = 0.4
PIPE_BYTES = 65536  # a pipe's buffer on Linux; a task beyond it cannot be sent ahead
# Costs that a Machine does not tell. Of CPython 3.11 on a shared two-core host: 7-9 µs, 0.9 µs, 0.5 ns.
ASYNCIO_TASK = 8e-6  # a task created, awaited under a semaphore and collected
FORK_BYTE = 20e-12  # a fork copies the tables of its parent's pages: 1.9, 2.4 and 4.0 ms with 25, 57 and 131 MB
PICKLE_CALL = 1e-6  # pickling and unpickling small objects, where it was not measured
PICKLE_BYTE = 0.5e-9  # ... and large ones, if they are plain bytes; lists of objects take ten times as long

Station = Literal["gil", "cores", "parent", "wait", "start-up"]


class Prediction(NamedTuple):
    """Seconds of the job with one worker count, and what each station has to do for a call."""

    workers: int
    seconds: float
    pace: float  # calls per second in the middle of the job
    demands: dict[Station, float]  # seconds per call that a station as a whole is busy
    start_up: float = 0.0
    chunk: int = 1
    contended: float = 0.0  # of what the GIL has to do for a call: lost to hand-overs, which few workers have few of

    def load(self, station: Station) -> float:
        """Share of the time that a station is busy, 0 to 1."""
        return min(1.0, self.pace * self.demands.get(station, 0.0))

    @property
    def busiest(self) -> Station:
        """The station that sets the pace, or would with more workers."""
        return max(self.demands, key=self.load)


@dataclass(frozen=True)
class Crews:
    """The numbers of workers that are predicted, of all those in question, which say where curves are solved."""

    all: Sequence[int]
    predicted: Sequence[int]


Predictor = Callable[[Case, Crews], list[Prediction]]


def _sequential(case: Case, crews: Crews) -> list[Prediction]:
    each, waiting = case.one_after_another, case.call.wait + case.call.blocked
    demands: dict[Station, float] = {"cores": each - waiting, "wait": waiting}
    return [Prediction(one, case.job.calls * each + case.warm_up, 1 / each, demands) for one in crews.predicted]


def _threads(case: Case, crews: Crews) -> list[Prediction]:
    if case.machine.python.free_threaded:
        case = _without_gil(case)
    call, task = case.call, case.machine.thread_task + case.loop_per_call
    pieces = _pieces_at_once(case)
    task, taken = task + PIECES_OF_MAIN * pieces, (1.0 - PIECES_OF_MAIN) * pieces
    if case.machine.python.free_threaded:
        visit = Visit(parallel=call.cpu + task + taken, delay=call.wait + call.blocked, width=call.mean_width)
    else:
        crowding = CROWDING_IN_THREADS if call.mean_width > WIDE else 0.0
        free = call.free + taken
        visit = Visit(call.gil + task, call.blocked, free, call.wait, call.width, _contention(case), crowding)
    return _in_one_process(case, visit, crews, case.machine.thread_start)


def _pieces_at_once(case: Case) -> float:
    """Core seconds that go to a call's result being given back while others take theirs, for which they need no GIL."""
    call, pieces = case.call, case.profile.result_pieces
    return seconds_a_piece(pieces) * pieces * call.native / call.cpu if pieces and call.native else 0.0


def seconds_a_piece(pieces: float) -> float:
    """Core seconds for each of so many pieces of native memory that another thread gives back than their maker."""
    beyond = (pieces - PIECES_WITHIN_CACHE) / (PIECES_BEYOND_CACHE - PIECES_WITHIN_CACHE)
    return PIECE + (PIECE_BEYOND_CACHE - PIECE) * min(1.0, max(0.0, beyond))


def _without_gil(case: Case) -> Case:
    """The case on cores as fast as they are for threads that share objects, when all of them compute in Python."""
    effects = case.profile.side_effects
    writes = effects is not None and bool(effects.globals_written or effects.random_shared)
    lost = (NO_GIL_CONTENTION_WRITING if writes else NO_GIL_CONTENTION) * case.in_python
    scaling = case.machine.core_scaling / (1.0 + lost)
    return replace(case, machine=case.machine.model_copy(update={"core_scaling": scaling}))


def _asyncio(case: Case, crews: Crews) -> list[Prediction]:
    """The loop runs whatever computes, native code included; child programs are awaited."""
    call = case.call
    visit = Visit(call.gil + call.native / call.width + ASYNCIO_TASK, call.blocked, call.child, call.wait)
    return _in_one_process(case, visit, crews, start_each=0.0)


def _in_one_process(case: Case, visit: Visit, crews: Crews, start_each: float) -> list[Prediction]:
    """Calls that share a lock (the GIL, an event loop): `start_each` are the seconds to start a worker."""
    calls, spread, warm_up = case.job.calls, case.spread, case.warm_up
    most = case.most_per_second(processes=False)
    rate = [min(one, most) for one in lock_curve(visit, case.cores, max(crews.all), max(crews.predicted))]
    drained = draining(rate)
    one_at_a_time = visit.locked + visit.blocked
    lock, cores = one_at_a_time + visit.contended, (visit.locked + visit.parallel) / case.capacity
    found = []
    for one in crews.predicted:
        seconds = job_seconds(calls, one, rate, spread, one_at_a_time, drained) + start_each * one + warm_up
        demands: dict[Station, float] = {"gil": lock, "cores": cores, "wait": max(visit.delay / one, 1.0 / most)}
        found.append(Prediction(one, seconds, rate[one], demands, start_each * one, contended=visit.contended))
    return found


def _contention(case: Case) -> float:
    """GIL seconds that a call loses while others want the GIL: hand-overs, and Python that is made to let go.

    A hand-over is lost each time a call comes back from waiting or lets go of the GIL. Where it lets go every few µs, a
    hand-over costs no more than a few of these: often the GIL is back before another thread is awake. More cores bring
    more threads back to the GIL at once, so that this part, alone of all, may grow with the cores.
    """
    call, profile = case.call, case.profile
    waits = profile.switches if profile.switches is not None else float(call.wait > 0)
    releases = max(1.0 + waits, profile.gil_releases or 0.0)
    computing = call.gil + call.native / call.width + case.machine.thread_task
    lost = min((POOL_HAND_OVERS + releases) * case.machine.gil_switch, SHORT_HAND_OVERS * computing)
    burst = call.gil / (releases - 1.0) if releases >= 2.0 else math.inf
    return lost + GIL_CONTENTION * call.gil * min(1.0, burst / SWITCH_INTERVAL)


def _processes(case: Case, crews: Crews) -> list[Prediction]:
    return _pools(case, crews, _process_chunks(case, crews.all), _process_task, _process_start)


def _interpreters(case: Case, crews: Crews) -> list[Prediction]:
    return _pools(case, crews, {one: [1] for one in crews.all}, _interpreter_task, _interpreter_start)


@dataclass(frozen=True)
class Task:
    """A chunk of calls sent to a worker with an interpreter of its own."""

    parent: float  # seconds of the parent: its half of the pickling, the pipe
    visit: Visit
    ahead: bool  # small enough to be sent before a worker asks for it


def _pools(
    case: Case,
    crews: Crews,
    chunks: Mapping[int, Sequence[int]],
    task_for: Callable[[Case, int], Task],
    start_for: Callable[[Case, int], float],
) -> list[Prediction]:
    """A pool whose workers have an interpreter each, and a parent that pickles, sends and collects.

    Of the chunks in question for a number of workers, the one that is done first.
    """
    found: dict[int, Prediction] = {}
    for chunk in dict.fromkeys(chunk for one in crews.predicted for chunk in chunks[one]):
        predicted = [one for one in crews.predicted if chunk in chunks[one]]
        most = max(one for one, several in chunks.items() if chunk in several)
        for one in _one_pool(case, task_for(case, chunk), Crews((most,), predicted), chunk, start_for):
            known = found.get(one.workers)
            if known is None or one.seconds < known.seconds:
                found[one.workers] = one
    return [found[one] for one in crews.predicted]


def _one_pool(
    case: Case, task: Task, crews: Crews, chunk: int, start_for: Callable[[Case, int], float]
) -> Iterator[Prediction]:
    cores, capacity, warm_up, spread = case.cores, case.capacity, case.warm_up, case.spread / math.sqrt(chunk)
    pool = Pool(task.visit, cores, task.parent, max(crews.all), max(crews.predicted))
    most = case.most_per_second(processes=True) / chunk
    count = math.ceil(case.job.calls / chunk)
    path = task.parent + task.visit.alone(cores)  # the very first task is not sent ahead
    for workers in crews.predicted:
        queued = workers + 1 if task.ahead else 1  # concurrent.futures.process: EXTRA_QUEUED_CALLS
        pace = min(pool.throughput(workers, queued), most)
        rate = [alone if alone < pace else pace for alone in pool.beside_idle_parent[: workers + 1]]
        seconds = job_seconds(count, workers, rate, spread)
        last = task.parent / 2 if count * task.parent < seconds else 0.0
        start_up = start_for(case, workers)
        demands: dict[Station, float] = {
            "parent": task.parent / chunk,
            "cores": (task.parent + task.visit.parallel) / chunk / capacity,
            "wait": max(task.visit.delay / workers, 1.0 / most) / chunk,
        }
        whole = max(seconds + last, path) + start_up + case.per_worker(warm_up, workers)
        yield Prediction(workers, whole, pace * chunk, demands, start_up, chunk)


def _process_chunks(case: Case, workers: Sequence[int]) -> dict[int, list[int]]:
    """Calls per task: enough to make sending a trifle, few enough to keep every worker busy to the end.

    And, where a pipe's buffer can hold some but not so many, as many as it can, since larger tasks can't be sent ahead.
    """
    machine, (once, each) = case.machine, _loads(case.profile)
    fixed = machine.process_task + once.seconds + machine.process_byte * once.carried
    worth = max(CHUNK_SECONDS, CHUNK_TASKS * fixed) / case.call.wall
    held = _round((PIPE_BYTES - once.sent) / max(each.sent, 1.0))
    chunks = {one: _round(min(worth, case.job.calls / (CHUNKS_PER_WORKER * one))) for one in workers}
    return {one: [chunk] if held >= chunk else [chunk, held] for one, chunk in chunks.items()}


def _round(most: float) -> int:
    """The largest of 1, 2, 5, 10, 20, … that is no more."""
    if most < 2:
        return 1
    power = 10 ** math.floor(math.log10(most))  # of a figure a hair below 1,000, 1,000
    return int(power * max(digit for digit in (0.5, 1, 2, 5) if digit * power <= most))


def _process_task(case: Case, chunk: int) -> Task:
    machine, (once, each) = case.machine, _loads(case.profile)
    parent = machine.process_task + once.seconds / 2 + machine.process_byte * once.carried
    parent += chunk * (each.seconds / 2 + machine.process_byte * each.carried)
    ahead = once.sent + chunk * each.sent < PIPE_BYTES
    read = WORKER_BYTE * machine.process_byte * (once.carried + chunk * each.carried)
    worker = machine.process_task_worker + read
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
        crowding=CROWDING if call.mean_width > WIDE else 0.0,
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


def predict(strategy: Strategy, case: Case, crews: Crews) -> list[Prediction]:
    """The job's seconds with each number of workers that is to be predicted."""
    return COST_FUNCTIONS[strategy](case, crews)


COST_FUNCTIONS: dict[Strategy, Predictor] = {
    "sequential": _sequential,
    "threading": _threads,
    "multiprocessing": _processes,
    "asyncio": _asyncio,
    "interpreters": _interpreters,
}
