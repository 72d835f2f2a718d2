"""Compare advisor's pool of worker processes with pebble's, whose workers share one pipe and its locks.

    python -m benchmarks.worker_pools [--kills 30] [--calls 5000]

Prints how many no-op calls run in a second, how long starting and closing take, and what happens when a random worker
is killed by SIGKILL while results of 1 MB travel: in how many rounds all other results arrive within the time-out.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from statistics import median

import psutil
from pebble import ProcessPool as PebblePool

from advisor.jobs.pools.pool import Chunk, Report, Setup
from advisor.jobs.pools.processes import ProcessPool

WORKERS = 2
CALLS_WITH_KILL = 40
TIMEOUT = 5.0  # seconds for the calls of a round, which take about 0.2 s


def noop(x: int) -> int:
    return x


def large_result(x: int) -> bytes:
    return bytes(1_000_000)


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def open_ours(function: Callable[[int], object]) -> ProcessPool:
    return ProcessPool(Setup(function), WORKERS, start_method="fork")


def open_pebble() -> PebblePool:
    return PebblePool(max_workers=WORKERS, context=multiprocessing.get_context("fork"))


def run_ours(pool: ProcessPool, calls: int, size: int = 1, limit: float = 60.0) -> Iterator[Report]:
    deadline = time.perf_counter() + limit
    sent = finished = 0
    chunks = -(-calls // size)
    while finished < chunks and time.perf_counter() < deadline:
        while sent < chunks and pool.room():
            keys = range(sent * size, min(calls, (sent + 1) * size))
            pool.send(Chunk(sent, keys, [((key,), {}) for key in keys]))
            sent += 1
        for report in pool.receive(deadline - time.perf_counter()):
            finished += report.finished
            yield report


def time_ours(calls: int, size: int) -> tuple[float, float, float]:
    began = time.perf_counter()
    pool = open_ours(noop)
    list(run_ours(pool, WORKERS))
    start = time.perf_counter() - began
    each = seconds(lambda: list(run_ours(pool, calls, size))) / calls
    return start, each, seconds(pool.close)


def time_pebble(calls: int) -> tuple[float, float, float]:
    began = time.perf_counter()
    pool = open_pebble()
    wait([pool.schedule(noop, args=(i,)) for i in range(WORKERS)])
    start = time.perf_counter() - began
    each = seconds(lambda: wait([pool.schedule(noop, args=(i,)) for i in range(calls)])) / calls

    def close() -> None:
        pool.close()
        pool.join()

    return start, each, seconds(close)


def kill_ours() -> int:
    """Kill a worker at a random moment; return the number of results."""
    pool = open_ours(large_result)
    arrived = 0
    kill_at = random.randrange(CALLS_WITH_KILL // 2)
    for report in run_ours(pool, CALLS_WITH_KILL, limit=TIMEOUT):
        arrived += len(report.done)
        if arrived >= kill_at and kill_at >= 0:
            time.sleep(random.uniform(0, 0.002))
            os.kill(random.choice(pool.pids), signal.SIGKILL)
            kill_at = -1
    pool.close(kill=True)
    return arrived


def kill_pebble() -> int:
    """Kill a worker at a random moment; return the number of results."""
    pool = open_pebble()
    before = {child.pid for child in psutil.Process().children()}
    futures = [pool.schedule(large_result, args=(i,)) for i in range(CALLS_WITH_KILL)]
    kill_at = random.randrange(CALLS_WITH_KILL // 2)
    deadline = time.perf_counter() + TIMEOUT
    while sum(future.done() for future in futures) < kill_at and time.perf_counter() < deadline:
        time.sleep(0.0005)
    time.sleep(random.uniform(0, 0.002))
    workers = [child.pid for child in psutil.Process().children() if child.pid not in before] or list(before)
    os.kill(random.choice(workers), signal.SIGKILL)
    wait(futures, timeout=max(0.0, deadline - time.perf_counter()))
    arrived = sum(future.done() and future.exception() is None for future in futures)
    pool.stop()
    for child in psutil.Process().children():
        child.kill()
    pool.join()
    return arrived


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--calls", type=int, default=5000)
    options = parser.parse_args()

    print(f"{WORKERS} forked workers: start and first calls, each no-op call, close (medians of 5)")
    ways: dict[str, Callable[[], tuple[float, float, float]]] = {
        "advisor, chunks of 1": lambda: time_ours(options.calls, 1),
        "advisor, chunks of 100": lambda: time_ours(options.calls * 20, 100),
        "pebble, schedule": lambda: time_pebble(options.calls),
    }
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
    for _ in range(5):
        for name, way in ways.items():
            found[name].append(way())
    for name, rows in found.items():
        start, each, close = (median(column) for column in zip(*rows, strict=True))
        print(f"  {name:24} {start * 1e3:6.1f} ms  {each * 1e6:7.1f} µs  {1 / each:9,.0f}/s  {close * 1e3:7.1f} ms")

    print(f"\na random worker killed while {CALLS_WITH_KILL} results of 1 MB travel, {options.kills} rounds")
    for name, kill in {"advisor": kill_ours, "pebble": kill_pebble}.items():
        arrived = [kill() for _ in range(options.kills)]
        whole = sum(number >= CALLS_WITH_KILL - 2 for number in arrived)
        print(f"  {name:24} all but 2 results at most in {whole} of {options.kills}; fewest {min(arrived)}")


if __name__ == "__main__":
    main()
