"""Facts on which rules and pitfalls are evaluated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from advisor.decide.gains import gain_sentence
from advisor.decide.rule_words import TemplateValues, tightest
from advisor.models import (
    Cluster,
    Estimate,
    HeldResource,
    Job,
    Machine,
    Picklable,
    PicklePart,
    Profile,
    RaceFinding,
    RaceReport,
    SideEffects,
    StartMethod,
    Strategy,
)
from advisor.models.strategies import CLUSTERS, OWN_GIL
from advisor.predict.break_even import break_even
from advisor.predict.estimator import MIN_GAIN
from advisor.predict.feasibility import MEMORY_SHARE
from advisor.predict.shared_resources import broken_by, safe_start_method

MOSTLY = 0.5  # share of a call's time from which one kind of time decides
NOTICEABLE = 0.05  # share of a call's time
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
    """The measured figures, the job, the host and the chosen estimate, with values derived from them.

    Attributes:
        profile: The measured figures.
        job: The job to plan for.
        machine: The host to plan for.
        estimates: The estimates of all strategies.
        chosen: The estimate that is recommended.
        verified: True if a trial ran the strategy on that host.
        uncompared: True if the trial's results could not be compared, but those of two plain loops could.
        in_notebook: True if the job runs in a notebook.
        race: The report of a short search for races, if there was one.
        inputs: Where the inputs are, as the command line takes it.
        star: True if the inputs are spread into arguments.
    """

    profile: Profile
    job: Job
    machine: Machine
    estimates: tuple[Estimate, ...]
    chosen: Estimate
    verified: bool = False
    uncompared: bool = False
    in_notebook: bool = False
    race: RaceReport | None = None
    inputs: str | None = None
    star: bool = False

    @property
    def strategy(self) -> Strategy:
        return self.chosen.strategy

    @property
    def race_finding(self) -> RaceFinding | None:
        return None if self.race is None else self.race.finding

    @property
    def workers(self) -> int:
        return self.chosen.workers

    def machine_for(self, strategy: Strategy) -> Machine:
        """Return the machine with the planned start method of worker processes: its own, or a safe one."""
        return self.machine.started_by(safe_start_method(strategy, self.profile, self.machine))

    @property
    def start_method(self) -> StartMethod:
        """The start method of worker processes."""
        return self.machine_for("multiprocessing").start_method

    @property
    def free_threaded(self) -> bool:
        return self.machine.python.free_threaded

    @property
    def effects(self) -> SideEffects:
        return self.profile.side_effects or SideEffects()

    @property
    def lost_globals(self) -> tuple[str, ...]:
        """Globals written that are not caches: a worker process loses what it writes to them."""
        return tuple(name for name in self.effects.globals_written if name not in self.effects.caches)

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
    def cluster(self) -> Cluster | None:
        return self.machine.cluster

    @cached_property
    def break_even(self) -> int | None:
        """The number of calls from which the cluster beats this host; None if it never does, or there is none."""
        return break_even(self.profile, self.machine)

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
        """Seconds to send one call to a worker of the cheapest suitable pool, or of the cluster if that is chosen."""
        if self.strategy in CLUSTERS and self.cluster is not None:
            return self.cluster.task_seconds
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
        return tightest(
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
        if self.profile.unpicklable_parts:
            large = [estimate for estimate in large if estimate.strategy not in OWN_GIL]
        fastest = min(map(_expected, large), default=math.inf)
        if fastest * MIN_GAIN > self.chosen.seconds.expected:
            return None
        return min(
            (estimate for estimate in large if _expected(estimate) <= estimate.tolerance * fastest),
            key=lambda estimate: estimate.workers,
        )

    @cached_property
    def ruled_out(self) -> Estimate | None:
        """The fastest estimate that would beat the chosen one, but whose strategy would break what calls share."""
        broken = [
            estimate
            for estimate in self.estimates
            if not estimate.feasible and estimate.why == broken_by(estimate.strategy, self.profile, self.machine) != ""
        ]
        fastest = min(broken, key=_expected, default=None)
        if fastest is None or _expected(fastest) * MIN_GAIN > self.chosen.seconds.expected:
            return None
        return fastest

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

    def gain_if_picklable(self, part: PicklePart) -> str:
        """Return the gain of processes if this part could be pickled; empty if another part that cannot comes later."""
        if self.profile.unpicklable_parts[-1:] != (part,):
            return ""
        sendable = self.profile.model_copy(update={"picklable": Picklable()})
        sentence = gain_sentence(sendable, OWN_GIL, self)
        return sentence and f" {sentence}"

    def obstacle(self) -> str:
        """Return why the function, the arguments or the results cannot be pickled; the first that failed."""
        for part in self.profile.unpicklable_parts:
            return f"{part}: {self.profile.picklable.reasons.get(part) or 'cannot be pickled'}"
        return "cannot be pickled"

    @cached_property
    def words(self) -> TemplateValues:
        """Every figure that a template may name, as text."""
        return TemplateValues(self)


def _expected(estimate: Estimate) -> float:
    return estimate.seconds.expected
