"""Disturb jobs on a cluster, continue those that ended, and count what is missing, wrong or computed again."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from advisor.models.cluster import EngineName
from benchmarks.calls import rounds_for
from benchmarks.cluster_faulty_jobs import CALLS, POISONED
from benchmarks.cluster_records import Disturbed
from benchmarks.local_clusters import Layout, LocalCluster, cluster
from benchmarks.networks import Network, network
from benchmarks.sessions import running
from profiles.job import JobError

JOBS: Final = "benchmarks.cluster_faulty_jobs"
FAULTS: Final = ("worker killed", "scheduler restarted", "network cut", "poisoned call")
CALL_SECONDS: Final = 0.02
CUT_SECONDS: Final = 5.0
CUT_ROUND_TRIP: Final = 0.001
JOB_TIMEOUT: Final = 90.0
ENDING_CHARACTERS: Final = 80
STACK: Final = "*** StackTrace"  # of Ray's native code, which ends the process
LAYOUT: Final = Layout(2, 1)
COMES_AT: Final = CALLS // 3
"""Outcomes after which the fault comes."""


@dataclass(frozen=True)
class Call:
    """A line of the log."""

    index: int
    process: int
    began: float  # seconds since the epoch


@dataclass(frozen=True)
class Ended:
    """A job process that has ended.

    Attributes:
        seconds: From its start to its end.
        ending: The end of its error output if it failed, else empty.
        fault_at: The time at which the fault came, or infinity.
        acknowledged: Indices whose outcomes had arrived then.
    """

    seconds: float
    ending: str
    fault_at: float = float("inf")
    acknowledged: frozenset[int] = frozenset()


def calls_in(log: Path) -> list[Call]:
    """Return the calls that began, in their order."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [Call(int(index), int(process), float(began)) for index, process, began in map(str.split, lines)]


def outcomes_in(notes: Path) -> dict[int, str]:
    """Return the outcomes that have arrived; those of a continued job replace earlier ones."""
    lines = notes.read_text().splitlines() if notes.exists() else []
    return {int(index): outcome for index, outcome in map(str.split, lines)}


def do_job(target: LocalCluster, folder: Path, rounds: int, fault: Callable[[], None] | None, *options: str) -> Ended:
    """Run the job, or continue it; the fault comes when a part of the outcomes is there."""
    with (folder / "errors").open("w+", encoding="utf-8") as errors:
        began = time.perf_counter()
        command = (target.engine, target.address, str(folder), str(rounds), *options)
        with running(JOBS, *command, output=errors) as child:
            fault_at, acknowledged = float("inf"), frozenset[int]()
            if fault is not None:
                _await_outcomes(child, folder / "notes")
                acknowledged, fault_at = frozenset(outcomes_in(folder / "notes")), time.time()
                fault()
            try:
                child.wait(JOB_TIMEOUT)
            except subprocess.TimeoutExpired:
                return Ended(JOB_TIMEOUT, f"no end within {JOB_TIMEOUT:.0f} s", fault_at, acknowledged)
        seconds = time.perf_counter() - began
        errors.seek(0)
        return Ended(seconds, _ending(child.returncode, errors.read()), fault_at, acknowledged)


def _ending(status: int, errors: str) -> str:
    """Return how a process ended, or nothing if it did its work."""
    if status < 0:
        return f"ended by {signal.Signals(-status).name}"
    lines = errors.partition(STACK)[0].strip().splitlines()
    return (lines or [f"exit status {status}"])[-1] if status else ""


def _await_outcomes(child: subprocess.Popen[bytes], notes: Path) -> None:
    """Wait until the fault is due; raise JobError if the job ends before."""
    deadline = time.monotonic() + JOB_TIMEOUT
    while len(outcomes_in(notes)) < COMES_AT:
        if child.poll() is not None or time.monotonic() > deadline:
            raise JobError("the job did not get as far as the fault")
        time.sleep(0.02)


def disturb(target: LocalCluster, net: Network | None, fault: str) -> Disturbed:
    """Run the job without and with a fault; continue it once if that ended it."""
    rounds = rounds_for(CALL_SECONDS)
    with _folder() as folder:
        quiet = do_job(target, folder, rounds, None)
        if quiet.ending:
            raise JobError(f"the job fails without a fault: {quiet.ending}")
    options = ("--poisoned",) if fault == "poisoned call" else ()
    with _folder() as folder:
        first = do_job(target, folder, rounds, _action(fault, target, net, folder / "log"), *options)
        seconds = first.seconds
        if first.ending:
            seconds += do_job(target, folder, rounds, None, *options).seconds
        return count(target.engine, fault, folder, first, seconds, quiet.seconds)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="advisor-faults-") as folder:
        yield Path(folder)


def _action(fault: str, target: LocalCluster, net: Network | None, log: Path) -> Callable[[], None] | None:
    if fault == "worker killed":
        return lambda: os.kill(calls_in(log)[-1].process, signal.SIGKILL)
    if fault == "scheduler restarted":
        return target.restart
    if fault == "network cut":
        assert net is not None
        return functools.partial(net.cut, CUT_SECONDS)
    return None  # the call itself is the fault


def count(engine: str, fault: str, folder: Path, first: Ended, seconds: float, quiet_seconds: float) -> Disturbed:
    """Count what has become of the job."""
    outcomes, calls = outcomes_in(folder / "notes"), calls_in(folder / "log")
    must_fail = {POISONED} if fault == "poisoned call" else set()
    times = Counter(call.index for call in calls)
    right = {index for index, outcome in outcomes.items() if (outcome == "ok") != (index in must_fail)}
    return Disturbed(
        engine=engine,
        fault=fault,
        calls=CALLS,
        missing=len(set(range(CALLS)) - outcomes.keys()),
        wrong=len(outcomes.keys() - right),
        failures=len(right & must_fail),
        had_to_fail=len(must_fail),
        acknowledged=len(first.acknowledged),
        made_again=len({call.index for call in calls if call.began > first.fault_at} & first.acknowledged),
        repeated=sum(number > 1 for number in times.values()),
        seconds=seconds,
        quiet_seconds=quiet_seconds,
        ending=textwrap.shorten(first.ending, ENDING_CHARACTERS, placeholder=" …"),
    )


def faults_of(engine: EngineName) -> Iterator[str]:
    """Yield the faults that an engine is tried with; a program that uses Ray runs on a host of its cluster."""
    yield from (fault for fault in FAULTS if engine == "dask" or fault != "network cut")


def examine(engine: EngineName, fault: str) -> Disturbed:
    """Start a cluster of two workers, with a network where the fault needs one, and disturb a job.

    Raises:
        NoNetworkError: The network cannot be made.
        JobError: The job does not even run without the fault.
    """
    with contextlib.ExitStack() as stack:
        net = stack.enter_context(network(CUT_ROUND_TRIP)) if fault == "network cut" else None
        target = stack.enter_context(cluster(engine, LAYOUT, net))
        return disturb(target, net, fault)
