"""The one path, as functions: what scripts call, and what the command line and the service are shells over."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from advisor.errors import UsageError
from advisor.limits import MAX_CALLS, MAX_INPUT_BYTES
from advisor.models import Advice, Estimate, Evidence, Job, Machine, Profile, Reading

if TYPE_CHECKING:
    from advisor.describe.task import Task
    from advisor.measure.isolated import MeasuredTarget

OnProgress = Callable[[float, str], None]

DEFAULT_CALLS = 1000
VERIFY_SECONDS = 6.0
_MACHINE_SHARE = 0.4  # of the budget, where this host has not been measured yet
_MACHINE_SECONDS = 1.2


def advise(
    subject: Callable[..., Any] | Profile | str,
    *,
    calls: int | None = None,
    machine: Machine | Mapping[str, Any] | None = None,
    inputs: Any = None,
    budget: float = 2.0,
) -> Advice:
    """Threads, processes or neither for `subject`: a callable (measured here and now), a Profile or a description.

    `calls` is the size of the job (default: as many as there are `inputs`, a number in the description, or 1,000).
    `machine` is the host to plan for, default this one; a mapping overrides some of this host's fields.

    Raises UsageError for arguments that make no sense, TargetError when the callable raises.
    """
    _check_calls(calls)
    given = _given(inputs)
    host = _host(machine)
    if isinstance(subject, str):
        calls = calls if given is None or calls is not None else len(given)
        return advise_description(subject, calls=calls, machine=host, cores=None if machine is None else host.cores)
    job = _job(calls, None if given is None else len(given))
    if isinstance(subject, Profile):
        return _from_profile(subject, job, host)
    if callable(subject):
        from advisor.measure.profiler import profile

        return _from_profile(profile(subject, given, budget=budget), job, host)
    raise UsageError(f"cannot advise on a {type(subject).__name__}: pass a callable, a Profile or a description")


def advise_target(
    target: str,
    *,
    inputs: str | None = None,
    calls: int | None = None,
    budget: float = 3.0,
    timeout: float = 60.0,
    verify: bool = False,
    cores: int | None = None,
    on_progress: OnProgress | None = None,
) -> Advice:
    """Advice for `target` ('my_module:func'), which is loaded and called in a process of its own only.

    `inputs` is a file, '-' for standard input, or 'my_module:make_inputs'; `budget` the seconds that measuring may
    take, this host's pools included when they are not known yet; `timeout` the seconds after which a silent target is
    ended; `verify` also runs a part of the job under the leading strategies; `cores` plans for another host.

    Raises UsageError, TargetError, MissingExtraError, or Interrupted on Ctrl-C.
    """
    from advisor.decide.decision import decide
    from advisor.host.machine import as_measured, this_machine, with_cores
    from advisor.measure.isolated import profile_target
    from advisor.target.loader import split_spec

    split_spec(target)
    began = time.monotonic()
    tell = on_progress or (lambda fraction, label: None)
    with _inputs_file(inputs) as source:
        tell(0.0, "measuring this host's pools")
        machine = this_machine(seconds=min(_MACHINE_SECONDS, budget * _MACHINE_SHARE))
        spent = time.monotonic() - began
        measured = profile_target(
            target,
            inputs=source,
            budget=max(budget - spent, 0.0),
            timeout=timeout,
            on_progress=_part(tell, 0.0, budget / (budget + VERIFY_SECONDS) if verify else 1.0),
        )
        job = _job(calls, measured.inputs_count)
        machine = as_measured(machine, measured.profile)
        planned = with_cores(machine, cores)
        if not verify:
            return decide(measured.profile, job, planned, inputs=_for_code(inputs), inputs_count=measured.inputs_count)
        rest = _part(tell, budget / (budget + VERIFY_SECONDS), 1.0)
        return _verified(target, source, inputs, measured, job, machine, planned, timeout, rest)


def measure_target(
    target: str,
    *,
    inputs: str | None = None,
    calls: int | None = None,
    budget: float = 3.0,
    timeout: float = 60.0,
    on_progress: OnProgress | None = None,
) -> tuple[Profile, Job]:
    """What advice on `target` rests on, for another host to give it: this one's pools are no part of it.

    The arguments are those of `advise_target`, and so is what it raises.
    """
    from advisor.measure.isolated import profile_target
    from advisor.target.loader import split_spec

    split_spec(target)
    tell = on_progress or (lambda fraction, label: None)
    with _inputs_file(inputs) as source:
        measured = profile_target(target, inputs=source, budget=budget, timeout=timeout, on_progress=tell)
    return measured.profile, _job(calls, measured.inputs_count)


def with_code_here(advice: Advice, profile: Profile, inputs: str | None, calls: int | None) -> Advice:
    """Another host's advice on `profile`, with code that runs on this one, where the inputs are.

    `inputs` and `calls` are those of `measure_target`.
    """
    from advisor.decide.codegen import snippet

    if advice.recommendation == "undecided":
        return advice
    code = snippet(
        advice.recommendation,
        advice.workers,
        advice.chunk,
        target=profile.target,
        inputs=_for_code(inputs),
        calls=advice.job.calls if inputs is None else calls,
        coroutine=profile.coroutine,
        reached=profile.reached,
        machine=advice.machine,
    )
    return advice.model_copy(update={"snippet": code})


def advise_description(text: str, *, calls: int | None, machine: Machine, cores: int | None) -> Advice:
    """Advice on a task in words, for `machine`; with the number of cores given, else with that which the text tells."""
    from advisor.decide.decision import decide, undecided
    from advisor.describe.reader import read
    from advisor.host.machine import with_cores

    reading = read(text)
    job = reading.job if calls is None else reading.job.model_copy(update={"calls": calls})
    planned = with_cores(machine, reading.cores if cores is None else cores)
    if reading.profile is None:
        return undecided(reading, job, planned)
    return decide(reading.profile, job, planned, evidence="described", reading=reading)


def advise_task(task: Task, *, calls: int | None = None, machine: Machine) -> Advice:
    """The advice for it; undecided, with questions, where the task does not say where the time goes."""
    from advisor.decide.decision import decide, undecided
    from advisor.describe import task as task_

    profile = task_.profile_of(task)
    job = task_.job_of(task, calls)
    if profile is None:
        return undecided(Reading(recommendation="undecided", job=job, questions=task_.QUESTIONS), job, machine)
    return decide(profile, job, machine, evidence="described", reading=task_.reading_of(task, profile, job))


def _part(tell: OnProgress, start: float, end: float) -> OnProgress:
    """Tells of a stage that takes the progress from `start` to `end`."""
    return lambda fraction, label: tell(start + fraction * (end - start), label)


def _verified(
    target: str,
    source: str | None,
    inputs: str | None,
    measured: MeasuredTarget,
    job: Job,
    machine: Machine,
    planned: Machine,
    timeout: float,
    tell: OnProgress,
) -> Advice:
    """Run a part under the leading strategies; on this host's cores, whatever host is planned for."""
    from advisor.decide.decision import decide
    from advisor.predict.estimator import estimate, leaders
    from advisor.run.trial import verify

    profile = measured.profile
    candidates = [leader for leader in leaders(estimate(profile, job, machine)).values() if leader.feasible]
    rows = verify(
        target,
        source,
        candidates,
        job,
        profile=profile,
        machine=machine,
        seconds=VERIFY_SECONDS,
        timeout=timeout,
        on_progress=tell,
    )
    evidence: Evidence = "verified" if planned == machine else "measured"
    return decide(
        profile,
        job,
        planned,
        evidence=evidence,
        verification=rows,
        inputs=_for_code(inputs),
        inputs_count=measured.inputs_count,
    )


def curves(advice: Advice) -> tuple[Estimate, ...]:
    """The estimates behind an advice: every strategy at every worker count, corrected by what was really run."""
    from advisor.decide.decision import corrected, estimated

    if advice.profile is None:
        raise UsageError("there is nothing to draw: the description does not say enough")
    modelled = estimated(advice.profile, advice.job, advice.machine, advice.evidence)
    return corrected(modelled, advice.verification, exact=advice.evidence == "verified")


def _host(machine: Machine | Mapping[str, Any] | None) -> Machine:
    if isinstance(machine, Machine):
        return machine
    from advisor.host.machine import this_machine, with_cores

    host = this_machine()
    if machine is None:
        return host
    if not isinstance(machine, Mapping):
        raise UsageError(f"a machine is a Machine or a mapping of its fields, not {machine!r}")
    unknown = set(machine) - set(Machine.model_fields)
    if unknown:
        raise UsageError(f"a machine has no {', '.join(sorted(unknown))}")
    try:
        planned = Machine.model_validate({**host.model_dump(), **machine})
        return with_cores(planned.model_copy(update={"cores": host.cores}), planned.cores)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"a machine with {field} {first['input']!r} is not possible: {first['msg']}") from None


def _given(inputs: Any) -> Sequence[Any] | None:
    if inputs is None:  # as in the service, which has no use for what loads targets
        return None
    from advisor.target.inputs import as_calls

    return as_calls(inputs)


def _check_calls(calls: int | None) -> None:
    if calls is not None and not (isinstance(calls, int) and 1 <= calls <= MAX_CALLS):
        raise UsageError(f"a job of {calls} calls is not possible")


def _job(calls: int | None, inputs_count: int | None) -> Job:
    _check_calls(calls)
    return Job(calls=calls or inputs_count or DEFAULT_CALLS)


def _from_profile(profile: Profile, job: Job, machine: Machine) -> Advice:
    from advisor.decide.decision import decide

    return decide(profile, job, machine, evidence="described" if profile.archetype else "measured")


def _is_pipe(inputs: str) -> bool:
    """What can be read once and in this process only: standard input, `<(a command)`."""
    path = Path(inputs)
    return inputs == "-" or (path.exists() and not path.is_dir() and (inputs.startswith("/dev/") or not path.is_file()))


def _for_code(inputs: str | None) -> str | None:
    """The inputs as a script can read them: a pipe is gone by then, and standard input takes its place."""
    return "-" if inputs is not None and _is_pipe(inputs) else inputs


@contextlib.contextmanager
def _inputs_file(inputs: str | None) -> Iterator[str | None]:
    """Standard input, or another pipe, in a file of ours, since more processes will read it; anything else as it is."""
    if inputs is None or not _is_pipe(inputs):
        yield inputs
        return
    import tempfile

    from advisor.target.inputs import PIPE, STANDARD_INPUT, looks_like_json_lines

    where, prefix = ("standard input", STANDARD_INPUT) if inputs == "-" else (inputs, PIPE)
    try:
        with contextlib.nullcontext(sys.stdin.buffer) if inputs == "-" else Path(inputs).open("rb") as pipe:
            read = pipe.read(MAX_INPUT_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read the inputs on {where}: {error.strerror}") from None
    if len(read) > MAX_INPUT_BYTES:
        raise UsageError(f"{where} holds more than {MAX_INPUT_BYTES >> 20} MB of inputs: put them into a file")
    try:
        text = read.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"cannot read the inputs on {where}: it is not UTF-8 text") from None
    suffix = ".jsonl" if looks_like_json_lines(text) else ".txt"
    descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=suffix)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        yield name
    finally:
        Path(name).unlink(missing_ok=True)
