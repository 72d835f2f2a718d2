"""The facts that rules and pitfalls are evaluated on, and the figures for their texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

from advisor.models import Estimate, HeldResource, Job, Machine, Profile, SideEffects, Strategy
from advisor.models.strategies import OWN_GIL
from advisor.predict.estimator import MIN_GAIN
from advisor.predict.feasibility import MEMORY_SHARE
from advisor.report import formatting

MOSTLY = 0.5  # share of a call's time from which one kind of time decides
MUCH = 0.3  # share of a call's time that is worth a process
SERIAL_SPEEDUP = 1.5  # if a held resource allows no more speed-up than this, it is the reason for the plain loop
MANY_PIECES = 2e6  # of native memory in a result, per second of a call: threads lose a tenth of it or more
EXPENSIVE_PICKLING = 0.2  # pickling per call against its wall time: from here the pipe, not the cores, sets the pace
LARGE_OBJECT = 1e6  # bytes sent through the pipe at every call; the case reported was 9 MB of `self`
LARGE_WORKING_SET = 64e6  # bytes; beyond the shared cache of common hosts
SMALL_TASK = 10.0  # a call shorter than this many times its dispatch is too small to be sent alone
FEW_CALLS = 5
WIDE_INTERVAL = 1.6  # high / low of the predicted seconds
SLOW_FIRST = 5.0  # first call against the others


@dataclass(frozen=True)
class Facts:
    """The measured figures, the job, the host and the chosen estimate, with values derived from them."""

    profile: Profile
    job: Job
    machine: Machine
    estimates: tuple[Estimate, ...]
    chosen: Estimate
    verified: bool = False

    @property
    def strategy(self) -> Strategy:
        return self.chosen.strategy

    @property
    def workers(self) -> int:
        return self.chosen.workers

    @property
    def free_threaded(self) -> bool:
        return self.machine.python.free_threaded

    @property
    def effects(self) -> SideEffects:
        return self.profile.side_effects or SideEffects()

    @property
    def assumed(self) -> bool:
        return self.profile.archetype is not None

    def share(self, seconds: float | None) -> float:
        """Return the share of the call's own time, 0 to 1; what was not measured counts as 0.

        Time in the run queue is due to a busy host and is no part of the call's own.
        """
        own = self.profile.wall - (self.profile.run_queue or 0.0)
        return min(1.0, (seconds or 0.0) / own) if own > 0 else 0.0

    @property
    def unseparated(self) -> bool:
        """Measured without a GIL, planned for one: how much of the computing would hold it is unknown."""
        return self.profile.python.free_threaded and not self.free_threaded

    @property
    def gil_share(self) -> float:
        return 0.0 if self.unseparated else self.share(self.profile.gil_held)

    @property
    def free_share(self) -> float:
        return 0.0 if self.unseparated else self.share(self.profile.gil_free)

    @property
    def own_share(self) -> float:
        """The call's own computing, in Python and in native code."""
        return min(1.0, self.gil_share + self.free_share)

    @property
    def child_share(self) -> float:
        return self.share(self.profile.child_cpu)

    @property
    def wait_share(self) -> float:
        return self.share(self.profile.wait)

    @property
    def unknown_share(self) -> float:
        """The part of the call's time that is not split into computing and waiting."""
        profile = self.profile
        if self.unseparated:
            return self.share(profile.gil_free)
        if profile.wait is not None or None not in (profile.gil_held, profile.gil_free):
            return 0.0
        return 1.0 - self.share(profile.cpu)

    @property
    def wants_processes(self) -> bool:
        """The call holds the GIL so long that only processes could speed it up."""
        return not self.free_threaded and self.gil_share >= MUCH and self.machine.cores > 1

    @property
    def native_threads(self) -> float:
        return self.profile.native_threads or 1.0

    @property
    def working_set(self) -> float:
        """Bytes that a call adds to the process at its peak."""
        return float(max(0, (self.profile.peak_memory or 0) - (self.profile.idle_memory or 0)))

    @property
    def pipe_bytes(self) -> float:
        return sum(size or 0.0 for size in (self.profile.argument_bytes, self.profile.result_bytes))

    @property
    def pickling(self) -> float:
        """Seconds per call for pickling, unpickling and the pipe."""
        carried = self.pipe_bytes + (self.profile.function_bytes or 0.0)
        return (self.profile.pickle_seconds or 0.0) + carried * self.machine.process_byte

    @property
    def dispatch(self) -> float:
        """Seconds to send one call to a worker of the cheapest suitable pool."""
        threads_help = self.strategy == "threading" or self.gil_share < MOSTLY or self.free_threaded
        processes = self.machine.process_task + self.machine.process_task_worker
        return self.machine.thread_task if threads_help and self.strategy not in OWN_GIL else processes

    @property
    def memory_needed(self) -> float | None:
        if self.chosen.memory is not None:
            return self.chosen.memory
        peak = self.profile.peak_memory
        return None if peak is None else float(peak) * self.workers

    @cached_property
    def tightest_resource(self) -> HeldResource | None:
        """The held resource that limits the chosen strategy's concurrency most; for the plain loop, that of threads."""
        return _tightest(
            resource for resource in self.profile.held if resource.everywhere or self.strategy not in OWN_GIL
        )

    @property
    def resource_limit(self) -> float:
        """Upper bound that the held resources set on the speed-up."""
        resource = self.tightest_resource
        if resource is None or not resource.seconds:
            return math.inf
        return self.profile.wall * resource.places / resource.seconds

    @cached_property
    def loop(self) -> Estimate | None:
        """The plain loop's estimate."""
        return next((estimate for estimate in self.estimates if estimate.strategy == "sequential"), None)

    @cached_property
    def runner_up(self) -> Estimate | None:
        """The best feasible estimate of any other strategy."""
        others = [estimate for estimate in self.estimates if estimate.feasible and estimate.strategy != self.strategy]
        return min(others, key=_expected, default=None)

    @cached_property
    def larger_pool(self) -> Estimate | None:
        """The estimate that would be at least a tenth faster if the host had the memory for it."""
        memory = self.machine.memory
        if memory is None:
            return None
        large = [
            estimate
            for estimate in self.estimates
            if not estimate.feasible and (estimate.memory or 0.0) > MEMORY_SHARE * memory
        ]
        picklable = self.profile.picklable
        if False in (picklable.function, picklable.arguments, picklable.results):
            large = [estimate for estimate in large if estimate.strategy not in OWN_GIL]
        fastest = min(map(_expected, large), default=math.inf)
        if fastest * MIN_GAIN > self.chosen.seconds.expected:
            return None
        return min(
            (estimate for estimate in large if _expected(estimate) <= estimate.tolerance * fastest),
            key=lambda estimate: estimate.workers,
        )

    @property
    def pickling_is_expensive(self) -> bool:
        return self.pickling >= EXPENSIVE_PICKLING * self.profile.wall

    @property
    def computes(self) -> bool:
        return self.own_share >= MUCH

    def best(self, strategy: Strategy) -> Estimate | None:
        """Return the fastest feasible estimate of a strategy."""
        rows = [estimate for estimate in self.estimates if estimate.feasible and estimate.strategy == strategy]
        return min(rows, key=_expected, default=None)

    def obstacle(self) -> str:
        """Return why the function, the arguments or the results cannot be pickled; the first that failed."""
        picklable = self.profile.picklable
        for part in ("function", "arguments", "results"):
            if getattr(picklable, part) is False:
                return f"{part}: {picklable.reasons.get(part) or 'cannot be pickled'}"
        return "cannot be pickled"

    @cached_property
    def words(self) -> TemplateValues:
        """Every figure that a template may name, as text."""
        return TemplateValues(self)


def _expected(estimate: Estimate) -> float:
    return estimate.seconds.expected


class TemplateValues(dict[str, str]):
    """Figures by name, formatted on first access, since most are never used."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self._facts = facts

    def __missing__(self, name: str) -> str:
        text = self[name] = _FORMATTERS[name](self._facts)
        return text


def _tightest(resources: Iterable[HeldResource]) -> HeldResource | None:
    return max(resources, key=lambda resource: resource.seconds / resource.places, default=None)


def _resource(facts: Facts, text: Callable[[HeldResource, float], str]) -> str:
    """Format the tightest held resource and the share of a call's time for which it is held."""
    resource = facts.tightest_resource or _tightest(facts.profile.held)
    return "nothing" if resource is None else text(resource, min(1.0, resource.seconds / facts.profile.wall))


def _thread_limit(facts: Facts) -> str:
    """Format the speed-up that the GIL allows threads; a bound only where the call was measured."""
    limit = formatting.times(1.0 / max(facts.gil_share, 1e-3))
    return f"about {limit}" if facts.assumed else f"{limit} at most"


def _larger_pool(facts: Facts, text: Callable[[Estimate], str]) -> str:
    return "nothing" if facts.larger_pool is None else text(facts.larger_pool)


def _process_start(facts: Facts) -> float:
    processes = facts.best("multiprocessing")
    return processes.start_up if processes else facts.machine.process_start


def _listed(names: Sequence[str], limit: int = 3) -> str:
    """Return the first few names, and how many more there are."""
    shown = ", ".join(names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def _format(formatted: Callable[[Any], str], *paths: str) -> dict[str, Callable[[Facts], str]]:
    """Format attributes of the facts, each under the last part of its path."""

    def formatter(path: str) -> Callable[[Facts], str]:
        value = attrgetter(path)
        return lambda facts: formatted(value(facts))

    return {path.rpartition(".")[2]: formatter(path) for path in paths}


_FORMATTERS: dict[str, Callable[[Facts], str]] = {
    **_format(formatting.percent, "gil_share", "free_share", "own_share", "child_share", "wait_share", "unknown_share"),
    **_format(formatting.duration, "profile.wall", "profile.wait", "profile.child_cpu", "profile.gil_blocked"),
    **_format(formatting.duration, "profile.run_queue", "profile.first_call", "profile.repeated_call"),
    **_format(formatting.duration, "profile.import_seconds", "pickling", "dispatch"),
    **_format(formatting.duration, "chosen.seconds.expected", "chosen.seconds.low", "chosen.seconds.high"),
    **_format(formatting.size, "profile.argument_bytes", "profile.result_bytes", "profile.function_bytes"),
    **_format(formatting.size, "working_set", "effects.output_bytes", "machine.memory", "memory_needed"),
    **_format(formatting.count, "job.calls", "chosen.chunk"),
    **_format(str, "machine.start_method", "effects.children_left"),
    **_format(_listed, "effects.globals_written", "effects.changed", "effects.threads_left"),
    "calls_measured": lambda facts: (
        "1 call" if facts.profile.calls == 1 else f"{formatting.count(facts.profile.calls)} calls"
    ),
    "result_pieces": lambda facts: formatting.count(int(float(f"{facts.profile.result_pieces or 0.0:.2g}"))),
    "native_threads": lambda facts: f"{facts.native_threads:.1f}".removesuffix(".0"),
    "function_reason": lambda facts: facts.profile.picklable.reasons.get("function") or "it cannot be pickled",
    "argument_reason": lambda facts: facts.profile.picklable.reasons.get("arguments") or "they cannot be pickled",
    "result_reason": lambda facts: facts.profile.picklable.reasons.get("results") or "it cannot be pickled",
    "obstacle": lambda facts: facts.obstacle(),
    "archetype": lambda facts: facts.profile.archetype or "unknown",
    "workers": lambda facts: formatting.workers(facts.strategy, facts.workers),
    "kind": lambda facts: formatting.kind(facts.strategy),
    "worker_count": lambda facts: str(facts.workers),
    "busy_cores": lambda facts: f"{min(facts.native_threads, facts.machine.cores):.1f}".removesuffix(".0"),
    "cores": lambda facts: f"{facts.machine.cores} core" + ("s" if facts.machine.cores > 1 else ""),
    "memory_share": lambda facts: formatting.percent(MEMORY_SHARE),
    "larger_pool": lambda facts: _larger_pool(
        facts, lambda estimate: formatting.workers(estimate.strategy, estimate.workers)
    ),
    "larger_pool_memory": lambda facts: _larger_pool(facts, lambda estimate: formatting.size(estimate.memory)),
    "loop_seconds": lambda facts: formatting.duration(facts.loop.seconds.expected) if facts.loop else "unknown",
    "runner_up": lambda facts: (
        formatting.workers(facts.runner_up.strategy, facts.runner_up.workers) if facts.runner_up else "another way"
    ),
    "runner_up_seconds": lambda facts: (
        formatting.duration(facts.runner_up.seconds.expected) if facts.runner_up else "unknown"
    ),
    "start_up": lambda facts: formatting.duration(_process_start(facts)),
    "thread_limit": _thread_limit,
    "resource": lambda facts: _resource(facts, lambda resource, share: f"{resource.name} ({resource.kind})"),
    "resource_places": lambda facts: _resource(
        facts,
        lambda resource, share: "one call" if resource.places == 1 else f"{formatting.count(resource.places)} calls",
    ),
    "resource_share": lambda facts: _resource(facts, lambda resource, share: formatting.percent(share)),
    "resource_limit": lambda facts: _resource(
        facts, lambda resource, share: formatting.times(resource.places / max(share, 1e-3))
    ),
}
