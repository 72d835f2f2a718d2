"""Run a workload's whole job by one plan, in a process of its own, and time it.

    python -m profiles.job NAME STRATEGY WORKERS CHUNK
    python -m profiles.job NAME PACKAGE

The clock starts when the inputs are ready and the target is imported, and stops when the last result has arrived and
the pool has ended: starting and ending the pool count, and so does the first call, as in any real job.
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
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from advisor.models import Advice, Strategy
from advisor.run.executors import open_executor
from advisor.target.inputs import load_calls, repeat_inputs
from advisor.target.loader import load
from profiles import Workload, find
from profiles.packages import AWAITING, PACKAGES, PackageName

ROOT: Final = Path(__file__).resolve().parent.parent


class JobError(Exception):
    """The job failed; the text is the last line of its error output."""


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


@dataclass(frozen=True)
class Package:
    """A package that runs the whole job by its own choice, at its default settings."""

    name: PackageName

    def __str__(self) -> str:
        return self.name


Contender: TypeAlias = Plan | Package
ContenderT = TypeVar("ContenderT", bound=Contender)

SEQUENTIAL: Final = Plan("sequential")


def plan_of(advice: Advice) -> Plan:
    """Return the plan that follows the advice."""
    if advice.recommendation == "undecided":
        raise ValueError("a measured function always gets a recommendation")
    if advice.recommendation == "sequential":
        return SEQUENTIAL
    chunk = advice.chunk if advice.recommendation == "multiprocessing" else 1  # other pools have no chunks
    return Plan(advice.recommendation, advice.workers, chunk)


def measure(workload: Workload, contender: Contender, *, timeout: float) -> float:
    """Return the seconds of the job in a fresh process; raise JobError if it fails or takes too long."""
    return float(run_module(__name__, workload.name, *_as_arguments(contender), timeout=timeout).split()[-1])


def run_module(module: str, *arguments: str, timeout: float) -> str:
    """Return the output of `python -m module`, run in a session of its own that ends with it or after `timeout`.

    Raises JobError if it fails or takes too long.
    """
    with tempfile.TemporaryDirectory(prefix="advisor-job-") as directory:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": directory},  # leaves nothing behind, even if the job must be killed
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
        raise JobError(_error_message(errors) or f"exit status {child.returncode}")
    return output


def _error_message(errors: str) -> str:
    """Return the line of the exception, which notes may follow since Python 3.14."""
    lines = errors.strip().splitlines()
    after_frames = max((number for number, line in enumerate(lines, 1) if line.startswith("  ")), default=0)
    return lines[after_frames] if 0 < after_frames < len(lines) else "".join(lines[-1:])


def alternate(
    workload: Workload, plans: Sequence[ContenderT], *, rounds: int, timeout: float
) -> dict[ContenderT, float]:
    """Return the median seconds of each plan, measured in turn so that changes of the host affect all alike."""
    seconds: dict[ContenderT, list[float]] = {plan: [] for plan in plans}
    for number in range(rounds):
        for plan in plans if number % 2 == 0 else reversed(plans):
            seconds[plan].append(measure(workload, plan, timeout=timeout))
    return {plan: statistics.median(measured) for plan, measured in seconds.items()}


def timed(workload: Workload, contender: Contender) -> float:
    """Return the seconds of the job in this process."""
    run = prepare(workload, contender)
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def prepare(workload: Workload, contender: Contender) -> Callable[[], None]:
    """Return a function that runs the job in this process, with the target imported and the inputs made."""
    function, inputs = load_workload(workload)
    arguments = repeat_inputs(inputs, workload.calls)
    run = _runner(function, contender)
    return lambda: run(arguments)


def load_workload(workload: Workload) -> tuple[Callable[[Any], Any], list[Any]]:
    """Import the function and make its inputs."""
    return load(workload.target), [call.args[0] for call in load_calls(workload.inputs) or ()]


def _runner(function: Callable[[Any], Any], contender: Contender) -> Callable[[Sequence[Any]], None]:
    coroutine = inspect.iscoroutinefunction(function)
    if isinstance(contender, Package):
        package_map = PACKAGES[contender.name]()
        wrap = coroutine and contender.name not in AWAITING
        plain = functools.partial(_run_coroutine, function) if wrap else function
        return lambda arguments: package_map(plain, arguments)
    if contender.strategy == "sequential":
        return functools.partial(_await_in_turn if coroutine else _run_in_turn, function)
    if coroutine and contender.strategy != "asyncio":
        function = functools.partial(_run_coroutine, function)
    return lambda arguments: _run_in_pool(function, arguments, contender)


def _run_in_turn(function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
    for argument in arguments:
        function(argument)


def _await_in_turn(function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
    async def work() -> None:
        for argument in arguments:
            await function(argument)

    asyncio.run(work())


def _run_coroutine(function: Callable[[Any], Any], argument: Any) -> Any:
    """Run a coroutine function in a pool's worker, with an event loop for each call."""
    return asyncio.run(function(argument))


def _run_in_pool(function: Callable[[Any], Any], arguments: Sequence[Any], plan: Plan) -> None:
    with open_executor(plan.strategy, plan.workers) as executor:
        for _ in executor.map(function, arguments, chunksize=plan.chunk):
            pass


def _end(child: subprocess.Popen[str]) -> None:
    """Kill a child that still runs, with the workers of its pool, which may have outlived it."""
    # Not poll(): the process id of a dead child is not reused until its exit status has been collected.
    if child.returncode is None:
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(child.pid, signal.SIGKILL)
            else:
                child.kill()
        child.communicate()


def _as_arguments(contender: Contender) -> tuple[str, ...]:
    if isinstance(contender, Package):
        return (contender.name,)
    return contender.strategy, str(contender.workers), str(contender.chunk)


def main() -> None:
    name, how, *numbers = sys.argv[1:]
    contender = Package(how) if how in PACKAGES else Plan(how, *map(int, numbers))  # type: ignore[arg-type]  # from _as_arguments
    print(timed(find(name), contender))


if __name__ == "__main__":
    main()
