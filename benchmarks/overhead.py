"""Measure the overhead per call of advisor.map, beside the plain loop and multiprocessing's Pool.map.

    python -m benchmarks.overhead [--rounds 5] [--seconds 1.0] [--only calls|small]

- calls: jobs of about a second, of calls that compute for 1 µs to 10 ms or wait for 0.1 to 10 ms, each in a fresh
  process, in alternating order: the plain loop, `multiprocessing.pool.ThreadPool` and `Pool` with the chunks that
  their `map` chooses, advisor.map by its own choice, and advisor.map with threads and processes given.
- small: jobs of 10 to 1,000 calls of 10 µs, too small to gain: the cost of advisor.map over the plain loop, for the
  first job of a process that has imported `advisor.map`, and for later ones. The aim is under 3 % or 5 ms.

Takes about six minutes.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from typing import Any, Final

import advisor
from benchmarks.calls import compute, rounds_for, wait
from benchmarks.tables import markdown
from profiles.job import ROOT, JobError, run_module

COMPUTING: Final = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)  # seconds
WAITING: Final = (1e-4, 1e-3, 1e-2)  # shorter sleeps last 0.06 ms
TIMEOUT: Final = 120.0
SMALL_JOBS: Final = (10, 100, 1000)
SMALL_CALL: Final = 1e-5
PAIRS: Final = 30
"""Later jobs of a process that are measured, alternating with plain loops."""

Arguments = list[Any]
Work = Callable[[Any], Any]


def _loop(function: Work, arguments: Arguments) -> None:
    for argument in arguments:
        function(argument)


def _thread_pool(function: Work, arguments: Arguments) -> None:
    with ThreadPool() as pool:
        pool.map(function, arguments)


def _process_pool(function: Work, arguments: Arguments) -> None:
    with multiprocessing.Pool() as pool:
        pool.map(function, arguments)


WAYS: Final[dict[str, Callable[[Work, Arguments], object]]] = {
    "plain loop": _loop,
    "ThreadPool.map": _thread_pool,
    "Pool.map": _process_pool,
    "advisor.map": lambda function, arguments: list(advisor.map(function, arguments)),
    "advisor.map, threads": lambda function, arguments: list(
        advisor.map(function, arguments, strategy="threading", workers=multiprocessing.cpu_count())
    ),
    "advisor.map, processes": lambda function, arguments: list(
        advisor.map(function, arguments, strategy="multiprocessing", workers=multiprocessing.cpu_count())
    ),
}


@dataclass(frozen=True)
class Kind:
    """Calls of one kind: what they do, and for how long."""

    work: str  # "compute" or "wait"
    seconds: float

    def __str__(self) -> str:
        return f"{self.work} {1e6 * self.seconds:g} µs" if self.seconds < 1e-3 else f"{self.work} {_ms(self.seconds)}"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms"


KINDS: Final = (*(Kind("compute", each) for each in COMPUTING), *(Kind("wait", each) for each in WAITING))


def timed(kind: Kind, argument: float, calls: int, way: str) -> float:
    """Return the seconds of a job in this process."""
    if way.startswith("advisor"):
        from profiles.packages import import_advisor

        import_advisor()
    function: Work = compute if kind.work == "compute" else wait
    arguments = [int(argument) if kind.work == "compute" else argument] * calls
    began = time.perf_counter()
    WAYS[way](function, arguments)
    return time.perf_counter() - began


def per_call(kind: Kind, rounds: int, seconds: float) -> dict[str, float]:
    """Return the median seconds per call of each way; infinite for a way that failed."""
    calls = max(10, round(seconds / kind.seconds))
    argument = rounds_for(kind.seconds) if kind.work == "compute" else kind.seconds
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(rounds):
        for way in WAYS if number % 2 == 0 else reversed(WAYS):
            job = "--job", kind.work, str(kind.seconds), str(argument), str(calls), way
            try:
                output = run_module("benchmarks.overhead", *job, timeout=TIMEOUT)
            except JobError as error:
                print(f"  {kind}, {way}: {error}", file=sys.stderr)
                continue
            taken[way].append(float(output.split()[-1]) / calls)
    return {way: statistics.median(each) if each else float("inf") for way, each in taken.items()}


def calls_table(measured: dict[Kind, dict[str, float]]) -> str:
    """Return the microseconds per call of each way, and those of advisor.map over the plain loop."""
    columns = ("µs per call", *WAYS, "advisor.map over the plain loop")
    return markdown(columns, [_calls_row(kind, ways) for kind, ways in measured.items()])


def _calls_row(kind: Kind, ways: dict[str, float]) -> tuple[str, ...]:
    over = ways["advisor.map"] / ways["plain loop"]
    return (str(kind), *(f"{1e6 * ways[way]:.4g}" for way in WAYS), f"{over:.3f}")


# Small jobs


@dataclass(frozen=True)
class Small:
    """A job of few calls: the seconds of the plain loop, and what advisor.map takes longer."""

    calls: int
    loop: float
    first: float  # the first job of a process
    later: float


def small_job(calls: int, argument: int) -> tuple[float, float, float]:
    """Return the seconds of the plain loop, the first job, and later jobs (medians), in this process."""
    function: Work = compute
    arguments = [argument] * calls
    _loop(function, arguments)
    advised_map = advisor.map  # which imports what it needs
    first, loops, later = _seconds(lambda: list(advised_map(function, arguments))), [], []
    gc.disable()
    for _ in range(PAIRS):
        loops.append(_seconds(lambda: [function(each) for each in arguments]))
        later.append(_seconds(lambda: list(advised_map(function, arguments))))
    return statistics.median(loops), first, statistics.median(later)


def _seconds(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


def small(calls: int, rounds: int) -> Small:
    """Measure a small job in fresh interpreters."""
    argument = rounds_for(SMALL_CALL)
    code = f"from benchmarks.overhead import small_job; print(*small_job({calls}, {argument}))"
    outputs = [
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for _ in range(rounds)
    ]
    columns = zip(*(map(float, output.split()) for output in outputs), strict=True)
    loop, first, later = map(statistics.median, columns)
    return Small(calls, loop, first - loop, later - loop)


def small_table(jobs: Sequence[Small]) -> str:
    columns = ("calls of 10 µs", "plain loop", "first job: longer by", "later jobs: longer by", "")
    return markdown(
        columns,
        [
            (f"{job.calls:,}", _ms(job.loop), _ms(job.first), _ms(job.later), f"{100 * job.later / job.loop:.1f} %")
            for job in jobs
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each job in a plain loop (default 1)")
    parser.add_argument("--only", choices=("calls", "small"))
    parser.add_argument("--job", nargs=5, help=argparse.SUPPRESS)  # work, seconds, argument, calls, way: in a process
    arguments = parser.parse_args()
    if arguments.job:
        work, seconds, argument, calls, way = arguments.job
        print(timed(Kind(work, float(seconds)), float(argument), int(calls), way))
        return
    if arguments.only != "calls":
        print(f"{small_table([small(calls, arguments.rounds) for calls in SMALL_JOBS])}\n", flush=True)
    if arguments.only != "small":
        measured = {}
        for kind in KINDS:
            measured[kind] = per_call(kind, arguments.rounds, arguments.seconds)
            shown = ", ".join(f"{way} {1e6 * seconds:.4g}" for way, seconds in measured[kind].items())
            print(f"  {kind}: {shown} µs", file=sys.stderr)
        print(calls_table(measured))


if __name__ == "__main__":
    main()
