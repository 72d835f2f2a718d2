"""Compare the predicted curves with a simulation of measured calls, on 1 to 128 cores, in threads and processes.

    python -m benchmarks.curves_against_simulation [NAME ...] [--cores N ...] [--quick] [--random]
    python -m benchmarks.curves_against_simulation --picture docs/model.svg

The calls are those of real profiles in profiles/recorded/, cut into the measured bursts: one more than the call
releases the GIL, with native code or a wait between any two. The simulation (benchmarks/simulation) hands the GIL over
as CPython does, event by event; it shares no formula with the model, only the cost of a hand-over. Both run the same
whole job, the start of the pool and the last calls included.

NAME is a workload or a family; by default, the profiles whose calls differ most from each other. The table shows the
error of the job's seconds. Takes about two minutes, with --quick half a minute.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import track

from advisor.models import Estimate, Job, Machine, Profile, Record, Strategy
from advisor.predict.chunk_sizes import PIPE_BYTES
from advisor.predict.demands import CallDemands, scenario_of
from advisor.predict.estimator import estimate, leaders
from advisor.predict.processes_and_interpreters import CROWDING
from advisor.predict.threads_and_asyncio import CROWDING_IN_THREADS, GIL_CONTENTION, WIDE_CALL
from benchmarks.simulation.cores import Draw, constant, exponential
from benchmarks.simulation.jobs import Calls, Host, Stretch, processes_until_done, threads_until_done
from profiles.outcomes import Outcome, load_all

CORES: Final = (1, 2, 4, 8, 16, 32, 64, 128)
STRATEGIES: Final[tuple[Strategy, ...]] = ("threading", "multiprocessing")
CALLS: Final = 1000
PROFILES: Final = 12
QUICK_PROFILES: Final = 4
PICTURED: Final = 5
PICTURED_FROM: Final = 1e-3
"""Seconds per call; for shorter calls a plain loop is best on any number of cores."""
MAX_GAPS: Final = 24
"""A call that releases the GIL more often is cut into shorter calls of the same bursts, to save simulation time; the
costs of the pool and of its tasks are cut alike."""
PER_CALL: Final = (
    *("wall", "gil_held", "gil_free", "child_cpu", "wait", "gil_blocked", "run_queue", "gil_releases", "switches"),
    *("argument_bytes", "result_bytes", "function_bytes", "pickle_seconds"),
)
PER_POOL_AND_TASK: Final = (
    *("thread_start", "thread_task", "process_start", "process_start_each", "process_task", "process_task_worker"),
)
MOSTLY_WAITING: Final = 0.3
ACCEPTED: Final = 0.05
WORST_SHOWN: Final = 8

RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True)
class Point:
    """A job that was simulated and predicted."""

    workload: str
    strategy: Strategy
    cores: int
    workers: int
    simulated: float
    predicted: float

    @property
    def error(self) -> float:
        """Return the relative error of the job's seconds; positive where the model is too slow."""
        return self.predicted / self.simulated - 1


@dataclass(frozen=True)
class Measured:
    """A recorded profile and its host, without the figures that a comparison cannot check.

    The loading by a first call could belong to any station, and the slowdown of busy cores is an input of both sides.
    """

    name: str
    profile: Profile
    machine: Machine

    @classmethod
    def of(cls, outcome: Outcome) -> Measured:
        profile = outcome.profile.model_copy(update={"first_call": None})
        machine = outcome.machine.model_copy(update={"core_scaling": 1.0, "memory": None})
        parts = sum(_gaps(profile, scenario_of(profile, Job(), machine).call)) / MAX_GAPS
        if parts > 1:
            profile, machine = _divided(profile, PER_CALL, parts), _divided(machine, PER_POOL_AND_TASK, parts)
        return cls(outcome.workload, profile, machine)

    @property
    def call(self) -> CallDemands:
        """Return the demands of a call beside others, read from the profile as the model does."""
        return scenario_of(self.profile, Job(), self.machine).call

    @property
    def gaps(self) -> tuple[int, int]:
        return _gaps(self.profile, self.call)

    @property
    def is_mostly_waiting(self) -> bool:
        return self.call.wait > MOSTLY_WAITING * self.call.wall

    @property
    def is_wide(self) -> bool:
        """Return True if a call runs a thread pool of its own, so that several calls crowd each other."""
        return self.call.mean_width > WIDE_CALL

    @property
    def kind(self) -> tuple[float, ...]:
        """Return what a call does as numbers of similar range: shares of its time, and lengths."""
        call, burst = self.call, self.call.gil / (sum(self.gaps) + 1)
        shares = (call.gil / call.wall, call.native / call.cpu if call.cpu else 0.0, call.wait / call.wall)
        pickling = (self.profile.pickle_seconds or 0.0) / call.wall
        return (*shares, min(1.0, pickling), math.log10(max(burst, 1e-7)) / 5, math.log10(call.wall) / 5)

    def on(self, cores: int) -> Machine:
        return self.machine.model_copy(update={"cores": cores})


def _gaps(profile: Profile, call: CallDemands) -> tuple[int, int]:
    """Return how often a call waits, and how often it releases the GIL for something else."""
    negligible = 1e-4 * call.wall
    waits = max(1, round(profile.switches or 0.0)) if call.wait > negligible else 0
    return waits, max(int(call.native > negligible), round(profile.gil_releases or 0.0) - waits)


def _divided(record: RecordT, names: Iterable[str], parts: float) -> RecordT:
    known = {name: value for name in names if (value := getattr(record, name)) is not None}
    return record.model_copy(update={name: value / parts for name, value in known.items()})


def stretches(measured: Measured, task: float) -> tuple[Stretch, ...]:
    """Return a call as measured: equal bursts that hold the GIL, and something else between any two.

    `task` seconds on a core, which the pool needs for the call, are added to the first burst.
    """
    call, (waits, others) = measured.call, measured.gaps
    gaps = waits + others
    burst = [Stretch("gil", call.gil / (gaps + 1))]
    if call.blocked:
        burst.append(Stretch("blocked", call.blocked / (gaps + 1)))
    sequence = [Stretch("gil", task), *burst]
    for gap in range(gaps):
        waiting = _nearest((gap + 1) * waits / gaps) > _nearest(gap * waits / gaps)  # spread evenly
        free = Stretch("free", call.native / max(1, others), call.width)
        sequence += [Stretch("wait", call.wait / waits) if waiting else free, *burst]
    if call.child:
        sequence.append(Stretch("free", call.child, call.width))
    return tuple(sequence)


def _nearest(number: float) -> int:
    return math.floor(number + 0.5)


def simulate(measured: Measured, way: Estimate, cores: int, calls: int, draw: Draw = constant) -> float:
    """Return the simulated seconds of the job, by the strategy, workers and chunk of an estimate."""
    simulation = _simulate_threads if way.strategy == "threading" else _simulate_processes
    return simulation(measured, way, cores, calls, draw)


def _simulate_threads(measured: Measured, way: Estimate, cores: int, calls: int, draw: Draw) -> float:
    machine = measured.machine
    job = Calls(calls, stretches(measured, machine.thread_task), measured.profile.spread or 0.0, draw)
    crowding = CROWDING_IN_THREADS if measured.is_wide else 0.0
    host = Host(cores, machine.gil_switch, GIL_CONTENTION, crowding=crowding)
    return threads_until_done(job, host, way.workers, start=way.start_up / way.workers)


def _simulate_processes(measured: Measured, way: Estimate, cores: int, calls: int, draw: Draw) -> float:
    """Simulate a process pool: parent and worker do half the pickling each, and only the parent uses the pipe."""
    profile, machine = measured.profile, measured.machine
    each_call = (profile.argument_bytes or 0.0) + (profile.result_bytes or 0.0)
    per_task = profile.function_bytes or 0.0
    sent = each_call * way.chunk + per_task
    pickling = (profile.pickle_seconds or 0.0) * sent / max(each_call + per_task, 1.0)
    parent = machine.process_task + pickling / 2 + machine.process_byte * sent
    worker = (machine.process_task_worker + pickling / 2) / way.chunk
    fits = way.chunk * (profile.argument_bytes or 0.0) + per_task < PIPE_BYTES
    seconds = processes_until_done(
        Calls(calls, stretches(measured, worker), profile.spread or 0.0, draw),
        Host(cores, crowding=CROWDING if measured.is_wide else 0.0),
        way.workers,
        chunk=way.chunk,
        parent=parent,
        queued=None if fits else 1,
    )
    return seconds + way.start_up


def most_different(profiles: Sequence[Measured], count: int) -> list[Measured]:
    """Return up to `count` profiles, each the one that differs most from those chosen before."""
    chosen = list(profiles[:1])
    while len(chosen) < min(count, len(profiles)):
        chosen.append(max(profiles, key=lambda each: min(math.dist(each.kind, other.kind) for other in chosen)))
    return chosen


def worker_counts(measured: Measured, cores: int) -> set[int]:
    """Return the worker counts to compare."""
    return {2, cores, 2 * cores, *((16, 64, 256) if measured.is_mostly_waiting else ())}


def compare(measured: Measured, cores: int, calls: int, draw: Draw) -> Iterator[Point]:
    """Yield a point for each strategy and worker count."""
    for way in estimate(measured.profile, Job(calls=calls), measured.on(cores)):
        if way.strategy in STRATEGIES and way.workers in worker_counts(measured, cores):
            seconds = simulate(measured, way, cores, calls, draw)
            yield Point(measured.name, way.strategy, cores, way.workers, seconds, way.seconds.expected)


def table(points: Sequence[Point]) -> str:
    """Return the mean and worst error by strategy, cores and workload, and the worst points, as Markdown."""
    lines = ["| | points | mean error | within 5 % | worst | at |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    for strategy in STRATEGIES:
        group = [point for point in points if point.strategy == strategy]
        lines.append(_row(f"**{strategy}**", group))
        lines += _rows(group, lambda point: _cores(point.cores))
        lines += _rows(group, lambda point: point.workload)
    lines += [_row("**all**", points), "", "The worst:", ""]
    for point in sorted(points, key=lambda point: -abs(point.error))[:WORST_SHOWN]:
        lines.append(
            f"- {point.workload}, {point.strategy} × {point.workers} on {_cores(point.cores)}: predicted "
            f"{point.predicted:.4g} s, simulated {point.simulated:.4g} s ({point.error:+.1%})"
        )
    return "\n".join(lines)


def _rows(group: Sequence[Point], key: Callable[[Point], str]) -> Iterable[str]:
    for name in dict.fromkeys(key(point) for point in group):
        yield _row(name, [point for point in group if key(point) == name])


def _row(name: str, group: Sequence[Point]) -> str:
    if not group:
        return f"| {name} | 0 | | | | |"
    mean = statistics.mean(abs(point.error) for point in group)
    within = sum(abs(point.error) <= ACCEPTED for point in group) / len(group)
    worst = max(group, key=lambda point: abs(point.error))
    where = f"{worst.workload}, {_cores(worst.cores)}, {worst.workers} workers"
    return f"| {name} | {len(group)} | {mean:.1%} | {within:.0%} | {worst.error:+.1%} | {where} |"


def _cores(count: int) -> str:
    return f"{count} core" + ("s" if count > 1 else "")


def draw_curves(profiles: Sequence[Measured], path: Path, calls: int) -> None:
    """Draw the speed-up at the best number of workers over the cores: lines predicted, marks simulated."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "model"}):
        figure = Figure(figsize=(9, 4.6), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for axes, strategy in zip(panels, STRATEGIES, strict=True):
            for number, measured in enumerate(track(profiles, strategy, console=Console(stderr=True))):
                lines, marks = _speedups(measured, strategy, calls)
                axes.plot(CORES, lines, color=f"C{number}", linewidth=1.8, label=_label(measured))
                axes.plot(CORES, marks, "o", color=f"C{number}", markersize=4.5, markerfacecolor="white")
            axes.axhline(1, color="#888888", linewidth=0.8, linestyle=":")
            axes.set_xscale("log", base=2)
            axes.set_yscale("log", base=2)
            axes.set_xticks(CORES, [str(count) for count in CORES])
            axes.yaxis.set_major_formatter(lambda tick, _: f"{tick:g}×")
            axes.set_xlabel("cores")
            axes.set_title(f"{strategy}, best number of workers", fontsize=10)
            axes.grid(color="#e8e8e8")
            axes.spines[["top", "right"]].set_visible(False)
        panels[0].set_ylabel(f"speed-up over a plain loop, {calls} calls")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
        figure.suptitle("Predicted (lines) and simulated (circles)", fontsize=11, weight="bold")
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, dpi=150, metadata=metadata)


def _speedups(measured: Measured, strategy: Strategy, calls: int) -> tuple[list[float], list[float]]:
    """Return the predicted and the simulated speed-ups, on each number of cores."""
    predicted, simulated = [], []
    for cores in CORES:
        estimates = estimate(measured.profile, Job(calls=calls), measured.on(cores))
        best, loop = leaders(estimates)[strategy], estimates[0].seconds.expected
        predicted.append(loop / best.seconds.expected)
        simulated.append(loop / simulate(measured, best, cores, calls))
    return predicted, simulated


def _label(measured: Measured) -> str:
    call = measured.call
    shares = {"holding the GIL": call.gil, "native": call.native, "other programs": call.child, "waiting": call.wait}
    largest = sorted(((seconds / call.wall, name) for name, seconds in shares.items()), reverse=True)[:2]
    description = ", ".join(f"{share:.0%} {name}" for share, name in largest if share >= 0.05)
    return f"{measured.name} ({description})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="workloads or families; default: the most different")
    parser.add_argument("--cores", type=int, nargs="+", default=list(CORES), metavar="N")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"of the job (default {CALLS})")
    parser.add_argument("--random", action="store_true", help="stretches of exponential instead of equal lengths")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PROFILES} profiles only")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw a few curves (SVG or PNG) instead")
    arguments = parser.parse_args()
    outcomes = (outcome for outcome in load_all() if not outcome.machine.python.free_threaded)
    profiles = [Measured.of(each) for each in outcomes if not arguments.names or _is_one_of(each, arguments.names)]
    if not arguments.names:
        if arguments.picture:
            profiles = [measured for measured in profiles if measured.call.wall >= PICTURED_FROM]
        count = PICTURED if arguments.picture else QUICK_PROFILES if arguments.quick else PROFILES
        profiles = most_different(profiles, count)
    if not profiles:
        raise SystemExit("no such profile is recorded: run benchmarks.oracle first")
    if arguments.picture:
        draw_curves(profiles, arguments.picture, arguments.calls)
        return
    steps = [(measured, cores) for measured in profiles for cores in arguments.cores]
    draw = exponential if arguments.random else constant
    points: list[Point] = []
    for measured, cores in track(steps, "simulating", console=Console(stderr=True)):
        points += compare(measured, cores, arguments.calls, draw)
    print(table(points))


def _is_one_of(outcome: Outcome, names: Sequence[str]) -> bool:
    return outcome.workload in names or outcome.family in names


if __name__ == "__main__":
    main()
