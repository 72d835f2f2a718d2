"""Runs a workload's whole job one way, in a process of its own, and times it.

    python -m profiles.job NAME STRATEGY WORKERS CHUNK

The clock starts with the inputs ready and the target imported, and stops when the last result is there and the pool is
gone: starting and ending the pool count, and so does the first call, as they do for anyone who has such a job.
"""

from __future__ import annotations

import os
import signal
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

from advisor.records import Strategy
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


def timed(workload: Workload, plan: Plan) -> float:
    """Seconds that the workload's job takes in this process."""
    from advisor.target import load, load_calls

    function = load(workload.target)
    made = [call.args[0] for call in load_calls(workload.inputs) or ()]
    arguments = list(islice(cycle(made), workload.calls))
    run = _runner(function, plan)
    start = time.perf_counter()
    run(arguments)
    return time.perf_counter() - start


def _runner(function: Callable[[Any], Any], plan: Plan) -> Callable[[Sequence[Any]], None]:
    import inspect

    if inspect.iscoroutinefunction(function):
        return lambda arguments: _run_in_loop(function, arguments, plan.workers)
    if plan.strategy == "sequential":
        return lambda arguments: _run_in_turn(function, arguments)
    return lambda arguments: _run_in_pool(function, arguments, plan)


def _run_in_turn(function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
    for argument in arguments:
        function(argument)


def _run_in_pool(function: Callable[[Any], Any], arguments: Sequence[Any], plan: Plan) -> None:
    from advisor.executors import open_executor

    with open_executor(plan.strategy, plan.workers) as executor:
        for _ in executor.map(function, arguments, chunksize=plan.chunk):
            pass


def _run_in_loop(function: Callable[[Any], Any], arguments: Sequence[Any], at_once: int) -> None:
    """A coroutine function's calls in an event loop; one at a time is its sequential way."""
    import asyncio

    left = iter(arguments)

    async def work() -> None:
        for argument in left:
            await function(argument)

    async def work_together() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())

    asyncio.run(work_together())


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
