"""Watch the memory of a job with ten million inputs from a generator, whose results are read slowly.

    python -m benchmarks.streams [--inputs 10000000] [--pause 1] [--limit 1000] [--picture docs/streams.svg]

The calls take less than a microsecond. The reader checks every result, and pauses for a second forty times. The ways
are advisor.map by its own choice, with threads and with processes, and the executors of the standard library; each runs
in a fresh process. Four times a second, the resident memory of that process and all that it started is summed up; pages
that processes share count in each. A way that uses more than the limit (MB) is stopped.

Takes about four minutes. The exit status is 1 if advisor.map does not reach the end.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

import advisor
from advisor.report.atomic_write import atomic_write
from benchmarks.sessions import members, running
from benchmarks.tables import markdown
from profiles.job import ROOT

PAUSES: Final = 40
SAMPLE_SECONDS: Final = 0.25
TIMEOUT: Final = 600.0
COLOURS: Final = ("#0969da", "#1a7f37", "#8250df", "#bf8700", "#8c959f")
INK: Final = "#24292f"

Results = contextlib.AbstractContextManager[Iterable[int]]


def follow(number: int) -> int:
    """Return a result that differs for each input."""
    return 3 * number + 1


@contextlib.contextmanager
def _threads(inputs: Iterable[int]) -> Iterator[Iterable[int]]:
    with ThreadPoolExecutor() as executor:
        yield executor.map(follow, inputs)


@contextlib.contextmanager
def _processes(inputs: Iterable[int]) -> Iterator[Iterable[int]]:
    with ProcessPoolExecutor() as executor:
        yield executor.map(follow, inputs)


WAYS: Final[dict[str, Callable[[Iterable[int]], Results]]] = {
    "advisor.map": lambda inputs: advisor.map(follow, inputs),
    "advisor.map, threads": lambda inputs: advisor.map(follow, inputs, strategy="threading"),
    "advisor.map, processes": lambda inputs: advisor.map(follow, inputs, strategy="multiprocessing"),
    "ThreadPoolExecutor.map": _threads,
    "ProcessPoolExecutor.map": _processes,
}


@dataclass(frozen=True)
class Watched:
    """The memory of one way, and how far it came."""

    way: str
    samples: Sequence[tuple[float, float]]  # seconds since the start, MB
    inputs: int  # read from the generator, at least
    results: int  # read by the reader, at least
    ending: str  # why the job ended early, if it did

    @property
    def seconds(self) -> float:
        return self.samples[-1][0]

    @property
    def highest(self) -> float:
        return max(megabytes for _, megabytes in self.samples)

    def average(self, begin: float, end: float) -> float:
        """Return the mean memory in a part of the time, both ends given as shares of it."""
        part = [mb for seconds, mb in self.samples if begin <= seconds / self.seconds <= end]
        return sum(part) / len(part) if part else self.highest


def run_job(way: str, count: int, pause: float) -> None:
    """Do the job in this process, and print how many inputs and results have been read."""
    every = max(1, count // PAUSES)

    def inputs() -> Iterator[int]:
        for begin in range(0, count, every):
            end = min(count, begin + every)
            yield from range(begin, end)
            print("inputs", end, flush=True)

    read = 0
    with WAYS[way](inputs()) as results:
        for read, result in enumerate(results, 1):
            if result != follow(read - 1):
                raise ValueError(f"result {read - 1} is {result!r}")
            if read % every == 0:
                print("results", read, flush=True)
                time.sleep(pause)
    print("results", read, flush=True)


def watch(way: str, count: int, pause: float, limit: float) -> Watched:
    """Run the job in a fresh process and sample its memory, until it ends or passes the limit."""
    samples: list[tuple[float, float]] = []
    ending = ""
    with tempfile.TemporaryFile("w+") as notes:
        with running("benchmarks.streams", "--job", way, str(count), str(pause), output=notes) as child:
            began = time.perf_counter()
            while child.poll() is None and not ending:
                samples.append((time.perf_counter() - began, megabytes(child.pid)))
                if samples[-1][1] > limit:
                    ending = f"stopped: more than {limit:,.0f} MB"
                elif samples[-1][0] > TIMEOUT:
                    ending = f"stopped after {TIMEOUT:.0f} s"
                time.sleep(SAMPLE_SECONDS)
        notes.seek(0)
        lines = notes.read().splitlines()
    progress = {
        what: max((int(line.split()[1]) for line in lines if line.startswith(f"{what} ")), default=0)
        for what in ("inputs", "results")
    }
    if not ending and progress["results"] < count:
        ending = lines[-1] if lines else f"exit status {child.returncode}"
    return Watched(way, samples, progress["inputs"], progress["results"], ending)


def megabytes(session: int) -> float:
    """Return the resident memory of all processes of a session."""
    total = 0
    for process in members(session):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total / 1e6


def table(all_watched: Sequence[Watched]) -> str:
    columns = ("", "results read", "inputs read", "s", "MB, second tenth", "MB, last tenth", "MB, highest", "")
    return markdown(columns, map(_row, all_watched))


def _row(watched: Watched) -> tuple[str, ...]:
    early, late = (
        ("–", "–") if watched.ending else (f"{watched.average(0.1, 0.2):.0f}", f"{watched.average(0.9, 1):.0f}")
    )
    reached = f"{watched.results:,}", f"{watched.inputs:,}", f"{watched.seconds:.0f}"
    return (watched.way, *reached, early, late, f"{watched.highest:.0f}", watched.ending)


def draw(all_watched: Sequence[Watched], limit: float, path: Path) -> None:
    """Draw the memory of every way over time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.axhline(limit, color="#d0d7de", linewidth=1, linestyle=(0, (4, 3)))
    for watched, colour in zip(all_watched, COLOURS, strict=False):
        seconds, memory = zip(*watched.samples, strict=True)
        axes.plot(seconds, memory, color=colour, linewidth=1.8, label=watched.way)
        if watched.ending:
            axes.plot(seconds[-1:], memory[-1:], color=colour, marker="x", markersize=8)
    axes.set_xlabel("seconds (×: stopped)", color=INK)
    axes.set_ylabel("resident memory of all processes, MB", color=INK)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1.15 * max(limit, *(watched.highest for watched in all_watched)))
    axes.grid(axis="y", color="#d0d7de", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="center right", frameon=False)
    with atomic_write(path) as file:
        figure.savefig(file, format="svg", metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000_000)
    parser.add_argument("--pause", type=float, default=1.0, help=f"seconds of each of {PAUSES} pauses (default 1)")
    parser.add_argument("--limit", type=float, default=1000.0, help="MB at which a way is stopped (default 1000)")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "streams.svg")
    parser.add_argument("--job", nargs=3, help=argparse.SUPPRESS)  # way, inputs, pause: in a process
    arguments = parser.parse_args()
    if arguments.job:
        way, count, pause = arguments.job
        run_job(way, int(count), float(pause))
        return
    all_watched = []
    for way in WAYS:
        all_watched.append(watch(way, arguments.inputs, arguments.pause, arguments.limit))
        print(f"  {way}: {all_watched[-1].highest:.0f} MB", file=sys.stderr)
    print(table(all_watched))
    draw(all_watched, arguments.limit, arguments.picture)
    if unfinished := [each.way for each in all_watched if each.way.startswith("advisor") and each.ending]:
        sys.exit(f"not at the end: {', '.join(unfinished)}")


if __name__ == "__main__":
    main()
