"""Check what becomes of a job when calls crash, hang or raise, its parent is killed, or Ctrl-C is pressed.

    python -m benchmarks.faults [faults] [resume] [interrupt] [--kills 50] [--seed N] [--only PACKAGE ...]

- faults: 1,000 calls, of which one has a segmentation fault, one never ends, one is killed as when memory runs out, and
  ten raise. Counted are the results and the failures that arrive within a minute, from advisor.map and other packages.
- resume: a job with a checkpoint, whose parent is killed (SIGKILL) at a random moment, is run again to its end.
  Counted are results that are missing or wrong, calls made twice, and workers that outlive their parent by 3 s.
- interrupt: Ctrl-C (SIGINT to all processes) and SIGTERM (to the parent) in the middle of calls of half a minute.
  Measured are the seconds until no process is left.

Takes about seven minutes. The exit status is 1 if advisor.map lost something.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import textwrap
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.faulty_jobs import (
    CALLS,
    FAULTS,
    PACKAGES,
    RAISES,
    RESUMED_CALLS,
    SHORT_CALLS,
    STRATEGIES,
    InvalidInputError,
)
from benchmarks.sessions import members, running
from benchmarks.tables import markdown
from profiles.job import JobError, run_module

JOBS: Final = "benchmarks.faulty_jobs"
PARTS: Final = ("faults", "resume", "interrupt")
FAULTS_TIMEOUT: Final = 60.0  # seconds
JOB_TIMEOUT: Final = 60.0
ORPHAN_SECONDS: Final = 3.0  # in which workers notice that their parent is gone
END_SECONDS: Final = 20.0
ENDING_CHARACTERS: Final = 100
INTERRUPTS: Final = 3  # for each kind of job and signal
LONGEST_END: Final = 2.0  # seconds, the aim


@dataclass(frozen=True)
class Arrived:
    """The outcomes that arrived of the job with faults."""

    package: str
    results: int
    failures: int  # of the calls that had to fail, with the exception that they raised
    lost: int  # calls that gave nothing, a wrong result, or another call's failure
    seconds: float
    ending: str  # how the job ended, if not normally

    @property
    def is_complete(self) -> bool:
        return self.results == CALLS - len(FAULTS) and self.failures == len(FAULTS)


@dataclass(frozen=True)
class Resumed:
    """A job whose parent was killed, and its continuation."""

    kind: str
    moment: float  # seconds from the start of the parent to its end
    calls_before: int  # begun before the kill
    missing: int  # results that are missing or wrong after the continuation
    repeated: int  # calls that were made twice
    orphans: int  # workers that outlived their parent


def calls_in(log: Path) -> list[int]:
    """Return the indices of the calls that began, in their order."""
    return [int(line.split()[0]) for line in log.read_text().splitlines()] if log.exists() else []


# Faults


def meet_faults(package: str) -> Arrived:
    """Let a package do the job with the faults, and count what arrives."""
    with tempfile.TemporaryDirectory(prefix="advisor-faults-") as folder:
        notes = Path(folder) / "notes"
        notes.touch()
        ending = ""
        began = time.perf_counter()
        try:
            run_module(JOBS, "faults", package, str(notes), timeout=FAULTS_TIMEOUT)
        except JobError as error:
            ending = textwrap.shorten(str(error), ENDING_CHARACTERS, placeholder=" …")
        seconds = time.perf_counter() - began
        return count_arrived(package, notes.read_text(), seconds, ending)


def count_arrived(package: str, notes: str, seconds: float, ending: str) -> Arrived:
    """Count the outcomes in the notes."""
    outcomes = {int(index): outcome for index, outcome in (line.split() for line in notes.splitlines())}
    results = sum(outcome == "ok" for outcome in outcomes.values())
    failures = sum(
        outcome == InvalidInputError.__name__ if index in RAISES else outcome not in ("ok", "wrong")
        for index, outcome in outcomes.items()
        if index in FAULTS
    )
    return Arrived(package, results, failures, CALLS - results - failures, seconds, ending)


def faults_table(arrived: Sequence[Arrived]) -> str:
    columns = ("", f"results of {CALLS - len(FAULTS)}", f"failures of {len(FAULTS)}", "calls lost", "s", "ended by")
    return markdown(
        columns,
        [
            (each.package, str(each.results), str(each.failures), str(each.lost), f"{each.seconds:.1f}", each.ending)
            for each in arrived
        ],
    )


# Killed parents


def kill_and_resume(kind: str, share: float, whole: float) -> Resumed:
    """Kill the parent at a share of the whole time that it takes, and continue the job."""
    with tempfile.TemporaryDirectory(prefix="advisor-resume-") as folder:
        checkpoint, log = Path(folder) / "checkpoint", Path(folder) / "log"
        with running(JOBS, "resume", kind, str(checkpoint), str(log)) as child:
            time.sleep(share * whole)
            child.kill()
            child.wait()
            orphans = wait_for_end(child.pid, ORPHAN_SECONDS)[1]
        before = calls_in(log)
        try:
            output = run_module(JOBS, "resume", kind, str(checkpoint), str(log), timeout=JOB_TIMEOUT)
            results = json.loads(output.splitlines()[-1])
        except JobError as error:
            print(f"  {kind}, killed after {share * whole:.2f} s: {error}")
            results = []
        times = Counter(calls_in(log))
        right = sum(result == index * index for index, result in enumerate(results[:RESUMED_CALLS]))
        surplus = max(0, len(results) - RESUMED_CALLS)
        return Resumed(
            kind=kind,
            moment=share * whole,
            calls_before=len(before),
            missing=RESUMED_CALLS - right + surplus,
            repeated=sum(count - 1 for count in times.values()),
            orphans=orphans,
        )


def whole_seconds(kind: str) -> float:
    """Return the seconds of the job when nothing kills it, start-up included."""
    with tempfile.TemporaryDirectory(prefix="advisor-resume-") as folder:
        began = time.perf_counter()
        arguments = "resume", kind, f"{folder}/checkpoint", f"{folder}/log"
        run_module(JOBS, *arguments, timeout=JOB_TIMEOUT)
        return time.perf_counter() - began


def resumed_table(resumed: Sequence[Resumed]) -> str:
    columns = (
        "calls",
        "parents killed",
        "calls begun before the kill",
        "results missing or wrong",
        "calls made twice, mean",
        "most",
        "workers that outlived their parent",
    )
    return markdown(columns, [_resumed_row(kind, resumed) for kind in dict.fromkeys(each.kind for each in resumed)])


def _resumed_row(kind: str, resumed: Sequence[Resumed]) -> tuple[str, ...]:
    of_kind = [each for each in resumed if each.kind == kind]
    before = [each.calls_before for each in of_kind]
    return (
        f"{kind} ({STRATEGIES[kind]})",
        str(len(of_kind)),
        f"{min(before)} to {max(before)} of {RESUMED_CALLS}",
        str(sum(each.missing for each in of_kind)),
        f"{sum(each.repeated for each in of_kind) / len(of_kind):.1f}",
        str(max(each.repeated for each in of_kind)),
        str(sum(each.orphans for each in of_kind)),
    )


# Interruptions


def wait_for_end(session: int, seconds: float) -> tuple[float, int]:
    """Wait until no process of the session lives; return the seconds and how many are left at the limit."""
    began = time.perf_counter()
    while True:
        left = len(members(session))
        taken = time.perf_counter() - began
        if not left or taken > seconds:
            return taken, left
        time.sleep(0.02)


def interrupt(kind: str, number: signal.Signals) -> tuple[float, int]:
    """Send a signal in the middle of long calls; return the seconds until the end, and the processes left."""
    with tempfile.TemporaryDirectory(prefix="advisor-interrupt-") as folder:
        log = Path(folder) / "log"
        with running(JOBS, "endless", kind, str(log)) as child:
            deadline = time.monotonic() + JOB_TIMEOUT
            while max(calls_in(log), default=0) < SHORT_CALLS:
                if time.monotonic() > deadline or child.poll() is not None:
                    raise JobError("the job did not reach its long calls")
                time.sleep(0.05)
            time.sleep(0.5)
            if number == signal.SIGINT:
                os.killpg(child.pid, number)  # as a terminal does
            else:
                child.send_signal(number)
            return wait_for_end(child.pid, END_SECONDS)


def interrupt_table(ends: dict[tuple[str, str], list[tuple[float, int]]]) -> str:
    columns = ("calls", "signal", "s until no process is left, at most", "processes left")
    return markdown(
        columns,
        [
            (
                f"{kind} ({STRATEGIES[kind]})",
                name,
                f"{max(seconds for seconds, _ in taken):.2f}",
                str(sum(left for _, left in taken)),
            )
            for (kind, name), taken in ends.items()
        ],
    )


# All


def check_faults(packages: Sequence[str]) -> bool:
    arrived = []
    for package in packages:
        arrived.append(meet_faults(package))
        print(f"  {package}: {arrived[-1].results} results, {arrived[-1].failures} failures", flush=True)
    print(f"\n{faults_table(arrived)}\n")
    return all(each.is_complete for each in arrived if each.package == "advisor")


def check_resume(kills: int, seed: int) -> bool:
    draw = random.Random(seed)
    whole = {kind: whole_seconds(kind) for kind in STRATEGIES}
    print(", ".join(f"{kind}: {seconds:.2f} s if nothing is killed" for kind, seconds in whole.items()), flush=True)
    kinds = list(STRATEGIES)
    resumed = [kill_and_resume(kind, draw.random(), whole[kind]) for kind in (kinds[turn % 2] for turn in range(kills))]
    print(f"\n{resumed_table(resumed)}\n")
    return not any(each.missing or each.orphans for each in resumed)


def check_interrupt() -> bool:
    ends: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for kind in STRATEGIES:
        for number in (signal.SIGINT, signal.SIGTERM):
            ends[kind, number.name] = [interrupt(kind, number) for _ in range(INTERRUPTS)]
    print(f"\n{interrupt_table(ends)}\n")
    return all(seconds <= LONGEST_END and not left for taken in ends.values() for seconds, left in taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which parents are killed")
    parser.add_argument("--only", nargs="+", choices=PACKAGES, default=list(PACKAGES), metavar="PACKAGE")
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS
    if unknown := set(parts).difference(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    checks = {
        "faults": lambda: check_faults(arguments.only),
        "resume": lambda: check_resume(arguments.kills, arguments.seed),
        "interrupt": check_interrupt,
    }
    failed = []
    for part in parts:
        print(f"{part}:", flush=True)
        if not checks[part]():
            failed.append(part)
    if failed:
        sys.exit(f"not as it should be: {', '.join(failed)}")


if __name__ == "__main__":
    main()
