"""How close the predicted curves are to a simulation of measured calls, on 1 to 128 cores: threads and processes.

    python -m benchmarks.curves_against_simulation [NAME ...] [--cores N ...] [--quick] [--random]
    python -m benchmarks.curves_against_simulation --picture docs/model.svg

The calls are those of real profiles in profiles/recorded/, cut into the bursts that were measured: one more than the
call lets go of the GIL, with native code or a wait between any two. The simulation (tests/simulation.py) passes the GIL
on as CPython does, event by event; it shares no formula with the model, only what a host charges for a hand-over. Both
do the same whole job, the start of the pool and the last calls included.

NAME is a workload or a family; without one, the profiles are those that differ most from each other in what their calls
do. The table shows the error of the job's seconds. Takes about two minutes, with --quick half of one.
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
from advisor.predict import estimator
from profiles.outcomes import Outcome, load_all
from tests.simulation import Calls, Draw, Host, Stretch, constant, exponential, processes_until_done, threads_until_done

CORES: Final = (1, 2, 4, 8, 16, 32, 64, 128)
STRATEGIES: Final[tuple[Strategy, ...]] = ("threading", "multiprocessing")
CALLS: Final = 1000
PROFILES: Final = 12
QUICK_PROFILES: Final = 4
PICTURED: Final = 5
PICTURED_FROM: Final = 1e-3
"""Seconds of a call: for shorter ones a plain loop is best on any number of cores."""
MOST_GAPS: Final = 24
"""A call that lets go of the GIL more often is cut into shorter ones of the same bursts, for simulating takes time; all
that a pool and a task cost is cut alike."""
PER_CALL: Final = (
    *("wall", "gil_held", "gil_free", "child_cpu", "wait", "gil_blocked", "run_queue", "gil_releases", "switches"),
    *("argument_bytes", "result_bytes", "function_bytes", "pickle_seconds"),
)
PER_POOL_AND_TASK: Final = (
    *("thread_start", "thread_task", "process_start", "process_start_each", "process_task", "process_task_worker"),
)
WAITS_FOR_MUCH: Final = 0.3
ACCEPTED: Final = 0.05
WORST_SHOWN: Final = 8

RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True)
class Point:
    """A job that was both simulated and predicted."""

    workload: str
    strategy: Strategy
    cores: int
    workers: int
    simulated: float
    predicted: float

    @property
    def error(self) -> float:
        """Of the job's seconds; positive where the model is too slow."""
        return self.predicted / self.simulated - 1


@dataclass(frozen=True)
class Measured:
    """A real profile and the host it is from, without what the comparison cannot be about.

    What a first call loads could belong to any station, and how much slower cores are together is an input of both.
    """

    name: str
    profile: Profile
    machine: Machine

    @classmethod
    def of(cls, outcome: Outcome) -> Measured:
        profile = outcome.profile.model_copy(update={"first_call": None})
        machine = outcome.machine.model_copy(update={"core_scaling": 1.0, "memory": None})
        parts = sum(_gaps(profile, estimator.case_of(profile, Job(), machine).call)) / MOST_GAPS
        if parts > 1:
            profile, machine = _divided(profile, PER_CALL, parts), _divided(machine, PER_POOL_AND_TASK, parts)
        return cls(outcome.workload, profile, machine)

    @property
    def call(self) -> estimator.Call:
        """The parts of a call beside others, read from the profile as the model does."""
        return estimator.case_of(self.profile, Job(), self.machine).call

    @property
    def gaps(self) -> tuple[int, int]:
        return _gaps(self.profile, self.call)

    @property
    def waits_for_much(self) -> bool:
        return self.call.wait > WAITS_FOR_MUCH * self.call.wall

    @property
    def is_wide(self) -> bool:
        """Whether a call runs a pool of its own, so that several get into each other's way."""
        return self.call.mean_width > 1.5

    @property
    def kind(self) -> tuple[float, ...]:
        """What a call does, as figures of about the same range: shares of its time, and lengths."""
        call, burst = self.call, self.call.gil / (sum(self.gaps) + 1)
        shares = (call.gil / call.wall, call.native / call.cpu if call.cpu else 0.0, call.wait / call.wall)
        pickling = (self.profile.pickle_seconds or 0.0) / call.wall
        return (*shares, min(1.0, pickling), math.log10(max(burst, 1e-7)) / 5, math.log10(call.wall) / 5)

    def on(self, cores: int) -> Machine:
        return self.machine.model_copy(update={"cores": cores})


def _gaps(profile: Profile, call: estimator.Call) -> tuple[int, int]:
    """How often a call waits, and how often it lets go of the GIL for something else: whole numbers."""
    trifle = 1e-4 * call.wall
    waits = max(1, round(profile.switches or 0.0)) if call.wait > trifle else 0
    return waits, max(int(call.native > trifle), round(profile.gil_releases or 0.0) - waits)


def _divided(record: RecordT, names: Iterable[str], parts: float) -> RecordT:
    known = {name: value for name in names if (value := getattr(record, name)) is not None}
    return record.model_copy(update={name: value / parts for name, value in known.items()})


def stretches(measured: Measured, task: float) -> tuple[Stretch, ...]:
    """A call as measured: bursts that hold the GIL, all of a length, and something else between any two.

    `task`: further seconds on a core, that the pool needs for it; in the first burst.
    """
    call, (waits, others) = measured.call, measured.gaps
    gaps = waits + others
    burst = [Stretch("gil", call.gil / (gaps + 1))]
    if call.blocked:
        burst.append(Stretch("blocked", call.blocked / (gaps + 1)))
    found = [Stretch("gil", task), *burst]
    for gap in range(gaps):
        waiting = _nearest((gap + 1) * waits / gaps) > _nearest(gap * waits / gaps)  # spread evenly
        free = Stretch("free", call.native / max(1, others), call.width)
        found += [Stretch("wait", call.wait / waits) if waiting else free, *burst]
    return (*found, Stretch("free", call.child, call.width)) if call.child else tuple(found)


def _nearest(number: float) -> int:
    return math.floor(number + 0.5)


def simulated(measured: Measured, one: Estimate, cores: int, calls: int, draw: Draw = constant) -> float:
    """Seconds of the job in the simulation, done the way that the estimate is about; `draw`: a stretch's length."""
    simulate = _simulated_threads if one.strategy == "threading" else _simulated_processes
    return simulate(measured, one, cores, calls, draw)


def _simulated_threads(measured: Measured, one: Estimate, cores: int, calls: int, draw: Draw) -> float:
    machine = measured.machine
    job = Calls(calls, stretches(measured, machine.thread_task), measured.profile.spread or 0.0, draw)
    crowding = estimator.CROWDING_IN_THREADS if measured.is_wide else 0.0
    host = Host(cores, machine.gil_switch, estimator.GIL_CONTENTION, crowding=crowding)
    return threads_until_done(job, host, one.workers, start=one.start_up / one.workers)


def _simulated_processes(measured: Measured, one: Estimate, cores: int, calls: int, draw: Draw) -> float:
    """The parent and the worker do half of the pickling each, and only the parent writes and reads the pipe."""
    profile, machine = measured.profile, measured.machine
    each_call = (profile.argument_bytes or 0.0) + (profile.result_bytes or 0.0)
    once_a_task = profile.function_bytes or 0.0
    sent = each_call * one.chunk + once_a_task
    pickling = (profile.pickle_seconds or 0.0) * sent / max(each_call + once_a_task, 1.0)
    parent = machine.process_task + pickling / 2 + machine.process_byte * sent
    worker = (machine.process_task_worker + pickling / 2) / one.chunk
    fits = one.chunk * (profile.argument_bytes or 0.0) + once_a_task < estimator.PIPE_BYTES
    done = processes_until_done(
        Calls(calls, stretches(measured, worker), profile.spread or 0.0, draw),
        Host(cores, crowding=estimator.CROWDING if measured.is_wide else 0.0),
        one.workers,
        chunk=one.chunk,
        parent=parent,
        queued=None if fits else 1,
    )
    return done + one.start_up


def most_different(found: Sequence[Measured], count: int) -> list[Measured]:
    """So many, each the one that is furthest in kind from those chosen before."""
    chosen = list(found[:1])
    while len(chosen) < min(count, len(found)):
        chosen.append(max(found, key=lambda one: min(math.dist(one.kind, other.kind) for other in chosen)))
    return chosen


def worth_a_look(measured: Measured, cores: int) -> set[int]:
    """Numbers of workers."""
    return {2, cores, 2 * cores, *((16, 64, 256) if measured.waits_for_much else ())}


def points_of(measured: Measured, cores: int, calls: int, draw: Draw) -> Iterator[Point]:
    for one in estimator.estimate(measured.profile, Job(calls=calls), measured.on(cores)):
        if one.strategy in STRATEGIES and one.workers in worth_a_look(measured, cores):
            seen = simulated(measured, one, cores, calls, draw)
            yield Point(measured.name, one.strategy, cores, one.workers, seen, one.seconds.expected)


def table(found: Sequence[Point]) -> str:
    """Mean and worst error by strategy, by cores and by workload, and the worst points, as Markdown."""
    lines = ["| | points | mean error | within 5 % | worst | at |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    for strategy in STRATEGIES:
        group = [point for point in found if point.strategy == strategy]
        lines.append(_row(f"**{strategy}**", group))
        lines += _rows(group, lambda point: _cores(point.cores))
        lines += _rows(group, lambda point: point.workload)
    lines += [_row("**all**", found), "", "The worst:", ""]
    for point in sorted(found, key=lambda point: -abs(point.error))[:WORST_SHOWN]:
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


def draw(found: Sequence[Measured], path: Path, calls: int) -> None:
    """The speed-up at each strategy's best number of workers over the cores: lines predicted, marks simulated."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "model"}):
        figure = Figure(figsize=(9, 4.6), layout="constrained")
        panels = figure.subplots(1, 2, sharey=True)
        for axes, strategy in zip(panels, STRATEGIES, strict=True):
            for number, measured in enumerate(track(found, strategy, console=Console(stderr=True))):
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
        panels[0].set_ylabel(f"times as fast as one after the other, {calls} calls")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
        figure.suptitle("Predicted (lines) and simulated (circles)", fontsize=11, weight="bold")
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, dpi=150, metadata=metadata)


def _speedups(measured: Measured, strategy: Strategy, calls: int) -> tuple[list[float], list[float]]:
    """Predicted and simulated, on each number of cores."""
    predicted, seen = [], []
    for cores in CORES:
        estimates = estimator.estimate(measured.profile, Job(calls=calls), measured.on(cores))
        best, alone = estimator.leaders(estimates)[strategy], estimates[0].seconds.expected
        predicted.append(alone / best.seconds.expected)
        seen.append(alone / simulated(measured, best, cores, calls))
    return predicted, seen


def _label(measured: Measured) -> str:
    call = measured.call
    shares = {"holding the GIL": call.gil, "native": call.native, "other programs": call.child, "waiting": call.wait}
    most = sorted(((seconds / call.wall, name) for name, seconds in shares.items()), reverse=True)
    told = ", ".join(f"{share:.0%} {name}" for share, name in most[:2] if share >= 0.05)
    return f"{measured.name} ({told})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="workloads or families; default: the most different")
    parser.add_argument("--cores", type=int, nargs="+", default=list(CORES), metavar="N")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"of the job (default {CALLS})")
    parser.add_argument("--random", action="store_true", help="stretches of exponential lengths, not all of a length")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PROFILES} profiles only")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw a few curves (SVG or PNG) instead")
    arguments = parser.parse_args()
    recorded = (one for one in load_all() if not one.machine.python.free_threaded)
    found = [Measured.of(one) for one in recorded if not arguments.names or _is_one_of(one, arguments.names)]
    if not arguments.names:
        if arguments.picture:
            found = [one for one in found if one.call.wall >= PICTURED_FROM]
        count = PICTURED if arguments.picture else QUICK_PROFILES if arguments.quick else PROFILES
        found = most_different(found, count)
    if not found:
        raise SystemExit("no such profile is recorded: run benchmarks.oracle first")
    if arguments.picture:
        draw(found, arguments.picture, arguments.calls)
        return
    steps = [(measured, cores) for measured in found for cores in arguments.cores]
    shown = track(steps, "simulating", console=Console(stderr=True))
    draw_length = exponential if arguments.random else constant
    found_points = (points_of(measured, cores, arguments.calls, draw_length) for measured, cores in shown)
    print(table([point for points in found_points for point in points]))


def _is_one_of(outcome: Outcome, names: Sequence[str]) -> bool:
    return outcome.workload in names or outcome.family in names


if __name__ == "__main__":
    main()
