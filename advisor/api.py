"""Advise on a callable, a profile, a target, a description or a task: the stages in order.

    load → measure → estimate → calibrate by trials → choose → explain → write the code

`advise`, `advise_target`, `advise_description` and `advise_task` each collect an `AdviceRequest`;
`advise_on` runs the stages that they share. The command line and the service are shells over these functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from advisor.clusters.with_cluster import with_cluster
from advisor.decide import explain
from advisor.decide.codegen.snippet import SnippetRequest, snippet
from advisor.decide.confidence import confidence, speedup_of
from advisor.decide.race_pitfalls import threads_may_race, writes_shared
from advisor.decide.strategy_choice import Choice, choose
from advisor.decide.trial_correction import calibrate, with_failed_inputs
from advisor.errors import UsageError
from advisor.host.planned_machine import planned_machine
from advisor.input_limits import MAX_CALLS
from advisor.models import Advice, Estimate, Evidence, Job, Machine, Profile, RaceReport, Reading, Verification
from advisor.models.input_source import InputSource, input_source
from advisor.models.request import AdviceRequest
from advisor.models.strategies import CLUSTERS
from advisor.predict import estimator
from advisor.predict.cluster_layout import cluster_layout
from advisor.target import ipython_session

if TYPE_CHECKING:
    from advisor.describe.task import Task
    from advisor.run.trial import TrialJob
    from advisor.target.inputs import InputCalls

OnProgress = Callable[[float, str], None]

DEFAULT_CALLS = 1000
TRIAL_SECONDS = 6.0
MAX_UNMEASURED_WORKERS = 32  # or two per core: what an unmeasured task waits for may not bear more
_MACHINE_SHARE = 0.4  # of the budget, where this host has not been measured yet
_MACHINE_SECONDS = 1.2


def advise(
    subject: Callable[..., Any] | Profile | str,
    *,
    calls: int | None = None,
    machine: Machine | Mapping[str, Any] | None = None,
    inputs: Any = None,
    star: bool = False,
    budget: float = 2.0,
    cluster: Any = None,
) -> Advice:
    """Advise whether threads, processes or neither will make a job faster.

    Args:
        subject: A callable, which is measured in this process, a saved `Profile`, or a description in words.
        calls: The size of the job; by default the number of inputs or, in a description, the number it names, else
            1,000.
        machine: The host to plan for, by default this one. A mapping overrides fields of this host.
        inputs: One item per call of the callable; `Call` or {"args": [...], "kwargs": {...}} passes several arguments.
        star: Spread each tuple or list into positional arguments, and each dictionary into keyword arguments.
        budget: Seconds to spend on measuring the callable.
        cluster: The cluster to measure and consider too: "tcp://host:port", "ray://host:port", "ray", a Dask Client, or
            "auto" (connected already, or named by the environment). For a callable, None means one that is connected.

    Returns:
        The advice. It is "undecided", with questions, where a description does not say enough.

    Raises:
        UsageError: The arguments make no sense, or the cluster cannot be reached.
        TargetError: A call of the callable raised; `__cause__` is the original exception.
        MissingExtraError: The package of the cluster is not installed.
    """
    _check_calls(calls)
    arguments = _as_calls(inputs, star=star)
    host = planned_machine(machine)
    in_notebook = ipython_session.is_running()
    if isinstance(subject, str):
        host = with_cluster(host, cluster)
        calls = calls if arguments is None or calls is not None else arguments.total
        cores = None if machine is None else host.cores
        return advise_description(subject, calls=calls, machine=host, cores=cores, in_notebook=in_notebook)
    job = _job(calls, None if arguments is None else arguments.total)
    if isinstance(subject, Profile):
        subject = _confirmed(subject)
        host = with_cluster(host, cluster, subject.target)
        evidence: Evidence = "described" if subject.archetype else "measured"
        return advise_on(AdviceRequest(subject, job, host, evidence, in_notebook=in_notebook))
    if callable(subject):
        from advisor.measure.profiler import profile  # imports modules that the service never needs

        measured = profile(subject, arguments, budget=budget)
        host = with_cluster(host, cluster, measured.target, or_connected=machine is None)  # last: it starts threads
        request = AdviceRequest(measured, job, host, in_notebook=in_notebook)
        if arguments is not None and in_notebook:
            request = replace(
                request, expression=arguments.expression, inputs_count=arguments.total, forms=arguments.forms
            )
        return advise_on(request)
    raise UsageError(f"cannot advise on a {type(subject).__name__}: pass a callable, a Profile or a description")


def _confirmed(profile: Profile) -> Profile:
    """Return the profile without code that the loaded modules do not confirm; it may come from an untrusted file."""
    if not any(touch.module for touch in profile.touches):
        return profile
    from advisor.measure.shared_state.replaceable import confirmed

    return profile.model_copy(update={"touches": tuple(map(confirmed, profile.touches))})


def advise_target(
    target: str,
    *,
    inputs: str | InputSource | None = None,
    calls: int | None = None,
    budget: float = 3.0,
    timeout: float = 60.0,
    verify: bool = False,
    cores: int | None = None,
    cluster: Any = None,
    on_progress: OnProgress | None = None,
) -> Advice:
    """Advise on a target, which is loaded and called in a child process only.

    Args:
        target: 'my_module:function', 'path/to/file.py:function' or 'notebook.ipynb:function'.
        inputs: A file, '-' for standard input, or 'my_module:make_inputs'; an `InputSource` says more about them.
        calls: The size of the job; by default as many as there are inputs, else 1,000.
        budget: Seconds for measuring, including this host's pools if they are not known yet.
        timeout: Seconds without progress after which the target is stopped.
        verify: Also run a part of the job under the leading strategies.
        cores: Plan for a host with so many cores instead of this one.
        cluster: The cluster to consider too, as for `advise`. Trials do not run there.
        on_progress: Called with the fraction done, 0 to 1, and the current activity.

    Returns:
        The advice; its evidence is "verified" if a trial ran the recommended strategy.

    Raises:
        UsageError: The target or its inputs cannot be found, read or used, or the cluster cannot be reached.
        TargetError: The target raised, crashed or hung.
        MissingExtraError: A package is missing.
    """
    from advisor.host.machine import this_machine, with_cores, with_gil_of
    from advisor.measure.sandboxed_profiler import profile_target
    from advisor.target import piped_inputs
    from advisor.target.loader import split_spec
    from advisor.target.notebook_file import for_cell, is_notebook

    in_notebook = is_notebook(split_spec(target)[0])
    began = time.monotonic()
    tell = on_progress or _ignore
    measuring = budget / (budget + TRIAL_SECONDS) if verify else 1.0
    source = input_source(inputs)
    if in_notebook:
        source = source.from_any_folder()  # cells run in the folder of the notebook
    with piped_inputs.as_file(source.spec) as file:
        tell(0.0, "measuring this host's pools")
        host = this_machine(seconds=min(_MACHINE_SECONDS, budget * _MACHINE_SHARE))
        spent = time.monotonic() - began
        if cluster is not None:
            tell(0.0, "measuring the cluster")
            host = with_cluster(host, cluster, target)
        measured = profile_target(
            target,
            inputs=replace(source, spec=file),
            budget=max(budget - spent, 0.0),
            timeout=timeout,
            on_progress=_between(0.0, measuring, tell),
        )
        host = with_gil_of(host, measured.profile)
        host = host.started_by("spawn") if in_notebook else host
        request = AdviceRequest(
            measured.profile,
            _job(calls, measured.inputs_count),
            with_cores(host, cores),
            inputs=piped_inputs.for_script(source.spec),
            star=source.star,
            inputs_count=measured.inputs_count,
            forms=measured.forms or None,
        )
        if in_notebook:
            request = for_cell(request)
        if verify:
            from advisor.run.trial import TrialJob

            tried = TrialJob(target, file, request.profile, request.job, host, source.star)
            trials = _run_trials(tried, timeout, _between(measuring, 1.0, tell))
            evidence: Evidence = "verified" if request.machine == host else "measured"
            profile = with_failed_inputs(request.profile, trials)
            request = replace(request, profile=profile, trials=trials, evidence=evidence)
            request = replace(request, race=_search_for_races(request, tried))
    return advise_on(request)


def advise_description(
    text: str, *, calls: int | None, machine: Machine, cores: int | None, in_notebook: bool = False
) -> Advice:
    """Advise on a task described in words.

    Args:
        text: The description.
        calls: The size of the job; by default the number that the text names, else 1,000.
        machine: The host to plan for.
        cores: Of that host; by default the number that the text names, else the machine's own.
        in_notebook: Write the code for a cell.
    """
    from advisor.describe.archetype_profiles import filling_cores
    from advisor.describe.reader import read  # measured advice never loads the text classifier
    from advisor.host.machine import with_cores

    reading = read(text)
    job = reading.job if calls is None else reading.job.model_copy(update={"calls": calls})
    planned = with_cores(machine, reading.cores if cores is None else cores)
    if reading.profile is None:
        return explain.undecided(reading, job, planned)
    profile = filling_cores(reading.profile, planned.cores)
    return advise_on(AdviceRequest(profile, job, planned, "described", reading, in_notebook=in_notebook))


def advise_task(task: Task, *, calls: int | None = None, machine: Machine) -> Advice:
    """Advise on a task described by rough numbers.

    Args:
        task: The known numbers about a call.
        calls: The size of the job, by default 1,000.
        machine: The host to plan for.
    """
    from advisor.describe.task import QUESTIONS, job_of, profile_of, reading_of

    profile, job = profile_of(task), job_of(task, calls)
    if profile is None:
        return explain.undecided(Reading("undecided", questions=QUESTIONS), job, machine)
    return advise_on(AdviceRequest(profile, job, machine, "described", reading_of(task, profile, job)))


def advise_on(request: AdviceRequest, estimates: tuple[Estimate, ...] | None = None) -> Advice:
    """Run the stages that follow the measurement.

    Args:
        request: What to advise on.
        estimates: The estimates to choose from; by default those of the cost model.
    """
    modelled = _estimates(request) if estimates is None else estimates
    choice = _choice(request, modelled)
    best = choice.best
    has_inputs = request.inputs is not None or request.expression is not None
    reuse_inputs = not has_inputs or request.inputs_count not in (None, request.job.calls)
    return Advice(
        recommendation=best.strategy,
        workers=best.workers,
        chunk=best.chunk,
        confidence=confidence(choice),
        evidence=choice.evidence,
        speedup=speedup_of(best, choice.loop, choice.evidence),
        seconds=best.seconds,
        summary=explain.summary(choice),
        reasons=explain.reasons(choice, modelled),
        warnings=explain.warnings(choice),
        alternatives=explain.alternatives(choice),
        profile=request.profile,
        machine=request.machine,
        job=request.job,
        snippet=snippet(
            SnippetRequest(
                best.strategy,
                best.workers,
                best.chunk,
                request.profile,
                request.machine,
                inputs=request.inputs,
                calls=request.job.calls if reuse_inputs else None,
                forms=request.forms,
                in_notebook=request.in_notebook,
                expression=request.expression,
            )
        ),
        verification=request.trials,
        cluster_layout=cluster_layout(request.profile, request.job, request.machine),
    )


def _choice(request: AdviceRequest, modelled: tuple[Estimate, ...]) -> Choice:
    calibrated = calibrate(modelled, request.trials, same_machine=request.evidence == "verified")
    return choose(calibrated, request)


def curves(advice: Advice) -> tuple[Estimate, ...]:
    """Return the estimates behind the advice: every strategy at every worker count, calibrated by its trials.

    Raises:
        UsageError: The advice is undecided.
    """
    if advice.profile is None:
        raise UsageError("cannot draw curves: the description says too little")
    max_workers = _max_workers(advice.machine, advice.evidence)
    modelled = estimator.estimate(advice.profile, advice.job, advice.machine, max_workers=max_workers)
    return calibrate(modelled, advice.verification, same_machine=advice.evidence == "verified")


def measure_target(
    target: str,
    *,
    inputs: str | InputSource | None = None,
    calls: int | None = None,
    budget: float = 3.0,
    timeout: float = 60.0,
    on_progress: OnProgress | None = None,
) -> tuple[Profile, Job, InputSource]:
    """Measure a target for another host to advise on; this host's pools are not measured.

    The arguments and exceptions are those of `advise_target`.

    Returns:
        The profile of the target, the job to plan for, and its inputs, which have been read.
    """
    from advisor.measure.sandboxed_profiler import profile_target
    from advisor.target import piped_inputs
    from advisor.target.loader import split_spec

    split_spec(target)
    source = input_source(inputs)
    with piped_inputs.as_file(source.spec) as file:
        measured = profile_target(
            target,
            inputs=replace(source, spec=file),
            budget=budget,
            timeout=timeout,
            on_progress=on_progress or _ignore,
        )
    return measured.profile, _job(calls, measured.inputs_count), replace(source, forms=measured.forms or None)


def _estimates(request: AdviceRequest) -> tuple[Estimate, ...]:
    """Return the estimates that the choice needs: all worker counts if trials may change their order."""
    estimate = estimator.estimate if request.trials else estimator.shortlist
    max_workers = _max_workers(request.machine, request.evidence)
    return estimate(request.profile, request.job, request.machine, max_workers=max_workers)


def _max_workers(machine: Machine, evidence: Evidence) -> int | None:
    return max(MAX_UNMEASURED_WORKERS, 2 * machine.cores) if evidence == "described" else None


def _run_trials(subject: TrialJob, timeout: float, on_progress: OnProgress) -> tuple[Verification, ...]:
    """Run a part of the job under each feasible strategy, on this host's cores whatever host is planned for."""
    from advisor.run.trial import run_trials

    leaders = estimator.leaders(estimator.estimate(subject.profile, subject.job, subject.machine))
    return run_trials(
        subject,
        [leader for leader in leaders.values() if leader.feasible and leader.strategy not in CLUSTERS],
        seconds=TRIAL_SECONDS,
        timeout=timeout,
        on_progress=on_progress,
    )


def _search_for_races(request: AdviceRequest, subject: TrialJob) -> RaceReport | None:
    """Search for races where threads matter and the calls write something that they share."""
    if not writes_shared(request.profile, request.job):
        return None
    if not threads_may_race(_choice(request, _estimates(request)).facts):
        return None
    from advisor.interleaving.short_search import short_search

    return short_search(subject.target, subject.inputs, star=subject.star)


def _between(start: float, end: float, on_progress: OnProgress) -> OnProgress:
    """Report the progress of a stage that covers `start` to `end` of the whole."""
    return lambda fraction, label: on_progress(start + fraction * (end - start), label)


def _ignore(fraction: float, label: str) -> None:
    """Ignore the progress."""


def _as_calls(inputs: Any, *, star: bool) -> InputCalls | None:
    if inputs is None:  # as in the service, which must not import the loading of targets
        return None
    from advisor.target.inputs import as_calls

    return as_calls(inputs, star=star)


def _check_calls(calls: int | None) -> None:
    if calls is not None and not (isinstance(calls, int) and 1 <= calls <= MAX_CALLS):
        raise UsageError(f"calls must be between 1 and {MAX_CALLS:,}, not {calls}")


def _job(calls: int | None, inputs_count: int | None) -> Job:
    _check_calls(calls)
    return Job(calls=calls or inputs_count or DEFAULT_CALLS)
