"""Predict what running a loop's iterations concurrently would bring, to the loop and to the whole program."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from advisor import api
from advisor.host.machine import with_cores
from advisor.models import Advice, Job, Machine, Profile, Python, Range, Strategy
from advisor.models.request import AdviceRequest
from advisor.models.survey_report import WORTH_CHANGING, is_worth_changing
from advisor.predict import estimator
from advisor.survey.extraction import Rewrite
from advisor.survey.facts import SAFE, Dependence, FirstRun, LoopObservation, LoopTime, StaticDependence
from advisor.survey.returned_values import NOTHING, ReturnedValues

ASSUMED_ITERATIONS = 100  # of a loop whose iterations were not counted
UNCOUNTED_FACTOR = 1.5  # by which the time with concurrency may be off then, either way
MOSTLY = 0.5  # of an iteration's time, above which it mostly waits
# Threads, or processes, for iterations that wait. Nothing is known of what they wait for: a small server queues a few
# connections and drops others, whose clients then wait a second before they try again.
MAX_WAITING_WORKERS = 8


@dataclass(frozen=True)
class Suitability:
    """The best way to run the iterations of a loop.

    Attributes:
        strategy: "sequential" if none is faster, or if the iterations depend on each other.
        speedup: Of the loop, all its executions together.
        program_speedup: By Amdahl's law.
        advice: On an execution of the loop; None if its iterations depend on each other.
    """

    strategy: Strategy
    workers: int
    speedup: Range
    program_speedup: Range
    advice: Advice | None = None

    @property
    def pays(self) -> bool:
        """True if the gain for the program is worth changing the loop."""
        return is_worth_changing(self.program_speedup)


@dataclass(frozen=True)
class JudgedLoop:
    """A loop with everything that is known of it."""

    time: LoopTime
    static: StaticDependence
    observation: LoopObservation | None
    dependence: Dependence
    suitability: Suitability
    code: Rewrite | None = None

    @property
    def place(self) -> str:
        """The file and the line."""
        file, line, _ = self.time.loop.id
        return f"{file}:{line}"


def suitability(
    time: LoopTime,
    static: StaticDependence,
    observation: LoopObservation | None,
    dependence: Dependence,
    run: FirstRun,
    machine: Machine,
    returned: ReturnedValues = NOTHING,
    *,
    header_moves: bool = False,
    kept: float = 0.0,
) -> Suitability:
    """Return the best way to run the iterations of a loop, if they are independent or may be by what is known.

    Args:
        time: The loop's samples.
        static: What its source says.
        observation: What the second run showed.
        dependence: The verdict from both.
        run: The first run of the whole program.
        machine: The host to plan for.
        returned: What iterations return besides what was measured.
        header_moves: Workers take the items from the iterable.
        kept: Share of the loop's time that stays in the loop.
    """
    if dependence.independence not in SAFE and (observation is not None or static.independence not in SAFE):
        return unchanged()
    header = observation.header_seconds if observation else 0.0
    profile = returned.added_to(profile_of(time, observation))
    if header_moves:
        profile, header = _with_header(profile, header), 0.0
    executions = max(1, observation.executions if observation else 1)
    iterations = observation.iterations if observation else ASSUMED_ITERATIONS
    job = Job(calls=max(1, round(iterations / executions)))
    advice = _advice(AdviceRequest(profile, job, with_cores(machine, _free_cores(time, machine))))
    if advice.recommendation not in ("threading", "multiprocessing") or advice.seconds is None:
        return unchanged(advice)
    serial = (returned.fold_seconds + header) * iterations + kept * time.seconds
    widened = 1.0 if observation else UNCOUNTED_FACTOR
    computing = 1.0 - min(1.0, (profile.wait or 0.0) / profile.wall)
    least = time.seconds * max(_longest_share(observation, advice), computing / machine.cores)
    low, expected, high = (
        _loop_speedup(time.seconds, serial, (1.0 - kept) * max(least, seconds * executions))
        for seconds in (widened * advice.seconds.high, advice.seconds.expected, advice.seconds.low / widened)
    )
    speedup = Range(low=low, expected=expected, high=high)
    if speedup.expected < WORTH_CHANGING:
        return unchanged(advice)
    return Suitability(advice.recommendation, advice.workers, speedup, of_program(run.seconds, time, speedup), advice)


def _advice(request: AdviceRequest) -> Advice:
    """Return the advice on a loop's iterations, with a bounded number of workers if they wait."""
    most = most_workers(request.profile)
    if most is None:
        return api.advise_on(request)
    return api.advise_on(request, estimator.shortlist(request.profile, request.job, request.machine, max_workers=most))


def most_workers(profile: Profile) -> int | None:
    """Return the largest number of workers for iterations with this profile, or None if they do not wait."""
    return MAX_WAITING_WORKERS if (profile.wait or 0.0) > MOSTLY * profile.wall else None


def _with_header(profile: Profile, header: float) -> Profile:
    """Return the profile of an iteration that gets its item itself, which is a matter of computing in Python."""
    held = profile.wall if profile.gil_held is None else profile.gil_held
    return profile.model_copy(update={"wall": profile.wall + header, "gil_held": held + header})


def _longest_share(observation: LoopObservation | None, advice: Advice) -> float:
    """Return the share of the loop's computing that the worker with the most of it gets."""
    if observation is None or not sum(observation.lengths):
        return 1.0 / advice.workers
    size = round(advice.chunk * len(observation.lengths) / observation.iterations)
    return makespan(observation.lengths, advice.workers, max(1, size)) / sum(observation.lengths)


def makespan(lengths: Sequence[float], workers: int, chunk: int = 1) -> float:
    """Return the time until workers that take the next chunk when they have ended one have done all of them."""
    ends = [0.0] * workers  # a heap: all are equal
    for first in range(0, len(lengths), chunk):
        heapq.heapreplace(ends, ends[0] + sum(lengths[first : first + chunk]))
    return max(ends)


def _free_cores(time: LoopTime, machine: Machine) -> int:
    """Return the cores that the program's other threads and processes leave to the loop."""
    others = max(0.0, time.cores - (1.0 if time.computing_share is None else time.computing_share))
    return max(1, round(machine.cores - others))


def unchanged(advice: Advice | None = None) -> Suitability:
    """Return that a loop should stay as it is."""
    one = Range(low=1.0, expected=1.0, high=1.0)
    return Suitability("sequential", 1, one, one, advice)


def of_program(seconds: float, time: LoopTime, speedup: Range) -> Range:
    """Return the speed-up of a program of which one loop becomes faster."""
    return Range(
        low=amdahl(seconds, [(time.seconds, speedup.low)]),
        expected=amdahl(seconds, [(time.seconds, speedup.expected)]),
        high=amdahl(seconds, [(time.seconds, speedup.high)]),
    )


def amdahl(seconds: float, parts: list[tuple[float, float]]) -> float:
    """Return the speed-up of a program whose parts, of so many seconds each, become so many times faster."""
    left = seconds - sum(part for part, _ in parts)
    return seconds / max(left + sum(part / speedup for part, speedup in parts), 1e-9)


def profile_of(time: LoopTime, observation: LoopObservation | None) -> Profile:
    """Return the profile of an iteration; from the samples of the first run alone if it was not watched."""
    if observation is not None and observation.profile is not None:
        return observation.profile
    wall = max(time.seconds / ASSUMED_ITERATIONS, 1e-9)
    computing = min(1.0, time.computing_share if time.computing_share is not None else 1.0)
    held = min(computing, time.gil_share if time.gil_share is not None else computing)
    return Profile(
        calls=1,
        wall=wall,
        gil_held=held * wall,
        gil_free=(computing - held) * wall,
        child_cpu=0.0,
        wait=(1.0 - computing) * wall,
        gil_source="sampled",
        python=Python(),
        reached="program",
    )


def _loop_speedup(seconds: float, serial: float, concurrent: float) -> float:
    """Return the speed-up of a loop whose iterable, a part of its time, is still read by one thread."""
    return max(seconds, 1e-9) / max(serial + concurrent, 1e-9)
