"""Jobs whose calls change or are limited, each with the ways that are best in hindsight, written by hand.

    python -m benchmarks.changing_jobs JOB WAY

runs a job one way (`advisor` for advisor.map) and prints its seconds, and the report of the run, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import advisor
from benchmarks.calls import compute, rounds_for, wait
from profiles import loopback

Step: TypeAlias = tuple[str, float]  # what to do: "wait" so many seconds, or "compute" so many rounds
Way: TypeAlias = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]  # function, inputs

ADVISOR: Final = "advisor"
TOO_MANY_REQUESTS: Final = 429
PER_SECOND: Final = 100  # requests that the limited service accepts
BURST: Final = 10  # and at once after a pause
CORES: Final = os.cpu_count() or 1


@dataclass(frozen=True)
class ChangingJob:
    """A function with its inputs, and the ways that could be best."""

    name: str
    what: str
    function: Callable[[Any], Any]
    inputs: Callable[[], Sequence[Any]]
    ways: dict[str, Way]


def do(step: Step) -> float:
    """Wait or compute."""
    kind, amount = step
    return wait(amount) if kind == "wait" else compute(int(amount))


def waiting(calls: int, seconds: float) -> list[Step]:
    return [("wait", seconds)] * calls


def computing(calls: int, seconds: float) -> list[Step]:
    return [("compute", rounds_for(seconds))] * calls


def with_slow_ones(steps: Sequence[Step], slow: Step) -> list[Step]:
    """Replace one input in a hundred."""
    return [slow if number % 100 == 50 else step for number, step in enumerate(steps)]


def fetch(url: str) -> int:
    """Ask a service; raise HTTPError if it refuses."""
    with urllib.request.urlopen(url, timeout=60) as response:
        return len(response.read())


def threads(workers: int) -> Way:
    """Return a way that runs all calls in so many threads."""

    def run(function: Callable[[Any], Any], inputs: Sequence[Any]) -> list[Any]:
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(function, inputs))

    return run


def processes(chunk: int) -> Way:
    """Return a way that runs all calls in a process for each core."""

    def run(function: Callable[[Any], Any], inputs: Sequence[Any]) -> list[Any]:
        with ProcessPoolExecutor(CORES) as pool:
            return list(pool.map(function, inputs, chunksize=chunk))

    return run


def by_kind(workers: int) -> Way:
    """Return a way that runs the steps that wait in threads and, before or after, the others in processes."""

    def run(function: Callable[[Any], Any], inputs: Sequence[Any]) -> list[Any]:
        change = next(number for number, step in enumerate(inputs) if step[0] != inputs[0][0])
        ways = {"wait": threads(workers), "compute": processes(8)}
        return [result for part in (inputs[:change], inputs[change:]) for result in ways[part[0][0]](function, part)]

    return run


def paced(function: Callable[[Any], Any], inputs: Sequence[Any]) -> list[Any]:
    """Start calls at the rate that the service accepts."""

    def patient(argument: Any) -> Any:
        while True:
            try:
                return function(argument)
            except urllib.error.HTTPError as error:
                if error.code != TOO_MANY_REQUESTS:
                    raise
                time.sleep(1 / PER_SECOND)

    began = time.perf_counter()
    futures: list[Future[Any]] = []
    with ThreadPoolExecutor(16) as pool:
        for number, argument in enumerate(inputs):
            due = began + max(0, number - BURST) / PER_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            futures.append(pool.submit(patient, argument))
        return [future.result() for future in futures]


def _urls(path: str, calls: int) -> Callable[[], Sequence[str]]:
    return lambda: [loopback.url(path)] * calls


MANY: Final[dict[str, Way]] = {f"{workers} threads": threads(workers) for workers in (32, 64, 256)}
CHANGES: Final[dict[str, Way]] = {
    f"{workers} threads; {CORES} processes": by_kind(workers) for workers in (32, 64, 256)
}
JOBS: Final = (
    ChangingJob(
        "waits, then computes",
        "600 calls that wait 100 ms, then 300 that compute 20 ms",
        do,
        lambda: [*waiting(600, 0.1), *computing(300, 0.02)],
        CHANGES,
    ),
    ChangingJob(
        "computes, then waits",
        "300 calls that compute 20 ms, then 600 that wait 100 ms",
        do,
        lambda: [*computing(300, 0.02), *waiting(600, 0.1)],
        CHANGES,
    ),
    ChangingJob(
        "four at a time",
        "400 requests of 50 ms to a server that lets four in and queues the rest",
        fetch,
        _urls("/limited?size=1024&ms=50", 400),
        {"4 threads": threads(4), "5 threads": threads(5)},
    ),
    ChangingJob(
        "rate limit",
        f"500 requests of 20 ms to a server that answers 429 beyond {PER_SECOND} a second",
        fetch,
        _urls(f"/rated?per_second={PER_SECOND}&burst={BURST}&ms=20", 500),
        {f"paced, {PER_SECOND} a second": paced},
    ),
    ChangingJob(
        "slow ones wait",
        "4,000 calls that wait 50 ms, one in a hundred 1 s",
        do,
        lambda: with_slow_ones(waiting(4000, 0.05), ("wait", 1.0)),
        MANY,
    ),
    ChangingJob(
        "slow ones compute",
        "500 calls that compute 10 ms, one in a hundred 0.5 s",
        do,
        lambda: with_slow_ones(computing(500, 0.01), ("compute", rounds_for(0.5))),
        {f"{CORES} processes, chunks of {chunk}": processes(chunk) for chunk in (1, 4)},
    ),
)


def run_job(job: ChangingJob, way: str) -> dict[str, Any]:
    """Run a job, and return its seconds and, from advisor.map, the report."""
    inputs = job.inputs()
    report = None
    began = time.perf_counter()
    if way == ADVISOR:
        run = advisor.map(job.function, inputs)
        results = list(run)
        seconds = time.perf_counter() - began
        report = json.loads(run.report.model_dump_json())
    else:
        results = job.ways[way](job.function, inputs)
        seconds = time.perf_counter() - began
    if len(results) != len(inputs):
        raise RuntimeError(f"{len(results)} results of {len(inputs)}")
    return {"seconds": seconds, "report": report}


def find(name: str) -> ChangingJob:
    return next(job for job in JOBS if job.name == name)


def main() -> None:
    name, way = sys.argv[1:]
    if way == ADVISOR:
        from profiles.packages import import_advisor

        import_advisor()  # before the clock starts, as the other ways' packages
    print(json.dumps(run_job(find(name), way)))


if __name__ == "__main__":
    main()
