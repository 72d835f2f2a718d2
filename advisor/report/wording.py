"""Phrases about an advice that every rendering uses: the parts of a call's time, confidence, evidence and trials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from advisor.models import Advice, Cluster, ClusterLayout, Machine, Profile, RaySettings, Verification
from advisor.report.formatting import count, counted, duration, percent, size, times

LONG_JOB = 60.0  # seconds of the plain loop; starting a cluster for less takes longer than it saves
Part = Literal["gil", "native", "child", "wait", "unknown", "queue"]

EVIDENCE = {
    "measured": "measured",
    "verified": "measured, and verified by running part of the job",
    "described": "from the description alone, nothing was measured",
}
_GIL_SOURCES = {
    "observed": "the GIL observed from outside",
    "sampled": "the GIL sampled from inside",
    "estimated": "the GIL share estimated only",
}
_ENGINES = {"dask": "Dask", "ray": "Ray"}
_RESULTS = {"equal": "same results", "not comparable": "results not comparable"}


class Share(NamedTuple):
    """A part of a call's time."""

    part: Part
    name: str
    seconds: float


def shares(profile: Profile) -> list[Share]:
    """Return how a call spends its time; time that was not measured is a share of its own."""
    gil_free = "computing, no GIL" if profile.python.free_threaded else "native, GIL released"
    parts: tuple[tuple[Part, str, float | None], ...] = (
        ("gil", "holding the GIL", profile.gil_held),
        ("native", gil_free, profile.gil_free),
        ("child", "child programs", profile.child_cpu),
        ("wait", "waiting", profile.wait),
    )
    measured = [Share(part, name, seconds or 0.0) for part, name, seconds in parts]
    if any(seconds is None for *_, seconds in parts):
        unknown = profile.wall - sum(share.seconds for share in measured)
        measured.append(Share("unknown", "not measured", max(unknown, 0.0)))
    measured.append(Share("queue", "ready, no core free", profile.run_queue or 0.0))
    return [share for share in measured if share.seconds > 0]


def time_title(profile: Profile) -> str:
    """Return the title of the parts of a call's time."""
    if profile.archetype:
        return f"Where a call's time goes (assumed, as for {profile.archetype}: {duration(profile.wall)})"
    cores = profile.native_threads or 1.0
    busy = f", about {cores:.1f} cores busy at once" if cores >= 1.2 else ""
    return f"Where a call's time goes ({duration(profile.wall)}{busy})"


def confidence_word(confidence: float) -> str:
    """Return a confidence from 0 to 1 as a word."""
    if confidence >= 0.9:
        return "very high"
    if confidence >= 0.7:
        return "high"
    return "moderate" if confidence >= 0.4 else "low"


def basis(advice: Advice) -> Iterator[str]:
    """Yield the basis of the advice: the evidence, the source and error of the GIL share, and the host."""
    profile = advice.profile
    if profile is None or advice.evidence == "described":
        yield EVIDENCE[advice.evidence]
    else:
        which = "the first call only" if profile.is_only_first_call else counted(profile.calls, "call")
        yield f"{EVIDENCE[advice.evidence]} ({which})"
        if profile.gil_source:
            yield _GIL_SOURCES[profile.gil_source] + _gil_error(profile)
    machine = advice.machine
    costs = "" if machine.source == "measured" else ", assuming typical pool costs"
    beside = "" if machine.cluster is None else f" and a cluster with {counted(machine.cluster.cores, 'core')}"
    yield f"planned for {counted(machine.cores, 'core')}{beside}{costs}"
    if machine.cluster is not None and machine.cluster.source == "assumed":
        yield "assuming typical costs of a cluster"
    if machine.cores_measured is not None:
        yield f"memory, core speed and pool costs as on the host with {counted(machine.cores_measured, 'core')}"


def _gil_error(profile: Profile) -> str:
    error = profile.standard_error.get("gil_held")
    if error is None or error / profile.wall < 0.005:
        return ""
    return f" (±{percent(error / profile.wall)})"


def host(machine: Machine) -> str:
    """Describe the host that the job is planned for."""
    python = machine.python
    parts = [
        counted(machine.cores, "core"),
        f"{size(machine.memory)} of memory available" if machine.memory else "",
        machine.platform,
        f"{python.implementation} {python.version}".strip() if python.version else "",
        "free-threaded" if python.free_threaded else "",
        f"processes start by {machine.start_method}",
    ]
    return ", ".join(filter(None, parts))


def cluster(cluster: Cluster) -> str:
    """Describe a cluster that was considered."""
    on_hosts = "this host" if cluster.on_this_host else counted(cluster.hosts, "host")
    workers = f"{counted(cluster.workers, 'worker')} with {counted(cluster.threads_each, 'thread')}"
    parts = [
        f"{_ENGINES[cluster.engine]}, {workers} on {on_hosts}",
        counted(cluster.cores, "core"),
        f"{duration(cluster.task_seconds)} for a task",
        f"{duration(cluster.round_trip)} there and back",
        f"Python {cluster.python}" if cluster.python else "",
    ]
    return ", ".join(filter(None, parts))


def is_worth_a_cluster(advice: Advice) -> bool:
    """Return True if the job gains from concurrency and is long enough to start a cluster for it.

    A cluster that runs as many threads in each process already needs no other.
    """
    here, advised = advice.machine.cluster, advice.cluster_layout
    if here is not None and advised is not None and here.threads_each == advised.threads_each:
        return False
    loop = next((option.seconds for option in advice.alternatives if option.strategy == "sequential"), None)
    gains = advice.recommendation not in ("sequential", "undecided")
    return gains and loop is not None and loop.expected >= LONG_JOB


def layout(layout: ClusterLayout) -> str:
    """Return the processes and threads that a host of a cluster does best with."""
    processes = "1 process" if layout.processes == 1 else f"{count(layout.processes)} processes"
    return f"{processes} × {counted(layout.threads_each, 'thread')}"


def ray_settings(settings: RaySettings) -> str:
    """Return the options of a Ray actor as code."""
    return f"num_cpus={settings.num_cpus:g}, max_concurrency={settings.max_concurrency}"


def default_layout(layout: ClusterLayout) -> str:
    """Compare the layout with the one that Dask chooses by itself."""
    default = layout.dask_default
    if (default.processes, default.threads_each) == (layout.processes, layout.threads_each):
        return "Dask chooses the same by itself"
    shape = f"Dask's default, {default.processes} × {default.threads_each},"
    if default.seconds <= 1.05 * layout.seconds:
        return f"{shape} would take as long"
    return f"{shape} would take {times(default.seconds / max(layout.seconds, 1e-12))} as long"


def figures(profile: Profile | None) -> Iterator[tuple[str, str]]:
    """Yield what else was measured of a call, by name; nothing if the figures are assumed."""
    if profile is None or profile.archetype:
        return
    if profile.argument_bytes is not None and profile.result_bytes is not None:
        pickled = f", {duration(profile.pickle_seconds)} to pickle" if profile.pickle_seconds is not None else ""
        yield "Data of a call", f"{size(profile.argument_bytes)} in, {size(profile.result_bytes)} out{pickled}"
    for part in profile.unpicklable_parts:
        yield f"Cannot be pickled: {part}", profile.picklable.reasons.get(part, "")
    if profile.peak_memory is not None:
        yield "Peak memory", size(profile.peak_memory)
    if profile.first_call is not None and not profile.is_only_first_call:
        yield "First call", duration(profile.first_call)


def measured_time(run: Verification) -> str:
    """Return the measured seconds of a trial."""
    if run.failure:
        return "–"
    return f"over {duration(run.measured)}" if run.cut_off else duration(run.measured)


def trial_result(run: Verification) -> str:
    """Return what a trial showed: its failure, its results, and how far its time was from the prediction."""
    if run.failure:
        return f"failed: {run.failure}"
    if run.results == "different":
        return f"different results: {run.difference}"
    findings = (_RESULTS[run.results] if run.results else "", _deviation(run))
    return "; ".join(filter(None, findings))


def _deviation(run: Verification) -> str:
    if run.predicted <= 0 or run.measured <= 0:
        return ""
    if run.cut_off:
        return "cut off"
    ratio = run.measured / run.predicted
    if 0.95 <= ratio <= 1.05:
        return "as predicted"
    if ratio >= 2:
        return f"{times(ratio)} as long as predicted"
    return f"{percent(abs(ratio - 1))} {'longer' if ratio > 1 else 'shorter'} than predicted"
