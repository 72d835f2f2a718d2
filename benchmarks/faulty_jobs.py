"""Jobs with calls that crash, hang, are killed or raise, each done by one package.

    python -m benchmarks.faulty_jobs faults PACKAGE NOTES
    python -m benchmarks.faulty_jobs resume KIND CHECKPOINT LOG
    python -m benchmarks.faulty_jobs endless KIND LOG

`faults` writes a line to NOTES for each outcome as it arrives: the index, and `ok`, `wrong` or the name of a failure.
`resume` runs a job with a checkpoint and prints its results as JSON; each call appends its index and process id to LOG.
`endless` runs a job whose later calls last half a minute. KIND is `compute` (processes) or `wait` (threads).
"""

from __future__ import annotations

import ctypes
import functools
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import advisor
from advisor.models import Strategy
from advisor.models.run_report import Failure
from benchmarks.calls import compute, rounds_for, wait

CALLS: Final = 1000
CRASHES: Final = 201
HANGS: Final = 402
IS_KILLED: Final = 603
RAISES: Final = frozenset(range(57, CALLS, 100))
FAULTS: Final = RAISES | {CRASHES, HANGS, IS_KILLED}
CALL_TIMEOUT: Final = 2.0  # seconds
CALL_SECONDS: Final = 0.005
RESUMED_CALLS: Final = 300
RESUMED_SECONDS: Final = 0.01
SHORT_CALLS: Final = 100
LONG_SECONDS: Final = 30.0
STRATEGIES: Final[dict[str, Strategy]] = {"compute": "multiprocessing", "wait": "threading"}


class InvalidInputError(Exception):
    """A call refuses its input."""


def work(rounds: int, index: int) -> int:
    """Compute for a while and return the square of the index, unless the index is one of the faults."""
    if index == CRASHES:
        ctypes.string_at(0)  # a segmentation fault
    if index == HANGS:
        while True:
            time.sleep(1)
    if index == IS_KILLED:
        os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does when memory runs out
    if index in RAISES:
        raise InvalidInputError(index)
    compute(rounds)
    return index * index


def work_or_exception(rounds: int, index: int) -> int | Exception:
    """Return the exception instead of raising it, for packages that end the job with the first one."""
    try:
        return work(rounds, index)
    except InvalidInputError as error:
        return error


# The same job by each package, as robust as its documentation offers: pairs of index, and result or exception


def by_advisor(rounds: int) -> Iterator[tuple[int, Any]]:
    function = functools.partial(work, rounds)
    yield from enumerate(advisor.map(function, range(CALLS), on_error="keep", call_timeout=CALL_TIMEOUT))


def by_concurrent_futures(rounds: int) -> Iterator[tuple[int, Any]]:
    from concurrent.futures import ProcessPoolExecutor, as_completed

    with ProcessPoolExecutor() as pool:
        futures = {pool.submit(work, rounds, index): index for index in range(CALLS)}
        for future in as_completed(futures):
            error = future.exception()
            yield futures[future], future.result() if error is None else error


def by_joblib(rounds: int) -> Iterator[tuple[int, Any]]:
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=-1, return_as="generator", timeout=10 * CALL_TIMEOUT)
    yield from enumerate(parallel(delayed(work_or_exception)(rounds, index) for index in range(CALLS)))


def by_mpire(rounds: int) -> Iterator[tuple[int, Any]]:
    from mpire import WorkerPool

    with WorkerPool() as pool:
        arguments = [(rounds, index) for index in range(CALLS)]
        yield from enumerate(pool.imap(work_or_exception, arguments, task_timeout=CALL_TIMEOUT))


def by_pebble(rounds: int) -> Iterator[tuple[int, Any]]:
    from pebble import ProcessPool

    with ProcessPool(os.cpu_count() or 1) as pool:
        futures = [pool.schedule(work, (rounds, index), timeout=CALL_TIMEOUT) for index in range(CALLS)]
        for index, future in enumerate(futures):
            error = future.exception()
            yield index, future.result() if error is None else error


PACKAGES: Final[dict[str, Callable[[int], Iterator[tuple[int, Any]]]]] = {
    "advisor": by_advisor,
    "concurrent.futures": by_concurrent_futures,
    "joblib": by_joblib,
    "mpire": by_mpire,
    "pebble": by_pebble,
}


def meet_faults(package: str, notes: Path) -> None:
    """Do the job with the faults, and note each outcome when it arrives."""
    with notes.open("a", encoding="utf-8", buffering=1) as file:
        for index, outcome in PACKAGES[package](rounds_for(CALL_SECONDS)):
            file.write(f"{index} {verdict(index, outcome)}\n")


def verdict(index: int, outcome: Any) -> str:
    """Return `ok`, `wrong`, or the name of the failure."""
    if isinstance(outcome, Failure):
        return outcome.type.rpartition(".")[2]
    if isinstance(outcome, Exception):
        return type(outcome).__name__
    return "ok" if outcome == index * index else "wrong"


def logged(kind: str, amount: float, log: str, index: int) -> int:
    """Append the index and the process to the log; then compute or wait."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, b"%d %d\n" % (index, os.getpid()))
    os.close(file)
    if kind == "compute":
        compute(int(amount))
    else:
        wait(amount)
    return index * index


def resume(kind: str, checkpoint: str, log: str) -> list[int]:
    """Run the job to its end, or continue it."""
    amount = 100_000.0 if kind == "compute" else RESUMED_SECONDS  # the same for a job and its continuation
    function = functools.partial(logged, kind, amount, log)
    return list(advisor.map(function, range(RESUMED_CALLS), checkpoint=checkpoint, strategy=STRATEGIES[kind]))


def long_later(kind: str, rounds_a_second: int, log: str, index: int) -> int:
    """Take 10 ms at first, and half a minute from some call on."""
    seconds = 0.01 if index < SHORT_CALLS else LONG_SECONDS
    return logged(kind, seconds * rounds_a_second if kind == "compute" else seconds, log, index)


def main() -> None:
    job, *rest = sys.argv[1:]
    if job == "faults":
        meet_faults(rest[0], Path(rest[1]))
    elif job == "resume":
        print(json.dumps(resume(*rest)))
    else:
        kind, log = rest
        function = functools.partial(long_later, kind, rounds_for(1.0), log)
        list(advisor.map(function, range(CALLS), strategy=STRATEGIES[kind]))


if __name__ == "__main__":
    main()
