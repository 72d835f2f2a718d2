"""Runs a workload's whole job one way, in a process of its own, and times it.

    python -m profiles.job NAME STRATEGY WORKERS CHUNK

The clock starts with the inputs ready and the target imported, and stops when the last result is there and the pool is
gone: starting and ending the pool count, and so does the first call, as they do for anyone who has such a job.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from advisor.executors import open_executor
from advisor.records import Advice, Strategy
from advisor.target import load, load_calls
from profiles import Workload, find

ROOT: Final = Path(__file__).resolve().parent.parent


class JobError(Exception):
    """The job could not be done that way; the text is the last line of what was said."""


@dataclass(frozen=True)
class Plan:
    """One way to do a job."""

    strategy: Strategy
    workers: int = 1
    chunk: int = 1

    def __str__(self) -> str:
        if self.strategy == "sequential":
            return "sequential"
        return f"{self.strategy} × {self.workers}" + (f", chunks of {self.chunk}" if self.chunk > 1 else "")


SEQUENTIAL: Final = Plan("sequential")


def plan_of(advice: Advice) -> Plan:
    """What the advice says to do."""
    if advice.recommendation == "undecided":
        raise ValueError("a measured function always gets a recommendation")
    if advice.recommendation == "sequential":
        return SEQUENTIAL
    # Only a process pool sends its calls in chunks.
    return Plan(
        advice.recommendation, advice.workers, advice.chunk if advice.recommendation == "multiprocessing" else 1
    )


def measure(workload: Workload, plan: Plan, *, timeout: float) -> float:
    """Seconds that the workload's job takes in a fresh process; raises JobError when it fails or takes too long."""
    command = [sys.executable, "-m", __name__, workload.name, plan.strategy, str(plan.workers), str(plan.chunk)]
    with tempfile.TemporaryDirectory(prefix="advisor-job-") as folder:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"TMPDIR": folder},  # nothing stays behind, though the job may have to be killed
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            output, errors = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise JobError(f"no end within {timeout:g} s") from None
        finally:
            _end(child)
    if child.returncode != 0:
        raise JobError((errors.strip().splitlines() or [f"exit status {child.returncode}"])[-1])
    return float(output.split()[-1])


def alternate(workload: Workload, plans: Sequence[Plan], *, rounds: int, timeout: float) -> dict[Plan, float]:
    """The median seconds of each plan, all of them measured in turn: a host's changes of pace hit them alike."""
    seconds: dict[Plan, list[float]] = {plan: [] for plan in plans}
    for number in range(rounds):
        for plan in plans if number % 2 == 0 else reversed(plans):
            seconds[plan].append(measure(workload, plan, timeout=timeout))
    return {plan: statistics.median(taken) for plan, taken in seconds.items()}


def timed(workload: Workload, plan: Plan) -> float:
    """Seconds that the workload's job takes in this process."""
    function = load(workload.target)
    made = [call.args[0] for call in load_calls(workload.inputs) or ()]
    arguments = list(islice(cycle(made), workload.calls))
    run = _runner(function, plan)
    start = time.perf_counter()
    run(arguments)
    return time.perf_counter() - start


def _runner(function: Callable[[Any], Any], plan: Plan) -> Callable[[Sequence[Any]], None]:
    if plan.strategy == "sequential":
        coroutine = inspect.iscoroutinefunction(function)
        return lambda arguments: (_await_in_turn if coroutine else _run_in_turn)(function, arguments)
    if inspect.iscoroutinefunction(function) and plan.strategy != "asyncio":
        function = functools.partial(_run_coroutine, function)
    return lambda arguments: _run_in_pool(function, arguments, plan)


def _run_in_turn(function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
    for argument in arguments:
        function(argument)


def _await_in_turn(function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
    async def work() -> None:
        for argument in arguments:
            await function(argument)

    asyncio.run(work())


def _run_coroutine(function: Callable[[Any], Any], argument: Any) -> Any:
    """What a pool's worker has to do with a coroutine function: an event loop for each call."""
    return asyncio.run(function(argument))


def _run_in_pool(function: Callable[[Any], Any], arguments: Sequence[Any], plan: Plan) -> None:
    with open_executor(plan.strategy, plan.workers) as executor:
        for _ in executor.map(function, arguments, chunksize=plan.chunk):
            pass


def _end(child: subprocess.Popen[str]) -> None:
    """Ends a child that is late or unwanted, with the workers of its pool."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(child.pid, signal.SIGKILL)
            else:
                child.kill()
        child.communicate()


def main() -> None:
    name, strategy, workers, chunk = sys.argv[1:]
    print(timed(find(name), Plan(strategy, int(workers), int(chunk))))  # type: ignore[arg-type]  # our own spelling


if __name__ == "__main__":
    main()
