"""Measure what threads, processes and their pools cost on this host: each probe times a pool as a job uses it.

Runs in a fresh interpreter, which `machine.py` starts, and imports only the standard library, since a pool's workers
import this module too. After every sample it prints all costs so far as one line of JSON, so that they count even if
the time is up in the middle. Samples come with the pace of the CPU before and after them, since a shared host runs at
different speeds within one second.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

PACE_TOLERANCE = 1.3  # a sample is unusual when the CPU was faster or slower than usual by more than this factor
MAX_WORKERS = 8  # to start 64 would take longer than there is time

_THREADS = 24
_THREAD_TASKS = 200
_HAND_OVERS = 100
_BURST = 800  # turns of a Python loop, some 50 µs
_BLOCK = 20_000  # bytes; hashlib releases the GIL above 2,047
_PROCESS_TASKS = 100
_PAYLOAD = 2 << 20  # bytes: from 1 MiB on there is a page fault for every page; larger ones take too long
_BURN = 100_000  # turns of a Python loop, 5 to 10 ms
_DOCUMENT = {"id": 5, "name": "Article 5", "tags": ["new", "sale"], "stock": {"north": 1, "south": 2}}
_NAP = 8e-3  # seconds; the longer a core sleeps, the more it loses, up to about this
_WAKES = 9
_GRACE = 1.0  # seconds after the deadline before the process and its workers are killed


@dataclass(frozen=True)
class Host:
    """Facts about the host that the probes need."""

    cores: int
    start_method: str

    @property
    def workers(self) -> int:
        """Workers of the larger of the two pools that are compared."""
        # Forks are quick, and many of them tell better than two what each costs. Interpreters take longer.
        return MAX_WORKERS if self.start_method == "fork" else min(max(self.cores, 2), MAX_WORKERS)

    def pool(self, workers: int) -> ProcessPoolExecutor:
        """Return a process pool whose workers are all up.

        The first pool of a program starts the fork server too, which takes longer than the workers do; here every pool
        is like a first one.
        """
        if self.start_method == "forkserver":
            from multiprocessing import forkserver

            forkserver._forkserver._stop()  # type: ignore[attr-defined]
        context = multiprocessing.get_context(self.start_method)
        barrier = context.Barrier(workers + 1)
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=barrier.wait)
        for _ in range(workers):
            pool.submit(abs, 1)  # starts the workers: all at once under fork, else one a task
        barrier.wait()
        return pool


@dataclass(frozen=True)
class Sample:
    """One run of a probe: its figures by name, and the pace (seconds of a fixed loop) before and after it."""

    probe: str
    figures: dict[str, float]
    paces: tuple[float, float]


Probe = Callable[[Host], dict[str, float]]


def gil_hand_over(host: Host) -> dict[str, float]:
    """Measure gil_switch: wall seconds that a call loses at each hand-over of the GIL while another thread wants it.

    Two threads each compute some 50 µs of Python, then release the GIL for some 10 µs, as reading a file or hashing a
    block does. The one that comes back finds the GIL taken and goes to sleep. To wake it takes several times as long as
    the hand-over between two threads that play ping-pong with a lock and never want it at the same time.
    """
    block = bytes(_BLOCK)
    python = _seconds_each(lambda: burn(_BURST))
    call = _seconds_each(lambda: (burn(_BURST), hashlib.sha256(block)))

    def work() -> None:
        for _ in range(_HAND_OVERS):
            burn(_BURST)
            hashlib.sha256(block)

    other = threading.Thread(target=work)
    started = time.perf_counter()
    other.start()
    work()
    other.join()
    each = (time.perf_counter() - started) / (2 * _HAND_OVERS)
    return {"gil_switch": max(0.0, each - max(python, call / min(host.cores, 2)))}


def _seconds_each(function: Callable[[], object]) -> float:
    """Return the wall seconds of a call, one after the other."""
    started = time.perf_counter()
    for _ in range(_HAND_OVERS):
        function()
    return (time.perf_counter() - started) / _HAND_OVERS


def thread_pool(host: Host) -> dict[str, float]:
    """Measure thread_start and thread_task.

    thread_start: wall seconds until one more thread of a pool is up, without its first task. The median, since on a
    busy host a few threads wait milliseconds for a core and the others not at all.
    thread_task: CPU seconds of the process per task; a pool's bookkeeping holds the GIL.
    """
    release = threading.Event()
    starts = []
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in range(_THREADS):
            started = time.perf_counter()
            pool.submit(release.wait)
            starts.append(time.perf_counter() - started)
        release.set()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(abs, 1).result()
        task = _cpu_per_task(pool, _THREAD_TASKS)
    return {"thread_start": max(0.0, median(starts) - task), "thread_task": task}


def one_worker(host: Host) -> dict[str, float]:
    """Measure process_start, process_task_worker and process_byte.

    process_start: wall seconds to start a pool with one worker and to end it.
    process_task_worker: CPU seconds of the worker per task that does nothing.
    process_byte: wall seconds per byte there and back, halved, without the task. Not the parent's CPU seconds, which
    are half as many: a pipe holds 64 KiB, so the parent writes no faster than the worker reads, and meanwhile the
    pool's one pipe for tasks and one for results carry nothing else.
    """
    started = time.perf_counter()
    pool = host.pool(1)
    opened = time.perf_counter() - started

    worker_before = pool.submit(time.process_time).result()
    list(pool.map(abs, range(_PROCESS_TASKS)))
    worker = (pool.submit(time.process_time).result() - worker_before) / _PROCESS_TASKS

    there_and_back = max(0.0, _echo_seconds(pool, bytes(_PAYLOAD)) - _echo_seconds(pool, b""))

    started = time.perf_counter()
    pool.shutdown()
    closed = time.perf_counter() - started
    return {
        "process_start": opened + closed,
        "process_task_worker": worker,
        "process_byte": there_and_back / (2 * _PAYLOAD),
    }


def many_workers(host: Host) -> dict[str, float]:
    """Measure pool_start, process_task and core_scaling.

    pool_start: as process_start, for `pool_workers` workers.
    process_task: CPU seconds of the parent, its queue threads included, per task that does nothing.
    core_scaling: the CPU seconds of a Python loop in one worker against those in one worker per core at once. Not wall
    seconds: the scheduler takes some 10 ms to give two new processes a core each, and the probe is no longer.
    """
    started = time.perf_counter()
    pool = host.pool(host.workers)
    opened = time.perf_counter() - started

    task = _cpu_per_task(pool, _PROCESS_TASKS)
    scaling = _core_scaling(pool, min(host.cores, host.workers))

    started = time.perf_counter()
    pool.shutdown()
    closed = time.perf_counter() - started
    return {"pool_start": opened + closed, "pool_workers": float(host.workers), "process_task": task, **scaling}


def cold_wake(host: Host) -> dict[str, float]:
    """Measure cold_wake: CPU seconds that a short piece of work takes longer after a sleep than right after another.

    An idle core sleeps, and others use its caches. The loss is much the same whether the work takes 0.1 or 1 ms: it is
    the price of the wake-up, not a share of the work.
    """
    hot, cold = [], []
    for _ in range(_WAKES):
        time.sleep(_NAP)
        cold.append(_answer_seconds())
        _answer_seconds()
        hot.append(_answer_seconds())
    return {"cold_wake": max(0.0, median(cold) - median(hot))}


def _answer_seconds() -> float:
    """Return the CPU seconds of typical work after a wait: a document written, read and searched, all over memory."""
    started = time.thread_time()
    for _ in range(4):
        text = json.dumps([_DOCUMENT] * 3)
        sorted(json.loads(text)[0]["stock"])
        re.sub(r"\d+", "x", text)
        urllib.parse.urlsplit("http://localhost:80/path/of/it?name=value")
    return time.thread_time() - started


PROBES: dict[str, Probe] = {
    "one_worker": one_worker,
    "many_workers": many_workers,
    "thread_pool": thread_pool,
    "gil_hand_over": gil_hand_over,
    "cold_wake": cold_wake,
}

if sys.version_info >= (3, 14):
    from concurrent.futures import InterpreterPoolExecutor

    def interpreter_pool(host: Host) -> dict[str, float]:
        """Measure interpreter_start and interpreter_task.

        interpreter_start: wall seconds to start a pool with one subinterpreter and to end it.
        interpreter_task: wall seconds per task that does nothing, with two workers. Their threads pickle, hand over and
        collect with the GIL of the interpreter that owns the pool, and want it at the same time, as in a job.
        """
        started = time.perf_counter()
        with InterpreterPoolExecutor(1) as pool:
            pool.submit(abs, 1).result()
        opened_and_closed = time.perf_counter() - started

        with InterpreterPoolExecutor(2) as pool:
            for ready in [pool.submit(time.sleep, 1e-3) for _ in range(2)]:
                ready.result()
            started = time.perf_counter()
            list(pool.map(abs, range(_THREAD_TASKS)))
            task = (time.perf_counter() - started) / _THREAD_TASKS
        return {"interpreter_start": opened_and_closed, "interpreter_task": task}

    PROBES["interpreter_pool"] = interpreter_pool


def _core_scaling(pool: Executor, cores: int) -> dict[str, float]:
    if cores == 1:
        return {"core_scaling": 1.0}
    _, alone = pool.submit(burn, _BURN).result()
    together = [future.result() for future in [pool.submit(burn, _BURN) for _ in range(cores)]]
    if len({worker for worker, _ in together}) < cores:
        return {}  # one worker was quick enough to do two of them
    return {"core_scaling": min(1.0, alone / median(seconds for _, seconds in together))}


def burn(turns: int) -> tuple[int, float]:
    """Run a loop of pure Python and return the process id and its CPU seconds."""
    started = time.thread_time()
    total = 0
    for turn in range(turns):
        total += turn * turn
    return os.getpid(), time.thread_time() - started


def pace() -> float:
    """Return the seconds of a small fixed Python loop: the fastest of three, so undisturbed."""
    return min(burn(1000)[1] for _ in range(3))


def _cpu_per_task(pool: Executor, tasks: int) -> float:
    before = time.process_time()
    list(pool.map(abs, range(tasks)))
    return (time.process_time() - before) / tasks


def _echo_seconds(pool: Executor, content: bytes) -> float:
    """Return the wall seconds that content takes to a worker and back: the faster of two, so undisturbed."""
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        pool.submit(bytes, content).result()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def at_usual_pace(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples taken while the CPU ran at its usual pace, the median of all paces."""
    if not samples:
        return []
    middle = median(pace for sample in samples for pace in sample.paces)
    return [
        sample
        for sample in samples
        if all(middle / PACE_TOLERANCE <= pace <= middle * PACE_TOLERANCE for pace in sample.paces)
    ]


def costs(samples: Sequence[Sample]) -> dict[str, float]:
    """Return fields of Machine: medians over a probe's samples at the usual pace, or over all if there are none."""
    figures: dict[str, list[float]] = defaultdict(list)
    for probe in {sample.probe for sample in samples}:
        usual = [sample for sample in at_usual_pace(samples) if sample.probe == probe]
        for sample in usual or [sample for sample in samples if sample.probe == probe]:
            for name, value in sample.figures.items():
                figures[name].append(value)
    found = {name: median(values) for name, values in figures.items()}
    pool_start, workers = found.pop("pool_start", None), found.pop("pool_workers", 0.0)
    if pool_start is not None and "process_start" in found:
        found["process_start_each"] = max(0.0, pool_start - found["process_start"]) / (workers - 1)
    return found


def take_samples(
    probes: dict[str, Probe],
    host: Host,
    seconds: float,
    emit: Callable[[list[Sample]], None],
    *,
    clock: Callable[[], float] = time.perf_counter,
    pace: Callable[[], float] = pace,
) -> None:
    """Run the probes in turn until the time is up.

    Next is always the probe with the fewest samples at the usual pace, so that one at an unusual pace is repeated. A
    probe that fails, or would not end in time, is not run again. `emit` gets all samples so far, after each.
    """
    deadline = clock() + seconds
    samples: list[Sample] = []
    lasted = dict.fromkeys(probes, 0.0)
    while candidates := [name for name in probes if name in lasted and clock() + lasted[name] < deadline]:
        counted = [sample.probe for sample in at_usual_pace(samples)]
        name = min(candidates, key=counted.count)
        started, before = clock(), pace()
        try:
            figures = probes[name](host)
        except Exception:  # noqa: BLE001  (no semaphores, no processes allowed, …: that probe's costs stay assumed)
            del lasted[name]
            continue
        lasted[name] = clock() - started
        samples.append(Sample(name, figures, (before, pace())))
        emit(samples)


def main() -> None:
    """Run the probes that the last argument requests and print the costs to standard output."""
    request = json.loads(sys.argv[-1])
    host = Host(request["cores"], request["start_method"])
    _kill_group_after(request["seconds"] + _GRACE)

    def emit(samples: list[Sample]) -> None:
        print(json.dumps(costs(samples)), flush=True)

    take_samples(PROBES, host, request["seconds"], emit)


def _kill_group_after(seconds: float) -> None:
    """Kill this process's group after so many seconds, so that nothing outlives a caller that was killed."""
    if hasattr(os, "killpg"):
        watchdog = threading.Timer(seconds, os.killpg, (os.getpid(), signal.SIGKILL))
        watchdog.daemon = True
        watchdog.start()
